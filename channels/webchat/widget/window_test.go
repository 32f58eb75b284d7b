package widget_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"contactd/channels/webchat/widget"
	"contactd/deploy/servers"
)

// window is a tab of a real browser with the widget in it. It does what a
// person does: it clicks where something is, presses keys, and reads what is
// shown.
type window struct {
	t   testing.TB
	tab context.Context
}

// screen is a size to look at.
type screen struct {
	name          string
	width, height int
}

var (
	phone   = screen{"phone", 360, 740}
	desktop = screen{"desktop", 1280, 900}
)

// openWindow starts a browser. What its pages complain of fails the test.
func openWindow(t testing.TB, size screen) *window {
	t.Helper()
	tab := servers.Chromium(t, servers.ChromiumOptions{Width: size.width, Height: size.height})
	w := &window{t: t, tab: tab}
	w.listen()
	if size.width < 500 {
		// Fingers and a virtual keyboard, as on a phone.
		w.do(chromedp.EmulateViewport(int64(size.width), int64(size.height), chromedp.EmulateMobile, chromedp.EmulateTouch))
	}
	return w
}

// another opens a further tab of the same browser.
func (w *window) another() *window {
	w.t.Helper()
	tab, closeTab := chromedp.NewContext(w.tab)
	w.t.Cleanup(closeTab)
	next := &window{t: w.t, tab: tab}
	next.do(chromedp.Navigate("about:blank"))
	next.listen()
	return next
}

// listen fails the test on an exception in a page.
func (w *window) listen() {
	w.t.Helper()
	err := chromedp.Listen(w.tab, func(event any) {
		if thrown, ok := event.(*runtime.EventExceptionThrown); ok {
			w.t.Errorf("a page threw: %+v", thrown.ExceptionDetails)
		}
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *window) do(steps ...chromedp.Action[chromedp.Void]) {
	w.t.Helper()
	if err := chromedp.Do(w.tab, steps...); err != nil {
		w.t.Fatal(err)
	}
}

// get evaluates JavaScript in the page; root is the widget's shadow root.
func get[T any](w *window, expression string) T {
	w.t.Helper()
	ask := chromedp.Evaluate[T](`(() => { const root = document.querySelector('contact-chat')?.shadowRoot; return ` + expression + ` })()`)
	value, err := chromedp.Run(w.tab, ask)
	for w.moved(err) {
		value, err = chromedp.Run(w.tab, ask)
	}
	if err != nil {
		w.t.Fatalf("evaluate %s: %v", expression, err)
	}
	return value
}

// moved reports whether the page was left while it was asked: the next one must
// be asked again.
func (w *window) moved(err error) bool {
	if err == nil || w.tab.Err() != nil {
		return false
	}
	return strings.Contains(err.Error(), "context") || strings.Contains(err.Error(), "navigated") || strings.Contains(err.Error(), "active page")
}

// until waits for an expression to hold. A hidden tab draws no frames, so it
// looks every few milliseconds.
func (w *window) until(expression string) {
	w.t.Helper()
	function := `() => { const root = document.querySelector('contact-chat')?.shadowRoot; return Boolean(` + expression + `) }`
	poll := chromedp.PollFunction[bool](function, chromedp.WithPollingInterval(20*time.Millisecond), chromedp.WithPollingTimeout(25*time.Second))
	_, err := chromedp.Run(w.tab, poll)
	for w.moved(err) {
		_, err = chromedp.Run(w.tab, poll)
	}
	if err != nil {
		w.shoot("failed")
		w.t.Fatalf("waited for %s: %v; the chat shows:\n%s", expression, err, w.shown())
	}
}

// visibleText is what the widget shows to those who see, without the voice that
// is for screen readers alone.
const visibleText = `[...(root?.querySelectorAll('.corner, .head, .talk, .options-box') || [])].filter(e => e.checkVisibility()).map(e => e.innerText).join('\n')`

// shown is the text of the widget.
func (w *window) shown() string {
	w.t.Helper()
	return get[string](w, visibleText)
}

// sees waits until the widget shows a text.
func (w *window) sees(text string) {
	w.t.Helper()
	w.until(visibleText + `.includes(` + quote(text) + `)`)
}

// hides waits until the widget does not show a text.
func (w *window) hides(text string) {
	w.t.Helper()
	w.until(`!` + visibleText + `.includes(` + quote(text) + `)`)
}

// click clicks in the middle of the first visible element with a selector and,
// unless empty, a text. What arrives meanwhile can move the element away from
// under the pointer; then it aims again, as a person does.
func (w *window) click(selector, text string) {
	w.t.Helper()
	find := `[...root.querySelectorAll(` + quote(selector) + `)].find(e => e.checkVisibility() && e.innerText.includes(` + quote(text) + `))`
	aim := `(() => { const e = ` + find + `; if (!e) return [0, 0]; e.scrollIntoView({block: 'nearest'});
		const aim = window.aim = {hit: false}; e.addEventListener('click', () => { aim.hit = true }, {capture: true, once: true});
		const r = e.getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2] })()`
	for range 10 {
		w.until(`root && ` + find)
		at := get[[]float64](w, aim)
		w.do(chromedp.MouseClickXY(at[0], at[1]))
		// Another page knows nothing of it: the click led there.
		if get[bool](w, `!window.aim || window.aim.hit`) {
			return
		}
	}
	w.t.Fatalf("click %s %q: it does not keep still; the chat shows:\n%s", selector, text, w.shown())
}

// types presses the keys of a text in the message field.
func (w *window) types(text string) {
	w.t.Helper()
	w.click("textarea", "")
	w.press(text)
}

func (w *window) press(keys string) {
	w.t.Helper()
	w.do(chromedp.KeyEvent(keys))
}

// says writes a message and sends it.
func (w *window) says(text string) {
	w.t.Helper()
	w.types(text)
	w.click(".primary", "")
}

// state waits until the person's message with a text has a state.
func (w *window) state(text, state string) {
	w.t.Helper()
	w.until(`[...root?.querySelectorAll('.own') || []].some(e => e.classList.contains(` + quote(state) + `) && e.querySelector('.text')?.innerText === ` + quote(text) + `)`)
}

// network turns the browser's network off and on.
func (w *window) network(on bool) {
	w.t.Helper()
	if _, err := chromedp.Call(w.tab, network.EmulateNetworkConditionsByRule, network.EmulateNetworkConditionsByRuleParams{
		MatchedNetworkConditions: []*network.Conditions{{Offline: !on, Latency: 0, DownloadThroughput: -1, UploadThroughput: -1}},
	}); err != nil {
		w.t.Fatal(err)
	}
	if _, err := chromedp.Call(w.tab, network.OverrideNetworkState, network.OverrideNetworkStateParams{Offline: !on, DownloadThroughput: -1, UploadThroughput: -1}); err != nil {
		w.t.Fatal(err)
	}
}

// prefers sets a media feature such as prefers-color-scheme.
func (w *window) prefers(feature, value string) {
	w.t.Helper()
	if _, err := chromedp.Call(w.tab, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: feature, Value: value}},
	}); err != nil {
		w.t.Fatal(err)
	}
}

// scripts turns JavaScript off and on.
func (w *window) scripts(on bool) {
	w.t.Helper()
	if _, err := chromedp.Call(w.tab, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !on}); err != nil {
		w.t.Fatal(err)
	}
}

// source is the page's HTML, read without a script.
func (w *window) source() string {
	w.t.Helper()
	html, err := chromedp.Run(w.tab, chromedp.OuterHTML("html"))
	if err != nil {
		w.t.Fatal(err)
	}
	return html
}

// rightToLeft is a widget with a language that is written from the right.
func rightToLeft(t testing.TB) *widget.Widget {
	t.Helper()
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "ar.json"), []byte(`{"name": "العربية", "dir": "rtl", "title": "الدردشة مع الشرطة", "send": "إرسال", "exit": "الخروج من هذه الصفحة", "write": "رسالتك", "you": "أنت"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	w, err := widget.New(widget.Config{Languages: folder})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// shoot writes a picture of what is seen, to look at.
func (w *window) shoot(name string) {
	w.t.Helper()
	dir := os.Getenv("CONTACTD_SHOTS")
	if dir == "" {
		dir = w.t.(*testing.T).ArtifactDir()
	}
	png, err := chromedp.Run(w.tab, chromedp.CaptureScreenshot())
	if err != nil {
		w.t.Logf("no picture: %v", err)
		return
	}
	name = strings.NewReplacer("/", "_", " ", "_", "#", "_").Replace(w.t.Name() + "-" + name)
	if err := os.WriteFile(filepath.Join(dir, name+".png"), png, 0o600); err != nil {
		w.t.Error(err)
	}
}

// esc and shift as keys.
const (
	esc   = kb.Escape
	shift = kb.Shift
	tab   = kb.Tab
	enter = kb.Enter
)

func ptr[T any](value T) *T { return &value }

func quote(text string) string {
	quoted, _ := json.Marshal(text)
	return string(quoted)
}

// hostPage is a page of somebody else, on an origin of its own, with the
// strictest policy that still lets the widget in.
type hostPage struct {
	*httptest.Server
	attributes string
	script     func() string
}

// newHostPage serves a page with one script line. The script's address is
// asked for at each request, since the desk and the page need each other's.
func newHostPage(t testing.TB, attributes string) *hostPage {
	t.Helper()
	page := &hostPage{attributes: attributes}
	page.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/favicon.ico" {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		script := page.script()
		origin := strings.TrimSuffix(script, "/chat.js")
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", fmt.Sprintf("default-src 'none'; script-src %s; connect-src %s %s; require-trusted-types-for 'script'; trusted-types 'none'",
			origin, origin, strings.Replace(origin, "http", "ws", 1)))
		fmt.Fprintf(w, `<!doctype html><html lang="en"><head><title>Contact the council</title><meta name="viewport" content="width=device-width, initial-scale=1">
<script src="%s" async %s></script></head><body><main><h1>Report a problem</h1><p>A page of somebody else. <a href="/next">Next page</a></p></main></body></html>`, script, page.attributes)
	}))
	t.Cleanup(page.Close)
	return page
}

// origin is the page's origin under a name of its own.
func (p *hostPage) origin() string {
	return strings.Replace(p.URL, "127.0.0.1", "www.council.localhost", 1)
}

// newNeutralSite is where the quick exit leads.
func newNeutralSite(t testing.TB) string {
	t.Helper()
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if referrer := r.Referer(); referrer != "" && !strings.HasPrefix(referrer, "http://"+r.Host) {
			t.Errorf("the neutral site is told of %q", referrer)
		}
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, "<!doctype html><title>Weather</title><p>Rain later")
	}))
	t.Cleanup(site.Close)
	return strings.Replace(site.URL, "127.0.0.1", "weather.localhost", 1) + "/"
}

// visit gives a test a desk, a page with the widget and a browser on it.
func visit(t *testing.T, size screen, attributes string) (*desk, *window, *hostPage) {
	t.Helper()
	page := newHostPage(t, attributes)
	d := newDesk(t, page.origin())
	neutral := newNeutralSite(t)
	d.set(func() { d.site["exitUrl"] = neutral })
	page.script = func() string { return d.url("/chat.js") }
	w := openWindow(t, size)
	w.do(chromedp.Navigate(page.origin() + "/contact"))
	return d, w, page
}

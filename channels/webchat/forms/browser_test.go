package forms_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"contactd/channels/webchat/forms"
	"contactd/deploy/servers"
)

// visitor is a person at a real browser that runs no script.
type visitor struct {
	t    *testing.T
	site *site
	tab  context.Context
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

func visit(t *testing.T, s *site, size screen) *visitor {
	t.Helper()
	v := &visitor{t, s, servers.Chromium(t, servers.ChromiumOptions{Width: size.width, Height: size.height})}
	v.scripts(false)
	return v
}

func (v *visitor) scripts(on bool) {
	v.t.Helper()
	if _, err := chromedp.Call(v.tab, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !on}); err != nil {
		v.t.Fatal(err)
	}
}

func (v *visitor) do(steps ...chromedp.Action[chromedp.Void]) {
	v.t.Helper()
	if err := chromedp.Do(v.tab, steps...); err != nil {
		v.t.Fatal(err)
	}
}

// opens a page of the site and returns when it is there.
func (v *visitor) opens(path string) {
	v.t.Helper()
	v.do(chromedp.Navigate(v.site.http.URL + path))
}

// writes types into the field with an id.
func (v *visitor) writes(id, text string) {
	v.t.Helper()
	v.do(chromedp.SendKeys(chromedp.ID(id), text))
}

// mends replaces what is in the field with an id.
func (v *visitor) mends(id, text string) {
	v.t.Helper()
	v.do(chromedp.Clear(chromedp.ID(id)))
	v.writes(id, text)
}

// clicks on an element that leaves the page where it is.
func (v *visitor) clicks(selector string) {
	v.t.Helper()
	v.do(chromedp.Click(chromedp.CSS(selector)))
}

// goes clicks on what leads to another page, and returns its status when it is
// there.
func (v *visitor) goes(selector string) int {
	v.t.Helper()
	response, err := chromedp.RunResponse(v.tab, chromedp.Click(chromedp.CSS(selector)))
	if err != nil {
		v.t.Fatal(err)
	}
	return int(response.Status)
}

// value is what a selector's element has in a property.
func (v *visitor) value(selector, property string) string {
	v.t.Helper()
	return ask[string](v, "String(document.querySelector("+quote(selector)+")."+property+")")
}

func ask[T any](v *visitor, expression string) T {
	v.t.Helper()
	got, err := chromedp.Run(v.tab, chromedp.Evaluate[T](expression))
	if err != nil {
		v.t.Fatalf("evaluate %s: %v", expression, err)
	}
	return got
}

// focuses waits until the element that has the focus has a property: a browser
// moves it after the page is there, when it draws.
func (v *visitor) focuses(property, want string) {
	v.t.Helper()
	again, limit := time.NewTicker(20*time.Millisecond), time.After(10*time.Second)
	defer again.Stop()
	for {
		got := ask[string](v, "String(document.activeElement?."+property+")")
		if got == want {
			return
		}
		select {
		case <-again.C:
		case <-limit:
			v.t.Errorf("the focus is on %q, want %q", got, want)
			return
		}
	}
}

// sees fails the test unless the page shows these texts.
func (v *visitor) sees(texts ...string) {
	v.t.Helper()
	shown := ask[string](v, "document.body.innerText")
	for _, text := range texts {
		if !strings.Contains(shown, text) {
			v.t.Errorf("%q is not shown:\n%s", text, shown)
		}
	}
}

// finds looks for what is wrong with the page as it is, for whoever cannot see
// it or sees little, and takes a picture. A script to test it runs for as long.
func (v *visitor) inspects(name string) {
	v.t.Helper()
	v.shoot(name)
	v.scripts(true)
	defer v.scripts(false)
	for _, fault := range servers.AxeFaults(v.tab, v.t) {
		v.t.Errorf("%s: %s", name, fault)
	}
	if wide := ask[int](v, "document.documentElement.scrollWidth - document.documentElement.clientWidth"); wide > 0 {
		v.t.Errorf("%s: the page is %d pixels wider than the screen", name, wide)
	}
}

// shoot writes a picture of the whole page, to look at.
func (v *visitor) shoot(name string) {
	v.t.Helper()
	dir := os.Getenv("CONTACTD_SHOTS")
	if dir == "" {
		dir = v.t.ArtifactDir()
	}
	png, err := chromedp.Run(v.tab, chromedp.FullScreenshot(100))
	if err != nil {
		v.t.Logf("no picture: %v", err)
		return
	}
	name = strings.NewReplacer("/", "_", " ", "_").Replace(v.t.Name() + "-" + name)
	if err := os.WriteFile(filepath.Join(dir, name+".png"), png, 0o600); err != nil {
		v.t.Error(err)
	}
}

// dark switches the browser's scheme.
func (v *visitor) media(media, scheme string) {
	v.t.Helper()
	if _, err := chromedp.Call(v.tab, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Media: media, Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
	}); err != nil {
		v.t.Fatal(err)
	}
}

func quote(text string) string {
	quoted, _ := json.Marshal(text)
	return string(quoted)
}

func TestSomebodyWithoutScriptsReportsACrime(t *testing.T) {
	for _, lang := range []struct{ tag, title, wrong, kept, received string }{
		{"en", "Report a crime", "There is a problem", "Send film.mp4", "We have received what you sent"},
		{"cy", "Rhoi gwybod am drosedd", "Mae problem", "Anfon film.mp4", "Rydym wedi derbyn yr hyn a anfonoch"},
	} {
		for _, size := range []screen{phone, desktop} {
			t.Run(lang.tag+" "+size.name, func(t *testing.T) {
				s := open(t, nil)
				film := filepath.Join(t.TempDir(), "film.mp4")
				if err := os.WriteFile(film, []byte(mp4), 0o600); err != nil {
					t.Fatal(err)
				}
				v := visit(t, s, size)
				v.opens("/forms/report-a-crime?lang=" + lang.tag)
				v.sees(lang.title)
				v.inspects("form")

				// Wrong: no place, an address and a date that are none.
				v.do(chromedp.SetUploadFiles(chromedp.ID("f-files"), []string{film}))
				v.writes("f-what", "My bicycle was taken.\nIt is red.")
				v.writes("f-date-day", "31")
				v.writes("f-date-month", "2")
				v.writes("f-date-year", "2026")
				v.writes("f-email", "jo.example.org")
				v.clicks("label[for=f-safe-2]")
				if status := v.goes("button"); status != 422 {
					t.Fatalf("status %d", status)
				}
				v.sees(lang.wrong, lang.kept)
				v.focuses("className", "problems")
				v.inspects("wrong")
				v.clicks(".problems a[href='#f-where']")
				v.focuses("id", "f-where")

				// Right: what was typed is still there.
				v.writes("f-where", "Station Road, Derby")
				v.mends("f-email", "jo@example.org")
				v.mends("f-date-day", "28")
				if status := v.goes("button"); status != 200 {
					t.Fatalf("status %d: %s", status, ask[string](v, "document.body.innerText"))
				}
				v.sees(lang.received)
				code := v.value(".code", "innerText")
				v.inspects("receipt")

				// Again: the same receipt, and one message.
				v.do(chromedp.Reload())
				if again := v.value(".code", "innerText"); again != code {
					t.Errorf("the reload gave %q, not %q", again, code)
				}
				m := s.only()
				if len(m.Attachments) != 1 || m.Attachments[0].Name != "film.mp4" || m.SafeToContact != "no" || m.Language != lang.tag ||
					m.Sender.Address != "jo@example.org" || !strings.Contains(m.Text, "My bicycle was taken.\n  It is red.") || !strings.Contains(m.Text, code) {
					t.Errorf("%+v", m)
				}
			})
		}
	}
}

func TestTheLongNameOfAFileDoesNotWidenThePage(t *testing.T) {
	v := visit(t, open(t, nil), phone)
	film := filepath.Join(t.TempDir(), strings.Repeat("film", 40)+".mp4")
	if err := os.WriteFile(film, []byte(mp4), 0o600); err != nil {
		t.Fatal(err)
	}
	v.opens("/forms/report-a-crime?lang=en")
	v.do(chromedp.SetUploadFiles(chromedp.ID("f-files"), []string{film}))
	v.goes("button")
	v.sees("Send filmfilm")
	v.inspects("wrong")
}

func TestThePagesCanBeReadInTheDarkAndOnPaper(t *testing.T) {
	s := open(t, nil)
	v := visit(t, s, phone)
	v.media("", "dark")
	v.opens("/forms/contact-us")
	v.clicks("summary")
	v.inspects("form")
	v.writes("f-reference", strings.Repeat("reference", 5))
	if status := v.goes("button"); status != 422 {
		t.Fatalf("status %d", status)
	}
	v.inspects("wrong")
	v.mends("f-reference", "4711")
	v.writes("f-message", "Thank you.")
	v.goes("button")
	v.inspects("receipt")
	v.media("print", "light")
	v.inspects("printed receipt")
	if shown := ask[bool](v, "document.querySelector('.exit').checkVisibility()"); shown {
		t.Error("the exit is printed")
	}
	v.media("", "light")
	v.opens("/forms/none")
	v.sees("There is no such page")
	v.inspects("no page")
}

func TestTheExitLeavesAtOnceAndTellsNobodyWhereFrom(t *testing.T) {
	left := make(chan string, 1)
	away := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/weather" {
			left <- r.Header.Get("Referer")
		}
		_, _ = io.WriteString(w, "<title>Weather</title>")
	}))
	defer away.Close()
	s := open(t, func(c *forms.Config, _ *forms.Deps) { c.Sites[0].ExitURL = away.URL + "/weather" })
	v := visit(t, s, phone)
	v.opens("/forms/report-a-crime")
	v.writes("f-what", "He hits me")
	v.do(chromedp.KeyEvent(kb.Tab)) // and further down, where the exit is still in sight
	v.goes(".exit")
	if from := <-left; from != "" {
		t.Errorf("the site was told of %q", from)
	}
	if cookies := ask[string](v, "document.cookie"); cookies != "" {
		t.Errorf("cookies %q", cookies)
	}
	if accepted := s.inbox.Accepted(); len(accepted) != 0 {
		t.Errorf("%d messages were taken", len(accepted))
	}
}

// Browsers keep pages as they were left for the way back, and those of an error
// and a receipt lie on it.
func TestTheWayBackFromTheExitShowsNothingThatWasWritten(t *testing.T) {
	away := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "<title>Weather</title>")
	}))
	defer away.Close()
	s := open(t, func(c *forms.Config, _ *forms.Deps) { c.Sites[0].ExitURL = away.URL + "/weather" })
	v := visit(t, s, phone)
	v.scripts(true)
	v.opens("/forms/report-a-crime?lang=en")
	v.writes("f-what", "He hits me")
	if status := v.goes("button"); status != 422 {
		t.Fatalf("status %d", status)
	}
	before := v.history()
	v.goes(".exit")
	after := v.history()
	if last := after[len(after)-1]; len(after) != len(before) || last.URL != away.URL+"/weather" {
		t.Errorf("the exit was added to the history: %d entries, then %d", len(before), len(after))
	}
	v.do(chromedp.NavigateBack())
	v.sees("Report a crime")
	if written := v.value("#f-what", "value"); written != "" {
		t.Errorf("the page shows %q", written)
	}
}

// history is the tab's list of pages.
func (v *visitor) history() []*page.NavigationEntry {
	v.t.Helper()
	entries, err := chromedp.Run(v.tab, chromedp.NavigationEntries())
	if err != nil {
		v.t.Fatal(err)
	}
	return entries.Entries
}

func TestTheKeyboardAloneIsEnough(t *testing.T) {
	s := open(t, nil)
	v := visit(t, s, desktop)
	v.opens("/forms/contact-us?lang=en")
	v.do(chromedp.KeyEvent(kb.Tab))
	if first := ask[string](v, "document.activeElement.innerText"); first != "Skip to main content" {
		t.Errorf("the first stop is %q", first)
	}
	v.shoot("skip")
	v.do(chromedp.KeyEvent(kb.Enter), chromedp.KeyEvent(kb.Tab))
	if next := ask[string](v, "document.activeElement.innerText"); !strings.Contains(next, "Keeping this private") {
		t.Errorf("after the skip the next stop is %q", next)
	}
	v.do(chromedp.KeyEvent(kb.Tab), chromedp.KeyEvent(" "), chromedp.KeyEvent(kb.Tab), chromedp.KeyEvent("Good evening"))
	v.shoot("typing")
	for range 6 { // reference, name, email, phone, safe, the button
		v.do(chromedp.KeyEvent(kb.Tab))
		if seen := ask[bool](v, inSight); !seen {
			t.Errorf("the header hides %s", ask[string](v, "document.activeElement.outerHTML"))
		}
	}
	if _, err := chromedp.RunResponse(v.tab, chromedp.KeyEvent(kb.Enter)); err != nil {
		t.Fatal(err)
	}
	if m := s.only(); m.Authored != "A question\nGood evening" {
		t.Errorf("%q", m.Authored)
	}
}

// inSight says whether what has the focus can be seen (WCAG 2.4.11).
const inSight = `(() => { const e = document.activeElement, r = e.getBoundingClientRect(), at = document.elementFromPoint(r.x + r.width / 2, r.y + Math.min(8, r.height / 2)); return e === at || e.contains(at) })()`

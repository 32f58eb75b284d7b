package widget_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"contactd/deploy/servers"
)

func TestTheKeyboardAloneIsEnough(t *testing.T) {
	d, w, _ := visit(t, desktop, "")
	w.until(`root?.querySelector('.launcher')`)
	w.tabTo("launcher")
	w.press(enter)
	w.until(`root.activeElement?.id === 'title'`)
	w.tabTo("exit")
	w.tabTo("text")
	w.press("no mouse here")
	w.tabTo("primary")
	w.press(enter)
	w.state("no mouse here", "taken")
	w.until(`root.activeElement?.id === 'text'`)
	d.has("no mouse here")
}

// tabTo presses Tab until an element with an id or class has the focus, and
// looks at each step whether the focus is seen.
func (w *window) tabTo(name string) {
	w.t.Helper()
	for range 40 {
		w.press(tab)
		at := get[string](w, `root.activeElement ? root.activeElement.id + ' ' + root.activeElement.className : 'outside ' + document.activeElement.tagName`)
		if strings.HasPrefix(at, "outside") {
			continue
		}
		if !get[bool](w, focusIsSeen) {
			w.t.Errorf("the focus on %q is not seen", at)
		}
		for _, each := range strings.Fields(at) {
			if each == name {
				return
			}
		}
	}
	w.t.Fatalf("Tab never comes to %q", name)
}

// focusIsSeen holds when the element in focus has an outline and a part of it
// is in sight, not under the head or the composer (WCAG 2.4.7, 2.4.11).
const focusIsSeen = `(() => {
	const e = root.activeElement, r = e.getBoundingClientRect()
	const left = Math.max(0, r.left), right = Math.min(innerWidth, r.right), top = Math.max(0, r.top), bottom = Math.min(innerHeight, r.bottom)
	return getComputedStyle(e).outlineStyle !== 'none' && [.1, .3, .5, .7, .9].some(share => {
		const found = root.elementFromPoint((left + right) / 2, top + (bottom - top) * share)
		return e === found || e.contains(found)
	})
})()`

func TestAScreenReaderHearsWhatComes(t *testing.T) {
	d, w, _ := visit(t, desktop, "")
	w.click("button", "Chat with police")
	w.says("hello")
	w.state("hello", "taken")
	hears := func(text string) {
		t.Helper()
		w.until(`[...root.querySelectorAll('[role=log][aria-live=polite] p')].some(e => e.textContent.includes(` + quote(text) + `))`)
	}
	hears("Received")
	d.reply("we are on the way")
	hears("Sam, Derbyshire Police: we are on the way")
	d.signal(map[string]any{"type": "presence", "open": false, "handlers": 0})
	hears("Nobody is at the desk now")
	d.stop()
	w.says("again")
	hears("No connection")
}

func TestAScreenReaderHearsNothingTwiceAfterAReload(t *testing.T) {
	d, w, _ := visit(t, desktop, "")
	w.click("button", "Chat with police")
	w.says("hello")
	w.state("hello", "taken")
	d.see()
	d.reply("an old answer")
	w.sees("an old answer")
	w.do(chromedp.Reload())
	w.sees("an old answer")
	d.reply("a new answer")
	const said = `[...root.querySelectorAll('[aria-live=polite] p')].map(e => e.textContent).join()`
	w.until(said + `.includes('a new answer')`)
	if got := get[string](w, said); got != "Sam, Derbyshire Police: a new answer" {
		t.Errorf("it hears %q", got)
	}
}

func TestAScreenReaderHearsOfAnswersToAMinimisedChat(t *testing.T) {
	d, w, _ := visit(t, desktop, "")
	w.click("button", "Chat with police")
	w.says("hello")
	w.state("hello", "taken")
	w.click("[aria-label=Minimise]", "")
	w.until(`root.querySelector('[role=status]').checkVisibility()`)
	get[bool](w, `(window.heard = [], new MutationObserver(() => heard.push(root.querySelector('[role=status]').textContent)).observe(root.querySelector('[role=status]'), {childList: true, characterData: true, subtree: true}), true)`)
	d.reply("are you there?")
	w.until(`root.querySelector('[role=status]').textContent === 'New: 1'`)
	d.see()
	w.until(`root.querySelector('.own.seen')`)
	if heard := get[string](w, `heard.join()`); heard != "New: 1" {
		t.Errorf("it hears %q", heard)
	}
}

// A live region that is taken out and put in again is said again.
func TestAScreenReaderHearsNothingTwiceWhenAllIsDrawnAnew(t *testing.T) {
	d, w, _ := visit(t, desktop, "")
	w.click("button", "Chat with police")
	w.says("hello")
	w.state("hello", "taken")
	d.reply("an answer")
	w.sees("an answer")
	get[bool](w, `(window.moved = [], new MutationObserver(all => all.forEach(e => [...e.addedNodes].forEach(node => moved.push(node.className + node.textContent)))).observe(root.querySelector('.panel'), {childList: true, subtree: true}), true)`)
	w.click("button", "Options")
	w.click("button", "Cymraeg")
	w.sees("Eich neges")
	if heard := get[string](w, `moved.filter(text => text.startsWith('voice')).join()`); heard != "" {
		t.Errorf("it hears %q again", heard)
	}
}

// Zoom, a turned tablet and some keyboards on the screen make the panel cover
// the page, and show it anew.
func TestWritingGoesOnWhenTheScreenBecomesSmall(t *testing.T) {
	_, w, _ := visit(t, desktop, "")
	w.click("button", "Chat with police")
	w.types("half ")
	w.do(chromedp.EmulateViewport(1280, 450))
	w.until(`root.querySelector('.panel').matches(':modal')`)
	w.press("a sen")
	w.do(chromedp.EmulateViewport(1280, 900))
	w.until(`root.querySelector('.panel').matches(':not(:modal)')`)
	w.press("tence")
	w.until(`root.querySelector('textarea').value === 'half a sentence'`)
}

func TestTwoFingersEnlargeTheChatAndDoNotShrinkIt(t *testing.T) {
	d, w, _ := visit(t, phone, "")
	w.click("button", "Chat with police")
	w.says("hello")
	w.state("hello", "taken")
	d.reply("an answer")
	w.sees("an answer")
	const height = `root.querySelector('.body').clientHeight`
	before := get[float64](w, height)
	if _, err := chromedp.Call(w.tab, emulation.SetPageScaleFactor, emulation.SetPageScaleFactorParams{PageScaleFactor: 3}); err != nil {
		t.Fatal(err)
	}
	w.until(`visualViewport.scale === 3`)
	if after := get[float64](w, height); after < before-1 {
		t.Errorf("of %v pixels for the conversation %v are left", before, after)
	}
}

// On a phone Enter begins a new line, and must not be labelled otherwise.
func TestThePhonesKeyboardPromisesNoSending(t *testing.T) {
	_, w, _ := visit(t, phone, "")
	w.click("button", "Chat with police")
	if hint := get[string](w, `root.querySelector('textarea').enterKeyHint`); hint == "send" {
		t.Errorf("the key says %q", hint)
	}
}

// 320 by 256 CSS pixels are what 400 % zoom leaves of 1280 by 1024 (WCAG
// 1.4.10); 180 by 370 what 200 % leaves of a small phone.
func TestMuchZoomHidesNothing(t *testing.T) {
	for _, size := range []screen{{"400 percent", 320, 256}, {"200 percent on a phone", 180, 370}, {"a phone on its side", 740, 360}} {
		t.Run(size.name, func(t *testing.T) {
			d, w, _ := visit(t, size, "")
			w.click(".launcher", "")
			w.until(`root.querySelector('.panel').open`)
			w.sees("What happens next")
			w.shoot("first")
			w.says("still here")
			w.state("still here", "taken")
			d.reply("a long answer: " + strings.Repeat("word ", 40) + strings.Repeat("x", 90))
			d.push(map[string]any{"type": "message", "id": "elsewhere", "text": "look", "files": []any{map[string]any{"file": "f", "name": strings.Repeat("x", 90) + ".jpg", "size": 9, "scan": "infected"}}})
			w.sees("a long answer")
			w.sees(".jpg")
			w.shoot("chat")
			w.until(`(() => { const top = root.querySelector('.log').lastElementChild.getBoundingClientRect().top; return top >= root.querySelector('.head').getBoundingClientRect().bottom - 1 && top < innerHeight - 40 })()`)
			if wide := get[string](w, `[...root.querySelectorAll('.panel, .panel *')].filter(e => e.checkVisibility() && !e.closest('.voice, .top .plain') && e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).display !== 'inline').map(e => e.className || e.tagName).join()`); wide != "" {
				t.Errorf("wider than the screen: %s", wide)
			}
			for range 30 {
				w.press(tab)
				if get[bool](w, `Boolean(root.activeElement)`) && !get[bool](w, focusIsSeen) {
					t.Errorf("the focus on %s is not seen", get[string](w, `root.activeElement.outerHTML.slice(0, 80)`))
				}
				if !get[bool](w, `(() => { const r = root.querySelector('.head .exit').getBoundingClientRect(); return r.top >= 0 && r.bottom <= innerHeight && r.left >= 0 && r.right <= innerWidth })()`) {
					t.Fatal("the way out is out of sight")
				}
			}
		})
	}
}

// Whoever needs large letters has them from the browser, not by its zoom.
func TestLargeLettersLeaveRoomForTheConversation(t *testing.T) {
	d, w, host := visit(t, desktop, "")
	if _, err := chromedp.Call(w.tab, page.SetFontSizes, page.SetFontSizesParams{FontSizes: &page.FontSizes{Standard: 32}}); err != nil {
		t.Fatal(err)
	}
	w.do(chromedp.Navigate(host.origin() + "/contact"))
	w.click("button", "Chat with police")
	w.says("there is somebody at my door")
	w.state("there is somebody at my door", "taken")
	d.reply("I have your message. Can you lock yourselves in a room?")
	w.sees("lock yourselves in")
	w.shoot("chat")
	w.inspect("large letters")
	w.until(`(() => { const r = root.querySelector('.reply').getBoundingClientRect(); return r.top >= root.querySelector('.head').getBoundingClientRect().bottom - 1 && r.bottom <= innerHeight })()`)
}

// state is a moment of the chat that is looked at in every language, size and
// scheme. Its texts are found by class, since the words differ.
type moment struct {
	name string
	come func(d *desk, w *window)
}

var moments = []moment{
	{"closed button", func(_ *desk, w *window) { w.until(`root?.querySelector('.launcher')`) }},
	{"first screen", func(_ *desk, w *window) {
		w.click(".launcher", "")
		w.until(`root.querySelector('.lamp.on')`)
	}},
	{"everything unfolded", func(_ *desk, w *window) {
		get[bool](w, `(root.querySelectorAll('details').forEach(e => e.open = true), true)`)
		w.click(".row .secondary", "")
		w.until(`root.querySelector('#add').checkVisibility()`)
	}},
	{"nothing written", func(_ *desk, w *window) {
		w.click(".row .secondary", "")
		w.click(".primary", "")
		w.until(`root.querySelector('.problem').textContent`)
	}},
	{"conversation", func(d *desk, w *window) {
		w.types("There is somebody at the back door and I am alone with the children.")
		w.click(".primary", "")
		w.until(`root.querySelector('.own.taken')`)
		d.see()
		w.until(`root.querySelector('.own.seen')`)
		d.push(map[string]any{"type": "notice", "code": "queued"})
		d.reply("I have your message. Can you lock yourselves in a room? Stay in this chat.\nMore: https://www.police.uk/advice")
		w.types("Yes, upstairs")
		w.click(".primary", "")
		w.until(`root.querySelectorAll('.own.taken').length === 1`)
		w.chooses(map[string]int{"photo.jpg": 120_000, "long.html": 5})
		w.until(`root.querySelector('.uploads .done') && root.querySelector('.uploads .failed')`)
		d.signal(map[string]any{"type": "typing"})
		w.until(`root.querySelector('.typing').checkVisibility()`)
	}},
	{"trouble", func(d *desk, w *window) {
		d.set(func() { d.refuse["too much"], d.later["not now"] = "too_long", "disk_full" })
		w.types("too much")
		w.click(".primary", "")
		w.until(`root.querySelector('.own.refused')`)
		w.types("not now")
		w.click(".primary", "")
		w.until(`root.querySelector('.own.later')`)
		d.stop()
		w.types("and this")
		w.click(".primary", "")
		w.until(`root.querySelector('.own.waiting') && root.querySelector('.line').checkVisibility()`)
	}},
	{"options", func(d *desk, w *window) {
		d.start()
		w.until(`!root.querySelector('.line').checkVisibility()`)
		w.click(".top .plain", "")
		get[bool](w, `(root.querySelectorAll('details').forEach(e => e.open = true), true)`)
		w.until(`root.querySelector('#copy-email')`)
	}},
	{"quiet", func(_ *desk, w *window) {
		w.click(".options [aria-pressed]", "")
		w.until(`root.querySelector('.chat.covert') && root.querySelector('.own')`)
	}},
	{"closed desk", func(d *desk, w *window) {
		d.signal(map[string]any{"type": "presence", "open": false, "handlers": 0})
		d.push(map[string]any{"type": "notice", "code": "closed", "text": "Your message is safe and will be read."})
		w.until(`root.querySelector('.lamp.off')`)
		w.click(".top .plain", "")
		w.click(".options [aria-pressed]", "")
		w.until(`!root.querySelector('.chat.covert')`)
	}},
	{"ended", func(_ *desk, w *window) {
		w.click(".top .plain", "")
		get[bool](w, `(root.querySelectorAll('.options details').forEach(e => e.open = true), true)`)
		w.click(".options details button", "")
		w.until(`root.querySelector('.ended')`)
	}},
	{"no address", func(d *desk, w *window) {
		d.set(func() { d.refuse["ann"] = "bad_address" })
		w.click(".top .plain", "")
		w.click("#copy-email", "")
		w.press("ann" + enter)
		w.until(`root.querySelector('#copy-problem')`)
	}},
	{"minimised", func(d *desk, w *window) {
		w.click(".top .icon-only", "")
		d.reply("one more thing")
		w.until(`root.querySelector('.badge')`)
	}},
}

func TestAxeFindsNothing(t *testing.T) {
	for _, lang := range []string{"en", "cy"} {
		for _, size := range []screen{phone, desktop} {
			for _, scheme := range []string{"light", "dark"} {
				t.Run(fmt.Sprintf("%s %s %s", lang, size.name, scheme), func(t *testing.T) {
					d, w, _ := visit(t, size, `data-lang="`+lang+`"`)
					w.prefers("prefers-color-scheme", scheme)
					for i, each := range moments {
						each.come(d, w)
						w.settled()
						w.shoot(fmt.Sprintf("%02d %s", i+1, each.name))
						w.inspect(each.name)
					}
				})
			}
		}
	}
}

// settled waits until nothing moves, since a colour that is half faded in is
// no colour to judge.
func (w *window) settled() {
	w.t.Helper()
	w.until(`root.getAnimations().every(a => a.playState === 'finished')`)
}

// inspect lets axe-core look at the widget, and at the page around it.
func (w *window) inspect(when string) {
	w.t.Helper()
	w.settled()
	for _, fault := range servers.AxeFaults(w.tab, w.t) {
		w.t.Errorf("%s: %v", when, fault)
	}
}

func TestThePageOfItsOwnIsAccessibleToo(t *testing.T) {
	for _, lang := range []string{"en", "cy"} {
		for _, size := range []screen{phone, desktop} {
			t.Run(lang+" "+size.name, func(t *testing.T) {
				d := newDesk(t)
				w := openWindow(t, size)
				w.do(chromedp.Navigate(d.url("/chat?lang=" + lang)))
				w.until(`root?.querySelector('.lamp.on')`)
				w.shoot("first")
				w.inspect("first screen")
				w.types("from the page")
				w.click(".primary", "")
				w.state("from the page", "taken")
				d.reply("an answer")
				w.sees("an answer")
				w.settled()
				w.shoot("chat")
				w.inspect("conversation")
				w.do(chromedp.Navigate(d.url("/chat?plain&lang=" + lang)))
				w.until(`root?.querySelector('.chat.covert .lamp.on')`)
				w.shoot("quiet")
				w.inspect("quiet")
			})
		}
	}
}

func TestTheDemonstrationIsAccessible(t *testing.T) {
	d := newDesk(t)
	w := openWindow(t, desktop)
	w.do(chromedp.Navigate(d.url("/demo")))
	w.until(`root?.querySelector('.launcher')`)
	w.shoot("closed")
	w.inspect("closed")
	w.click("button", "Chat with police")
	w.says("just trying")
	w.state("just trying", "taken")
	w.shoot("open")
	w.inspect("open")
}

func TestWithoutJavaScriptThePageStillHelps(t *testing.T) {
	d := newDesk(t)
	w := openWindow(t, phone)
	w.scripts(false)
	w.do(chromedp.Navigate(d.url("/chat")))
	w.shoot("page")
	for _, want := range []string{"call 999", "This chat needs JavaScript", "call 101", "Write to us with a form", "Exit this page"} {
		if !strings.Contains(w.source(), want) {
			t.Errorf("the page lacks %q", want)
		}
	}
}

func TestRightToLeftIsMirrored(t *testing.T) {
	d := newDesk(t)
	d.widget = rightToLeft(t)
	d.stop()
	d.start()
	w := openWindow(t, phone)
	w.do(chromedp.Navigate(d.url("/chat?lang=ar")))
	w.until(`root?.querySelector('.lamp.on')`)
	w.types("مرحبا")
	w.click(".primary", "")
	w.state("مرحبا", "taken")
	d.reply("أهلا")
	w.sees("أهلا")
	w.settled()
	w.shoot("chat")
	w.inspect("right to left")
	if own, reply := get[float64](w, `root.querySelector('.own .bubble').getBoundingClientRect().x`), get[float64](w, `root.querySelector('.reply .bubble').getBoundingClientRect().x`); own >= reply {
		t.Errorf("the person's bubble starts at %v, the answer's at %v", own, reply)
	}
}

func TestForcedColoursAndReducedMotionAreHonoured(t *testing.T) {
	d, w, _ := visit(t, desktop, "")
	w.prefers("forced-colors", "active")
	w.click("button", "Chat with police")
	w.says("hello")
	w.state("hello", "taken")
	d.reply("hello too")
	w.sees("hello too")
	w.shoot("forced colours")
	if width := get[string](w, `getComputedStyle(root.querySelector('.own .bubble')).borderTopStyle`); width != "solid" {
		t.Errorf("a bubble has no edge: %s", width)
	}
	w.prefers("prefers-reduced-motion", "reduce")
	w.says("calm")
	w.state("calm", "taken")
	if moving := get[int](w, `root.getAnimations().length`); moving != 0 {
		t.Errorf("%d things move", moving)
	}
}

package widget_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

func TestAPageOfSomebodyElseChatsBothWays(t *testing.T) {
	d, w, _ := visit(t, desktop, "")
	w.click("button", "Chat with police")
	w.sees("If someone is in danger now, call 999")
	w.sees("Someone is at the desk now. A first answer usually takes about 2 min.")
	w.says("There is a man in my garden")
	w.state("There is a man in my garden", "taken")
	w.sees("Received")
	d.see()
	w.state("There is a man in my garden", "seen")
	d.signal(map[string]any{"type": "typing"})
	w.sees("Someone is writing an answer")
	d.reply("Are you safe? Details: https://www.police.uk/advice.")
	w.sees("Are you safe?")
	w.hides("Someone is writing an answer")
	if link := get[string](w, `root.querySelector('.reply a').href`); link != "https://www.police.uk/advice" {
		t.Errorf("the link leads to %q", link)
	}
	d.wait("the receipt of the reply", func() bool { return d.latest().got == len(d.latest().frames) })
	w.types("Yes")
	d.wait("the person's typing", func() bool { return d.latest().typed > 0 })
	w.press(enter)
	w.state("Yes", "taken")
	d.has("There is a man in my garden", "Yes")
}

// has compares what the desk was told.
func (d *desk) has(want ...string) {
	d.t.Helper()
	if got := d.texts(); !slices.Equal(got, want) {
		d.t.Errorf("the desk has %q, want %q", got, want)
	}
}

func TestAServerThatDiesLosesAndDoublesNothing(t *testing.T) {
	d, w, _ := visit(t, phone, "")
	w.click("button", "Chat with police")
	w.says("before")
	w.state("before", "taken")
	d.stop()
	w.says("meanwhile")
	w.sees("Kept here, not sent yet")
	w.sees("No connection. Messages are kept here")
	w.shoot("no connection")
	d.push(map[string]any{"type": "reply", "reply": "r1", "text": "an answer that nobody heard", "files": []any{}})
	d.start()
	w.state("meanwhile", "taken")
	w.sees("an answer that nobody heard")
	w.hides("No connection")
	d.has("before", "meanwhile")
}

func TestALostConfirmationDoublesNothing(t *testing.T) {
	d, w, _ := visit(t, desktop, "")
	w.click("button", "Chat with police")
	d.set(func() { d.mute = true })
	w.says("did you get this?")
	d.wait("the message", func() bool { s := d.latest(); return s != nil && len(s.frames) == 1 })
	d.stop()
	d.set(func() { d.mute = false })
	d.start()
	w.state("did you get this?", "taken")
	d.has("did you get this?")
	if shown := get[int](w, `root.querySelectorAll('.own').length`); shown != 1 {
		t.Errorf("the person sees %d messages", shown)
	}
}

// As phones do whose clock was ahead.
func TestALineThatDiesWhileTheClockIsSetBackIsNoticed(t *testing.T) {
	d, w, page := visit(t, desktop, "")
	w.lacks(`{ const now = Date.now; window.back = 0; Date.now = () => now() - back }`)
	w.do(chromedp.Navigate(page.origin() + "/contact"))
	w.click("button", "Chat with police")
	w.says("one")
	w.state("one", "taken")
	// The line is there and carries nothing.
	d.set(func() { d.mute = true })
	w.says("two")
	d.wait("the message", func() bool { return len(d.latest().frames) == 2 })
	get[bool](w, `(window.back = 3600_000, true)`)
	d.wait("the end of the line", func() bool { return len(d.latest().lines) == 0 })
	d.set(func() { d.mute = false })
	w.state("two", "taken")
	d.has("one", "two")
}

func TestWhatIsWrittenOfflineGoesOnReturn(t *testing.T) {
	d, w, _ := visit(t, phone, "")
	w.click("button", "Chat with police")
	w.says("online")
	w.state("online", "taken")
	w.network(false)
	w.says("first offline")
	w.says("second offline")
	w.sees("No connection")
	w.network(true)
	w.state("first offline", "taken")
	w.state("second offline", "taken")
	w.hides("No connection")
	d.has("online", "first offline", "second offline")
}

func TestTheFirstMessageMayBeWrittenOffline(t *testing.T) {
	d, w, _ := visit(t, phone, "")
	w.click("button", "Chat with police")
	w.sees("Someone is at the desk now")
	w.network(false)
	w.says("help me")
	w.sees("Kept here, not sent yet")
	w.network(true)
	w.state("help me", "taken")
	d.has("help me")
}

func TestAReloadAndTheNextPageGoOn(t *testing.T) {
	d, w, page := visit(t, desktop, "")
	w.click("button", "Chat with police")
	w.says("one")
	w.state("one", "taken")
	w.types("half a sen")
	w.do(chromedp.Navigate(page.origin() + "/next"))
	w.state("one", "taken")
	if draft := get[string](w, `root.querySelector('textarea').value`); draft != "half a sen" {
		t.Errorf("the draft is %q", draft)
	}
	d.stop()
	w.press("") // the server is away while the page is loaded anew from here on
	d.start()
	w.do(chromedp.Reload())
	w.state("one", "taken")
	w.types("tence")
	w.press(enter)
	w.state("half a sentence", "taken")
	d.has("one", "half a sentence")
}

func TestWhatCannotBeTakenIsSaidBesideIt(t *testing.T) {
	d, w, _ := visit(t, phone, "")
	d.set(func() {
		d.refuse["too much"], d.refuse["strange"] = "too_long", "a_code_of_tomorrow"
		d.later["not now"] = "disk_full"
	})
	w.click("button", "Chat with police")
	w.says("too much")
	w.state("too much", "refused")
	w.sees("This message is too long. Send it in parts.")
	w.says("strange")
	w.sees("This could not be taken.")
	w.says("not now")
	w.state("not now", "later")
	w.sees("It is kept here and sent again by itself.")
	w.shoot("refused")
	w.click(".later button", "Try again")
	w.state("not now", "taken")
	w.click(".refused button", "Change it and send again")
	w.press(" less")
	w.click("button", "Send")
	w.state("too much less", "taken")
	d.has("not now", "too much less")
}

func TestWhatIsTooLongIsSaidBeforeSending(t *testing.T) {
	d, w, _ := visit(t, desktop, "")
	d.set(func() { d.site["limits"].(map[string]any)["textBytes"] = 10 })
	w.click("button", "Chat with police")
	w.sees("Someone is at the desk now")
	w.says("twelve bytes")
	w.sees("too long by about 2 letters")
	if draft := get[string](w, `root.querySelector('textarea').value`); draft != "twelve bytes" {
		t.Errorf("the draft is %q", draft)
	}
	d.has()
}

// Nobody has said the limit, and the server hangs up on such a frame.
func TestWhatIsFarTooLongStopsNothingElse(t *testing.T) {
	d, w, _ := visit(t, desktop, "")
	d.set(func() { d.noSite = true })
	w.click("button", "Chat with police")
	w.says("one")
	w.state("one", "taken")
	get[bool](w, `(root.querySelector('textarea').value = 'x'.repeat(40000), true)`)
	w.click(".primary", "")
	w.says("two")
	w.state("two", "taken")
	w.sees("This message is too long. Send it in parts.")
	d.has("one", "two")
}

func TestAForgottenSessionBecomesANewOne(t *testing.T) {
	d, w, _ := visit(t, desktop, "")
	w.click("button", "Chat with police")
	w.says("in the first")
	w.state("in the first", "taken")
	d.stop()
	d.set(func() { clear(d.sessions) })
	w.says("in the second")
	d.start()
	w.state("in the second", "taken")
	w.sees("What you write now starts a new chat.")
	w.sees("in the first")
	d.has("in the second")
}

func TestWhereSocketsAreBlockedEventsCarryTheChat(t *testing.T) {
	d, w, _ := visit(t, phone, "")
	d.set(func() { d.noSockets = true })
	w.click("button", "Chat with police")
	w.says("through the proxy")
	w.state("through the proxy", "taken")
	d.reply("heard")
	w.sees("heard")
	d.stop()
	w.says("once more")
	d.start()
	w.state("once more", "taken")
	d.wait("the receipt", func() bool { return d.latest().got >= 3 })
	d.has("through the proxy", "once more")
	d.mu.Lock()
	defer d.mu.Unlock()
	if !slices.Contains(d.requests, "GET /chat/v1/events") || !slices.Contains(d.requests, "POST /chat/v1/frames") {
		t.Errorf("the requests were %q", d.requests)
	}
}

func TestWhereSocketsAreBlockedARefusalIsShownToo(t *testing.T) {
	d, w, _ := visit(t, phone, "")
	d.set(func() { d.noSockets, d.refuseFrames = true, "too_long" })
	w.click("button", "Chat with police")
	w.says("too much")
	w.state("too much", "refused")
	w.sees("This message is too long.")
}

func TestTheQuestionsNeverBlockAndGoAlong(t *testing.T) {
	d, w, _ := visit(t, phone, "")
	w.click("button", "Chat with police")
	w.click("summary", "About you (optional)")
	w.click("input[name=name]", "")
	w.press("Ann")
	w.click("label", "No")
	w.shoot("questions")
	w.says("I am writing without having sent these")
	w.state("I am writing without having sent these", "taken")
	w.sees("Your name: Ann")
	d.wait("the answers", func() bool {
		s := d.latest()
		return s != nil && len(s.frames) == 2 && s.frames[0]["type"] == "details" &&
			s.frames[0]["name"] == "Ann" && s.frames[0]["safeToContact"] == "no" && s.frames[0]["reach"] == nil
	})
	// It is not safe, so no copy is offered.
	w.click("button", "Options")
	w.sees("No copy is emailed")
}

func TestThePlaceIsSharedOnlyWhenAskedFor(t *testing.T) {
	d, w, page := visit(t, phone, "")
	if _, err := chromedp.CallBrowser(w.tab, browser.SetPermission, browser.SetPermissionParams{
		Permission: &browser.PermissionDescriptor{Name: "geolocation"}, Setting: browser.PermissionSettingGranted, Origin: page.origin(),
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Call(w.tab, emulation.SetGeolocationOverride, emulation.SetGeolocationOverrideParams{
		Latitude: ptr(52.92277), Longitude: ptr(-1.47662), Accuracy: ptr(20.0),
	}); err != nil {
		t.Fatal(err)
	}
	w.click("button", "Chat with police")
	w.click("button", "Attach")
	w.sees("The browser asks you first.")
	w.shoot("add")
	w.click("button", "Send where I am")
	w.sees("Position of this device: 52.92277, -1.47662 (to within 20 m)")
	w.until(`root.querySelector('.own.taken')`)
	d.wait("the place", func() bool { return len(d.latest().frames) == 1 })
}

// asksForACopy asks for the chat by email where that is offered.
func (w *window) asksForACopy(address string) {
	w.t.Helper()
	w.click("#copy-email", "")
	w.press(address)
	w.click("button", "Email me a copy")
}

func TestThePersonEndsTheChatAndStartsAnother(t *testing.T) {
	d, w, _ := visit(t, desktop, "")
	w.click("button", "Chat with police")
	w.says("all is well")
	w.state("all is well", "taken")
	w.click("button", "Options")
	w.click("summary", "End this chat")
	w.shoot("options")
	w.click("button", "End it now")
	w.sees("This chat has ended. The police keep what was written.")
	w.shoot("ended")
	w.click("button", "Copy by email")
	w.asksForACopy("ann@example.org")
	w.sees("You asked for a copy.")
	w.sees("The copy of this chat was sent by email.")
	w.click("button", "Start a new chat")
	w.hides("all is well")
	w.says("something new")
	w.state("something new", "taken")
	d.has("something new")
}

func TestTheClosedDeskSaysWhenSomebodyReads(t *testing.T) {
	d, w, _ := visit(t, phone, "")
	d.set(func() {
		d.site["open"], d.site["handlers"] = false, 0
		d.presence = map[string]any{"type": "presence", "open": false, "handlers": 0}
	})
	w.click("button", "Chat with police")
	w.sees("Nobody is at the desk now. You can still write.")
	w.sees("Somebody reads this again on Monday from 8:00.")
	w.shoot("closed")
	w.says("my bike was stolen")
	w.state("my bike was stolen", "taken")
	d.push(map[string]any{"type": "notice", "code": "closed", "text": "Your message is safe and will be read."})
	w.sees("Your message is safe and will be read.")
	d.signal(map[string]any{"type": "presence", "open": true, "handlers": 1, "waitSeconds": 30})
	w.sees("Open now")
}

// Before the first message the site says it, and then the connection too.
func TestWhenSomebodyReadsIsSaidOnce(t *testing.T) {
	d, w, _ := visit(t, phone, "")
	const text = "Somebody reads this again on Monday from 8:00."
	d.set(func() {
		d.site["open"], d.site["handlers"] = false, 0
		d.presence = map[string]any{"type": "presence", "open": false, "handlers": 0, "text": text}
	})
	w.click("button", "Chat with police")
	w.sees(text)
	w.says("hello")
	w.state("hello", "taken")
	w.click("summary", "Emergency help")
	w.until(`root.querySelector('.next').checkVisibility()`)
	if times := strings.Count(w.shown(), text); times != 1 {
		t.Errorf("it is said %d times", times)
	}
}

func TestAReplyIsTextAndNothingElse(t *testing.T) {
	d, w, _ := visit(t, desktop, "")
	w.click("button", "Chat with police")
	w.says("hello")
	w.state("hello", "taken")
	text := `<img src=x onerror="document.title='owned'"><script>document.title='owned'</script> javascript:alert(1) </textarea> ` + "\u2028" + ` https://example.org/"><b>x</b>`
	d.reply(text)
	w.sees("<script>")
	if got := get[string](w, `root.querySelector('.reply .text').textContent`); got != text {
		t.Errorf("the reply became %q", got)
	}
	if found := get[string](w, `[...root.querySelectorAll('.reply .text *')].map(e => e.outerHTML).join()`); strings.Count(found, "<") != 2 || !strings.HasPrefix(found, `<a href="https://example.org/"`) {
		t.Errorf("the reply made elements: %s", found)
	}
	if title := get[string](w, `document.title`); title != "Contact the council" {
		t.Errorf("the title is %q", title)
	}
}

func TestAReplyWhileTheChatIsMinimisedIsCounted(t *testing.T) {
	d, w, _ := visit(t, desktop, "")
	w.click("button", "Chat with police")
	w.says("hello")
	w.state("hello", "taken")
	w.click("[aria-label=Minimise]", "")
	w.until(`root.activeElement?.className === 'launcher'`)
	d.reply("are you there?")
	w.sees("New: 1")
	w.until(`document.title === '(1) Contact the council'`)
	w.shoot("minimised")
	w.click("button", "Chat with police")
	w.sees("are you there?")
	w.until(`document.title === 'Contact the council'`)
}

func TestTheLanguageChangesInTheMiddle(t *testing.T) {
	d, w, _ := visit(t, phone, "")
	w.click("button", "Chat with police")
	w.types("hanner bra")
	w.click("button", "Cymraeg")
	w.sees("Os oes rhywun mewn perygl nawr, ffoniwch 999")
	w.shoot("Welsh")
	w.types("wddeg")
	w.click("button", "Anfon")
	w.state("hanner brawddeg", "taken")
	w.sees("Wedi’i derbyn")
	d.wait("the language", func() bool { return d.latest().opening["lang"] == "cy" })
}

// The languages are files of ours; what the site says in them may come later.
func TestTheLanguageDoesNotWaitForTheSite(t *testing.T) {
	d, w, _ := visit(t, phone, "")
	w.click("button", "Chat with police")
	w.sees("Someone is at the desk now")
	hold := make(chan struct{})
	d.set(func() { d.holdSite = hold })
	w.click("button", "Cymraeg")
	w.until(`root.querySelector('.primary').innerText.includes('Anfon')`)
	close(hold)
	d.wait("an answer in time", func() bool { return d.held == 0 })
}

func TestWhatIsSaidOfTheDeskIsAskedAgainOnReturn(t *testing.T) {
	d, w, _ := visit(t, phone, "")
	w.click("button", "Chat with police")
	w.sees("Someone is at the desk now")
	d.set(func() { d.site["open"] = false })
	get[bool](w, `document.dispatchEvent(new Event('visibilitychange'))`)
	w.sees("Nobody is at the desk now. You can still write.")
}

func TestWhereTheLanguageIsSlowThereIsEnglishToRead(t *testing.T) {
	d, w, page := visit(t, phone, "")
	hold := make(chan struct{})
	d.set(func() { d.holdLanguage = hold })
	page.attributes = `data-lang="cy"`
	w.do(chromedp.Navigate(page.origin() + "/contact"))
	w.click("button", "Chat with police")
	w.sees("If someone is in danger now, call 999")
	w.types("hanner ")
	close(hold)
	d.wait("the words in time", func() bool { return d.held == 0 })
	w.sees("Os oes rhywun mewn perygl nawr, ffoniwch 999")
	w.press("brawddeg")
	w.until(`root.querySelector('textarea').value === 'hanner brawddeg'`)
}

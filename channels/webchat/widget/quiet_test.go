package widget_test

import (
	"slices"
	"testing"

	"github.com/chromedp/chromedp"
)

func TestASecondTabOfAQuietChatIsQuiet(t *testing.T) {
	d, w, page := visit(t, desktop, "data-covert")
	w.click("button", "Notes")
	w.says("quiet")
	w.state("quiet", "taken")
	page.attributes = ""
	second := w.another()
	second.do(chromedp.Navigate(page.origin() + "/second"))
	second.click("button", "Notes")
	second.state("quiet", "taken")
	second.says("still quiet")
	second.state("still quiet", "taken")
	second.until(`document.title === 'Notes'`)
	d.set(func() {
		if told := d.latest().covert; len(told) > 0 {
			t.Errorf("the desk was told of quiet %v", told)
		}
	})
}

func TestAQuietSecondTabMakesTheFirstQuiet(t *testing.T) {
	d, w, page := visit(t, desktop, "")
	w.click("button", "Chat with police")
	w.says("loud")
	w.state("loud", "taken")
	page.attributes = "data-covert"
	second := w.another()
	second.do(chromedp.Navigate(page.origin() + "/second"))
	second.click("button", "Notes")
	second.state("loud", "taken")
	w.until(`document.title === 'Notes'`)
	d.wait("quiet", func() bool { return slices.Equal(d.latest().covert, []bool{true}) })
}

// Each tab says on a new line whether it is quiet.
func TestQuietTurnedOnInOneTabOutlastsTheLineOfAnother(t *testing.T) {
	d, w, page := visit(t, desktop, "")
	w.click("button", "Chat with police")
	w.says("loud")
	w.state("loud", "taken")
	second := w.another()
	second.do(chromedp.Navigate(page.origin() + "/second"))
	second.click("button", "Chat with police")
	second.state("loud", "taken")
	second.click("button", "Options")
	second.click("button", "Turn quiet chat on")
	w.until(`document.title === 'Notes'`)
	d.wait("quiet", func() bool { return slices.Contains(d.latest().covert, true) })
	d.stop()
	d.start()
	w.says("quiet")
	w.state("quiet", "taken")
	second.state("quiet", "taken")
	d.set(func() {
		if slices.Contains(d.latest().covert, false) {
			t.Errorf("the desk was told of quiet %v", d.latest().covert)
		}
	})
}

func TestQuietTurnedOnBeforeADraftIsKeptWithIt(t *testing.T) {
	_, w, _ := visit(t, desktop, "")
	w.click("button", "Chat with police")
	w.click("summary", "If you cannot speak")
	w.click("button", "Turn quiet chat on")
	w.types("he")
	w.do(chromedp.Reload())
	w.until(`root?.querySelector('.launcher')`)
	w.until(`document.title === 'Notes'`)
}

func TestTheBrowserIsAskedToRememberNothingOfTheQuietChat(t *testing.T) {
	_, w, _ := visit(t, phone, "data-covert")
	w.click("button", "Notes")
	if fields := get[string](w, `[...root.querySelectorAll('textarea, input[type=text], input[type=email]')].filter(e => e.autocomplete !== 'off').map(e => e.id).join()`); fields != "" {
		t.Errorf("it remembers %s", fields)
	}
}

func TestQuietIsToldAgainWhereItCouldNotBeTaken(t *testing.T) {
	d, w, _ := visit(t, desktop, "")
	w.click("button", "Chat with police")
	w.says("hello")
	w.state("hello", "taken")
	d.set(func() { d.later["covert"] = "unavailable" })
	w.click("button", "Options")
	w.click("button", "Turn quiet chat on")
	d.wait("quiet", func() bool { return slices.Equal(d.latest().covert, []bool{true}) })
}

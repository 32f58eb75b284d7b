package widget_test

import (
	"testing"

	"github.com/chromedp/chromedp"
)

// Phones end pages that are not looked at, and people follow links: the chat is
// then begun anew from what the tab keeps and what the server says again.

func TestWhatWaitsStandsBelowWhatWasSaidAfterAReload(t *testing.T) {
	d, w, _ := visit(t, desktop, "")
	w.click("button", "Chat with police")
	w.says("one")
	w.state("one", "taken")
	d.reply("two")
	w.sees("two")
	d.set(func() { d.later["three"] = "disk_full" })
	w.says("three")
	w.state("three", "later")
	d.set(func() { d.later["three"] = "disk_full" })
	w.do(chromedp.Reload())
	w.state("one", "taken")
	w.sees("two")
	if order := get[string](w, `[...root.querySelectorAll('.log .text')].map(e => e.innerText).join()`); order != "one,two,three" {
		t.Errorf("the order is %s", order)
	}
}

func TestTheFirstMessageIsStillSeenToWaitAfterAReload(t *testing.T) {
	d, w, _ := visit(t, phone, "")
	d.set(func() { d.noSessions = true })
	w.click("button", "Chat with police")
	w.says("help me")
	w.state("help me", "waiting")
	w.do(chromedp.Reload())
	w.state("help me", "waiting")
	d.set(func() { d.noSessions = false })
	w.state("help me", "taken")
	d.has("help me")
}

func TestTheServerNamesTheFilesOfWhatWaited(t *testing.T) {
	d, w, _ := visit(t, desktop, "")
	w.click("button", "Chat with police")
	w.chooses(map[string]int{"photo.jpg": 2000})
	w.sees("Ready to send")
	d.set(func() { d.later["look"] = "disk_full" })
	w.says("look")
	w.state("look", "later")
	w.do(chromedp.Reload())
	w.state("look", "taken")
	w.sees("photo.jpg (2 kB)")
	d.set(func() {
		at := d.latest().frames[0]["at"].(string)
		if shown := get[string](w, `root.querySelector('.own time').dateTime`); shown != at {
			t.Errorf("the time is %s, at the desk it is %s", shown, at)
		}
	})
}

func TestAMinimisedChatGoesOnAfterAReload(t *testing.T) {
	d, w, _ := visit(t, phone, "")
	w.click("button", "Chat with police")
	w.says("one")
	w.state("one", "taken")
	d.stop()
	w.says("two")
	w.state("two", "waiting")
	w.click("[aria-label=Minimise]", "")
	d.start()
	w.do(chromedp.Reload())
	d.wait("what waited", func() bool { return len(d.latest().frames) == 2 })
	d.reply("an answer")
	w.sees("New: 1")
	w.do(chromedp.Reload())
	w.sees("New: 1")
	d.has("one", "two")
}

func TestAnswersThatWereNotSentGoOnToTheNextPage(t *testing.T) {
	d, w, page := visit(t, phone, "")
	w.click("button", "Chat with police")
	w.click("summary", "About you (optional)")
	w.click("label", "No")
	w.do(chromedp.Navigate(page.origin() + "/next"))
	w.click(".launcher", "")
	w.says("he reads my mail")
	w.state("he reads my mail", "taken")
	d.wait("the answer", func() bool { return d.latest().frames[0]["safeToContact"] == "no" })
}

// A browser may keep a page as it is and show it again on the way back. What it
// remembers is then older than what the tab keeps.
func TestTheWayBackLosesNothingThatWaits(t *testing.T) {
	d, w, page := visit(t, desktop, "")
	w.click("button", "Chat with police")
	w.says("one")
	w.state("one", "taken")
	get[bool](w, `(addEventListener('pageshow', (event) => {
		if (event.persisted) setTimeout(() => {
			const text = document.querySelector('contact-chat').shadowRoot.querySelector('textarea')
			text.value = 'half a'
			text.dispatchEvent(new Event('input'))
			location.href = '/restored'
		})
	}), true)`)
	w.do(chromedp.Navigate(page.origin() + "/next"))
	w.state("one", "taken")
	d.stop()
	w.says("two")
	w.state("two", "waiting")
	d.set(func() { d.noSessions, d.noTickets = true, true })
	d.start()
	get[bool](w, `(history.back(), true)`)
	w.until(`location.pathname === '/restored'`)
	w.state("two", "waiting")
	d.set(func() { d.noTickets = false })
	w.state("two", "taken")
	d.has("one", "two")
}

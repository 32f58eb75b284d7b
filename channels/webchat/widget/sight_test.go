package widget_test

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// lastIsSeen holds when the end of the latest bubble is in sight, neither below
// the fold nor under what the person writes in.
const lastIsSeen = `(() => { const last = root.querySelector('.log').lastElementChild.getBoundingClientRect(), body = root.querySelector('.body').getBoundingClientRect()
	return last.bottom <= body.bottom + 1 && last.bottom > body.top })()`

// fill writes so much that the conversation scrolls.
func (d *desk) fill(w *window) {
	w.t.Helper()
	w.says("hello")
	w.state("hello", "taken")
	for range 8 {
		d.reply("an answer")
	}
	d.reply("the last answer")
	w.sees("the last answer")
	w.until(lastIsSeen)
}

func TestTheLatestStaysInSightWhenTheRestGrows(t *testing.T) {
	d, w, _ := visit(t, phone, "")
	w.click("button", "Chat with police")
	d.fill(w)
	w.chooses(map[string]int{"one.jpg": 9, "two.jpg": 9, "three.html": 9})
	w.until(`root.querySelectorAll('.uploads .done, .uploads .failed').length === 3`)
	w.until(lastIsSeen)
	w.types(strings.Repeat("a long text ", 20))
	w.until(lastIsSeen)
	d.signal(map[string]any{"type": "typing"})
	w.until(`root.querySelector('.typing').getBoundingClientRect().bottom <= root.querySelector('.body').getBoundingClientRect().bottom + 1`)
	d.stop()
	w.sees("No connection")
	w.until(lastIsSeen)
	w.do(chromedp.EmulateViewport(360, 560))
	w.until(lastIsSeen)
}

// Whoever reads what was said before is not torn away from it.
func TestWhatIsReadFurtherUpStaysInSightWhenTheRestGrows(t *testing.T) {
	d, w, _ := visit(t, phone, "")
	w.click("button", "Chat with police")
	d.fill(w)
	get[bool](w, `(root.querySelector('.body').scrollTop = 0, true)`)
	w.chooses(map[string]int{"one.jpg": 9, "two.jpg": 9})
	w.until(`root.querySelectorAll('.uploads .done').length === 2`)
	d.reply("news")
	w.sees("news")
	if top := get[float64](w, `root.querySelector('.body').scrollTop`); top != 0 {
		t.Errorf("the conversation was scrolled to %v", top)
	}
}

// On a slow line the first message waits for the session, the ticket and the
// socket.
func TestAMessageIsBeingSentWhileTheLineIsMade(t *testing.T) {
	d, w, _ := visit(t, phone, "")
	release := make(chan struct{})
	d.set(func() { d.holdTickets = release })
	w.click("button", "Chat with police")
	w.says("hello")
	w.state("hello", "waiting")
	w.sees("Sending…")
	w.hides("not sent yet")
	close(release)
	w.state("hello", "taken")
}

// A frightened person clicks twice, and more often.
func TestSendingTwiceIsNoMistake(t *testing.T) {
	d, w, _ := visit(t, desktop, "")
	w.click("button", "Chat with police")
	w.types("help")
	get[bool](w, `(() => { for (const each of [1, 2]) root.querySelector('.composer').requestSubmit(); return true })()`)
	w.state("help", "taken")
	w.hides("Write something first.")
	d.has("help")
}

func TestWhatIsAskedOfTheDeviceAndTheDeskIsShown(t *testing.T) {
	d, w, _ := visit(t, desktop, "")
	w.lacks(`navigator.geolocation.getCurrentPosition = (done, fail) => { window.fail = fail }`)
	w.do(chromedp.Reload())
	w.click("button", "Chat with police")
	w.says("hello")
	w.state("hello", "taken")
	w.click("button", "Attach")
	w.click("button", "Send where I am")
	w.sees("Finding where you are.")
	w.inspect("looking for the place")
	get[bool](w, `(window.fail(), true)`)
	w.sees("This device did not give its position")
	w.hides("Finding where you are.")
	d.push(map[string]any{"type": "reply", "reply": "r1", "text": "see this", "files": []any{map[string]any{"file": "none", "name": "map.pdf", "size": 9}}})
	w.sees("map.pdf")
	w.click(".files button", "map.pdf")
	w.sees("The file could not be fetched. Try again.")
	w.inspect("a file that does not come")
	d.stop()
	w.click("button", "Options")
	w.asksForACopy("jo@example.org")
	w.sees("You asked for a copy.")
	w.inspect("a copy that was asked for")
}

package widget_test

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// focus waits until the focus is on an element.
func (w *window) focus(selector string) {
	w.t.Helper()
	w.until(`root.activeElement?.matches(` + quote(selector) + `)`)
}

// Whoever uses the keyboard or a screen reader would be thrown back to the top of
// the page with each element that goes.
func TestTheFocusIsNeverLost(t *testing.T) {
	d, w, _ := visit(t, desktop, "")
	w.click("button", "Chat with police")
	w.click("summary", "About you (optional)")
	w.click("input[name=name]", "")
	w.press("Ann")
	w.press(enter)
	w.sees("Your name: Ann")
	w.until(`root.querySelector('.own.taken')`)
	w.focus("#text")

	d.set(func() { d.later["not now"], d.refuse["never"] = "disk_full", "too_long" })
	w.says("not now")
	w.state("not now", "later")
	w.click("button", "Try again")
	w.state("not now", "taken")
	w.focus("#text")

	w.choosesContent("photo.jpg", "a picture")
	w.sees("Ready to send")
	w.says("look")
	w.state("look", "taken")
	w.click(".own .files button", "photo.jpg")
	w.focus(".files button")
	d.see()
	w.until(`!root.querySelector('.own.taken')`)
	w.focus(".files button")

	w.says("never")
	w.state("never", "refused")
	w.click("button", "Change it and send again")
	w.focus("#text")

	w.ends()
	w.sees("This chat has ended")
	w.until(`root.querySelector('.ended')`)
	w.focus("#title")
}

func TestTheFocusStaysOnAFileWhileOthersArrive(t *testing.T) {
	d, w, _ := visit(t, desktop, "")
	w.click("button", "Chat with police")
	release := make(chan struct{})
	d.set(func() { d.holdUpload = release })
	w.chooses(map[string]int{"one.jpg": 200_000, "two.jpg": 200_000})
	w.until(`root.querySelectorAll('.uploads .going').length === 2`)
	get[bool](w, `(root.querySelector('[aria-label="Remove two.jpg"]').focus(), true)`)
	close(release)
	w.until(`root.querySelectorAll('.uploads .done').length === 2`)
	w.focus(`[aria-label="Remove two.jpg"]`)
}

// The chat is ended in another tab, while the person writes in this one.
func TestWhoWritesWhenTheChatEndsIsNotLost(t *testing.T) {
	d, w, _ := visit(t, desktop, "")
	w.click("button", "Chat with police")
	w.says("hello")
	w.state("hello", "taken")
	w.focus("#text")
	d.set(func() { d.latest().ended = true })
	d.push(map[string]any{"type": "notice", "code": "ended"})
	w.until(`root.querySelector('.ended')`)
	w.focus("#title")
}

// Safari before 15.4 knows no :focus-visible, and shows the focus its own way
// unless a rule that it understands takes that away.
func TestNoRuleHidesTheFocusWhereNoneOfOursShowsIt(t *testing.T) {
	style, err := os.ReadFile("style.css")
	if err != nil {
		t.Fatal(err)
	}
	for _, rule := range regexp.MustCompile(`[^{}]*\{[^{}]*outline: none[^{}]*\}`).FindAllString(string(style), -1) {
		if !strings.Contains(rule, ":focus-visible") {
			t.Errorf("an old browser shows no focus by %s", rule)
		}
	}
}

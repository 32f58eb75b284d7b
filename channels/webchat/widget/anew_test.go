package widget_test

import (
	"testing"

	"github.com/chromedp/chromedp"
)

// ends clicks what ends the chat.
func (w *window) ends() {
	w.t.Helper()
	w.click("button", "Options")
	w.click("summary", "End this chat")
	w.click("button", "End it now")
}

func TestWhatCameTooLateForAnEndedChatGoesIntoANewOne(t *testing.T) {
	d, w, _ := visit(t, desktop, "")
	w.click("button", "Chat with police")
	w.says("one")
	w.state("one", "taken")
	d.stop()
	w.ends()
	d.set(func() { d.refuse["wait"], d.refuse["he is here"] = "ended", "ended" })
	w.says("wait")
	w.says("he is here")
	w.types("hel")
	d.start()
	w.state("he is here", "refused")
	w.sees("This chat has ended. The police keep what was written.")
	d.set(func() { clear(d.refuse) })
	w.click(".refused button", "Change it and send again")
	w.until(`root.querySelector('textarea')?.value === 'wait\nhe is here\nhel'`)
	w.click("button", "Send")
	w.state("wait\nhe is here\nhel", "taken")
	d.has("wait\nhe is here\nhel")
}

func TestANewChatDoesNotFallBackIntoTheEndedOne(t *testing.T) {
	d, w, _ := visit(t, desktop, "")
	w.click("button", "Chat with police")
	w.says("one")
	w.state("one", "taken")
	w.ends()
	w.sees("This chat has ended. The police keep what was written.")
	hold := make(chan struct{})
	d.set(func() { d.holdTickets = hold })
	d.stop()
	d.start()
	d.wait("the way back to the old chat", func() bool { return d.held > 0 })
	w.click("button", "Start a new chat")
	w.says("two")
	close(hold)
	w.state("two", "taken")
	d.has("two")
	d.set(func() {
		if frames := len(d.sessions["token-1"].frames); frames != 2 {
			t.Errorf("the ended chat has %d frames", frames)
		}
	})
}

func TestANewSessionMayTellWhatTheForgottenOneTold(t *testing.T) {
	d, w, _ := visit(t, desktop, "")
	w.click("button", "Chat with police")
	w.says("in the first")
	w.state("in the first", "taken")
	d.push(map[string]any{"type": "notice", "code": "closed", "text": "Your message is safe and will be read."})
	w.sees("Your message is safe and will be read.")
	d.stop()
	d.set(func() { clear(d.sessions) })
	w.says("in the second")
	d.start()
	w.state("in the second", "taken")
	d.push(map[string]any{"type": "notice", "code": "file_quarantined"})
	w.sees("A file could not be checked")
}

func TestAServerThatWasRestoredFromACopyIsHeard(t *testing.T) {
	d, w, _ := visit(t, desktop, "")
	w.click("button", "Chat with police")
	w.says("one")
	w.state("one", "taken")
	w.says("two")
	w.state("two", "taken")
	d.stop()
	d.set(func() { d.latest().frames = d.latest().frames[:1] })
	d.start()
	w.says("three")
	w.state("three", "taken")
	d.reply("an answer")
	w.sees("an answer")
}

// The chat is ended while something is on its way from one tab, and begun anew in
// another.
func TestWhatCameTooLateIsADraftWhereAnotherTabBeginsAnew(t *testing.T) {
	d, w, host := visit(t, desktop, "")
	w.click("button", "Chat with police")
	w.says("one")
	w.state("one", "taken")
	second := w.another()
	second.do(chromedp.Navigate(host.origin() + "/second"))
	second.click("button", "Chat with police")
	second.state("one", "taken")
	second.choosesContent("late.jpg", "a picture")
	second.sees("Ready to send")
	d.set(func() { d.refuse["he is here"] = "ended" })
	second.says("he is here")
	second.state("he is here", "refused")
	w.ends()
	second.sees("This chat has ended. The police keep what was written.")
	w.click("button", "Start a new chat")
	w.says("two")
	w.state("two", "taken")
	d.set(func() { clear(d.refuse) })
	second.state("two", "taken")
	second.until(`root.querySelector('textarea').value === 'he is here' && root.querySelector('.uploads .done')?.innerText.includes('late.jpg')`)
	second.click("button", "Send")
	second.state("he is here", "taken")
	d.has("two", "he is here")
}

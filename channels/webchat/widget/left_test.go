package widget_test

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// picture is what the real server takes for one.
const picture = "\x89PNG\r\n\x1a\n" + "\x00\x00\x00\x00"

// visitWithPicture is a chat of the real server in which something was said and a
// picture is ready to be sent.
func visitWithPicture(t *testing.T) (*server, *window) {
	t.Helper()
	s, w, _ := visitServer(t, desktop, "")
	w.click("button", "Chat with police")
	w.says("hello")
	w.state("hello", "taken")
	w.choosesContent("garden.png", picture)
	w.sees("Ready to send")
	return s, w
}

// goesWith waits until a file is ready to go into another chat than the first,
// sends it with a text, and looks at what the desk got.
func (s *server) goesWith(w *window, text string, messages int) {
	s.t.Helper()
	w.until(`root.querySelector('.uploads .done')`)
	w.says(text)
	w.state(text, "taken")
	all := s.messages(messages)
	last := all[len(all)-1]
	if len(last.Attachments) != 1 || last.Attachments[0].Name != "garden.png" || last.Conversation == all[0].Conversation {
		s.t.Errorf("the desk gets %+v", last.Attachments)
	}
}

func TestAFileThatIsReadyWhenTheChatEndsGoesIntoTheNextOne(t *testing.T) {
	s, w := visitWithPicture(t)
	w.ends()
	w.click("button", "Start a new chat")
	s.goesWith(w, "look", 3)
}

func TestAFileThatIsReadyWhenTheChatIsForgottenGoesIntoTheNextOne(t *testing.T) {
	s, w := visitWithPicture(t)
	s.stop()
	s.deps.Folders = folder(t.TempDir())
	s.start()
	w.sees("This chat could not be continued.")
	s.goesWith(w, "look", 2)
}

func TestAFileOfAMessageThatCameTooLateGoesAlongIntoTheNextChat(t *testing.T) {
	d, w, _ := visit(t, desktop, "")
	w.click("button", "Chat with police")
	w.says("one")
	w.state("one", "taken")
	w.choosesContent("late.jpg", "a picture")
	w.sees("Ready to send")
	d.set(func() { d.refuse["look"] = "ended" })
	w.says("look")
	w.state("look", "refused")
	d.set(func() { d.latest().ended = true; clear(d.refuse) })
	d.push(map[string]any{"type": "notice", "code": "ended"})
	w.sees("This chat has ended")
	w.click("button", "Start a new chat")
	w.until(`root.querySelector('.uploads .done')?.innerText.includes('late.jpg') && root.querySelector('textarea').value === 'look'`)
	w.click("button", "Send")
	w.state("look", "taken")
	w.until(`root.querySelector('.own.taken').innerText.includes('late.jpg')`)
	if n := len(d.latest().frames[0]["files"].([]map[string]any)); n != 1 {
		t.Errorf("%d files", n)
	}
}

func TestTheFilesOfAMessageThatWasRefusedComeBackWithIt(t *testing.T) {
	d, w, _ := visit(t, desktop, "")
	w.click("button", "Chat with police")
	w.choosesContent("one.jpg", "a picture")
	w.sees("Ready to send")
	d.set(func() { d.refuse["look"] = "unknown_file" })
	w.says("look")
	w.state("look", "refused")
	d.set(func() { clear(d.refuse) })
	w.click("button", "Change it and send again")
	w.until(`root.querySelector('.uploads .done')?.innerText.includes('one.jpg')`)
	w.click("button", "Send")
	w.state("look", "taken")
	w.until(`root.querySelector('.own.taken').innerText.includes('one.jpg')`)
}

func TestAFileOfBeforeAReloadIsChosenAgainForTheNextChat(t *testing.T) {
	_, w, _ := visit(t, desktop, "")
	w.click("button", "Chat with police")
	w.says("one")
	w.state("one", "taken")
	w.choosesContent("old.jpg", "a picture")
	w.sees("Ready to send")
	w.do(chromedp.Reload())
	w.sees("Ready to send")
	w.ends()
	w.click("button", "Start a new chat")
	w.until(`root.querySelector('.uploads .failed')?.innerText.includes('old.jpg')`)
	w.sees("Choose this file again.")
	if shown := w.shown(); strings.Contains(shown, "Ready to send") {
		t.Errorf("it is ready:\n%s", shown)
	}
}

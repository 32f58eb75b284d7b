package widget_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// chooses picks files of the given sizes, as the person would in the dialog of
// the system.
func (w *window) chooses(sizes map[string]int) {
	w.t.Helper()
	files := map[string]string{}
	for name, size := range sizes {
		files[name] = strings.Repeat("\x00", size)
	}
	w.choosesFiles(files)
}

func (w *window) choosesContent(name, content string) {
	w.t.Helper()
	w.choosesFiles(map[string]string{name: content})
}

func (w *window) choosesFiles(files map[string]string) {
	w.t.Helper()
	dir := w.t.TempDir()
	var paths []string
	for name, content := range files {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			w.t.Fatal(err)
		}
		paths = append(paths, path)
	}
	w.until(`root?.querySelector('input[type=file]')`)
	input, err := chromedp.Call(w.tab, runtime.Evaluate, runtime.EvaluateParams{Expression: `document.querySelector('contact-chat').shadowRoot.querySelector('input[type=file]')`})
	if err != nil {
		w.t.Fatal(err)
	}
	if _, err := chromedp.Call(w.tab, dom.SetFileInputFiles, dom.SetFileInputFilesParams{Files: paths, ObjectID: input.Result.ObjectID}); err != nil {
		w.t.Fatal(err)
	}
}

func TestAFileGoesWithAMessage(t *testing.T) {
	d, w, _ := visit(t, phone, "")
	w.click("button", "Chat with police")
	w.click("button", "Attach")
	w.sees("Up to 5 files, each no larger than 10 MB. Accepted: pictures, videos, PDF.")
	w.chooses(map[string]int{"broken window é.jpg": 300_000})
	w.sees("Ready to send")
	w.shoot("ready")
	w.says("this is the window")
	w.state("this is the window", "taken")
	d.wait("the file", func() bool {
		for _, kept := range d.uploads {
			return kept.name == "broken window é.jpg" && len(kept.body) == 300_000 && kept.mediaType == "image/jpeg"
		}
		return false
	})
	w.sees("broken window é.jpg (293 kB)")
	w.shoot("sent")
}

func TestTextNeverWaitsForAFile(t *testing.T) {
	d, w, _ := visit(t, phone, "")
	hold := make(chan struct{})
	d.set(func() { d.holdUpload = hold })
	w.click("button", "Chat with police")
	w.sees("Someone is at the desk now")
	w.chooses(map[string]int{"film.mp4": 9 << 20})
	w.until(`root.querySelector('progress')`)
	w.says("quick, the film follows")
	w.state("quick, the film follows", "taken")
	w.shoot("going")
	close(hold)
	w.sees("film.mp4 (9 MB)")
	w.until(`!root.querySelector('.uploads li')`)
	w.until(`root.querySelectorAll('.own.taken').length === 2`)
	d.has("quick, the film follows", "")
}

func TestAFileOnItsWayIsCancelled(t *testing.T) {
	d, w, _ := visit(t, desktop, "")
	hold := make(chan struct{})
	d.set(func() { d.holdUpload = hold })
	defer close(hold)
	w.click("button", "Chat with police")
	w.sees("Someone is at the desk now")
	w.chooses(map[string]int{"wrong.png": 5 << 20})
	w.click("[aria-label='Remove wrong.png']", "")
	w.until(`!root.querySelector('.uploads li')`)
	w.says("never mind")
	w.state("never mind", "taken")
	d.set(func() {
		if len(d.uploads) != 0 {
			t.Errorf("the desk has %d files", len(d.uploads))
		}
	})
}

func TestAFileThatCannotBeTakenSaysWhy(t *testing.T) {
	for _, c := range []struct {
		name, file, want string
		size             int
	}{
		{"too large", "film.mp4", "This file is too large.", 11 << 20},
		{"the wrong kind", "page.html", "This kind of file is not accepted.", 10},
		{"empty", "photo.png", "This file is empty.", 0},
		{"no room at the desk", "photo.full", "No more files can be taken now. Your text is taken.", 10},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, w, _ := visit(t, phone, "")
			w.click("button", "Chat with police")
			w.sees("Someone is at the desk now")
			w.chooses(map[string]int{c.file: c.size})
			w.sees(c.want)
			w.shoot("why")
			w.says("my text")
			w.state("my text", "taken")
			d.has("my text")
		})
	}
}

func TestTooManyFilesAreSaid(t *testing.T) {
	_, w, _ := visit(t, phone, "")
	w.click("button", "Chat with police")
	w.sees("Someone is at the desk now")
	w.chooses(map[string]int{"1.png": 1, "2.png": 1, "3.png": 1, "4.png": 1, "5.png": 1, "6.png": 1})
	w.sees("You can add up to 5 files to one message.")
	if shown := get[int](w, `root.querySelectorAll('.uploads li').length`); shown != 5 {
		t.Errorf("%d files are taken", shown)
	}
}

func TestChoosingNoFileAfterAllLeavesTheChatOpen(t *testing.T) {
	_, w, _ := visit(t, phone, "")
	w.click("button", "Chat with police")
	w.types("look at this")
	w.click("button", "Attach")
	get[bool](w, `(root.querySelector('#file').addEventListener('cancel', () => { document.title = 'cancelled' }), true)`)
	// Without a screen the dialog of the system is cancelled at once.
	w.click("label", "Add photos")
	w.until(`document.title === 'cancelled'`)
	if !get[bool](w, `root.querySelector('.panel').open`) {
		t.Error("the chat is closed")
	}
}

func TestFilesBeforeTheFirstMessageMakeOneSession(t *testing.T) {
	d, w, _ := visit(t, desktop, "")
	w.click("button", "Chat with police")
	w.chooses(map[string]int{"one.jpg": 9, "two.jpg": 9, "three.jpg": 9})
	w.until(`root.querySelectorAll('.uploads .done').length === 3`)
	d.set(func() {
		if len(d.sessions) != 1 {
			t.Errorf("%d sessions were opened", len(d.sessions))
		}
	})
}

func TestWhatWasNotTakenTakesNoPlace(t *testing.T) {
	_, w, _ := visit(t, desktop, "")
	w.click("button", "Chat with police")
	w.chooses(map[string]int{"1.html": 9, "2.html": 9, "3.html": 9, "4.html": 9, "five.jpg": 0})
	w.until(`root.querySelectorAll('.uploads .failed').length === 5`)
	w.chooses(map[string]int{"1.jpg": 9, "2.jpg": 9, "3.jpg": 9, "4.jpg": 9, "five.jpg": 9})
	w.until(`root.querySelectorAll('.uploads .done').length === 5`)
	if shown := get[string](w, `root.querySelector('.uploads').innerText`); strings.Contains(shown, "This file is empty") {
		t.Errorf("a file that was chosen again still has its fault:\n%s", shown)
	}
}

func TestAReloadSaysWhichFileMustBeChosenAgain(t *testing.T) {
	d, w, _ := visit(t, desktop, "")
	w.click("button", "Chat with police")
	w.says("hello")
	w.state("hello", "taken")
	w.choosesContent("whole.jpg", "a picture")
	w.sees("Ready to send")
	hold := make(chan struct{})
	defer close(hold)
	d.set(func() { d.holdUpload = hold })
	w.chooses(map[string]int{"film.mp4": 200_000})
	w.until(`root.querySelector('.uploads .going')`)
	w.do(chromedp.Reload())
	w.until(`root?.querySelector('.uploads .failed')?.innerText.includes('film.mp4')`)
	w.sees("Choose this file again.")
	w.inspect("reload")
	w.says("look")
	w.until(`[...root.querySelectorAll('.own.taken')].some(e => e.innerText.includes('whole.jpg'))`)
	w.sees("film.mp4")
	w.click(`[aria-label="Remove film.mp4"]`, "")
	w.until(`root.querySelector('.uploads').hidden && root.activeElement.id === 'text'`)
	w.do(chromedp.Reload())
	w.sees("look")
	w.hides("film.mp4")
}

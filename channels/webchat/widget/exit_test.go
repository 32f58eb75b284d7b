package widget_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// stored is everything that the page's origin keeps in this tab.
const stored = `JSON.stringify({...sessionStorage}) + JSON.stringify({...localStorage}) + document.cookie`

func TestNothingIsKeptAndNobodyElseAskedBeforeThePersonWrites(t *testing.T) {
	d := newDesk(t)
	w := openWindow(t, phone)
	host := newHostPage(t, "")
	d.set(func() { d.origins = append(d.origins, host.origin()) })
	host.script = func() string { return d.url("/chat.js") }
	asked := make(chan string, 100)
	if err := chromedp.Listen(w.tab, func(event any) {
		if sent, ok := event.(*network.EventRequestWillBeSent); ok {
			asked <- sent.Request.URL
		}
	}); err != nil {
		t.Fatal(err)
	}
	w.do(chromedp.Navigate(host.origin() + "/contact"))
	w.click("button", "Chat with police")
	w.sees("Someone is at the desk now")
	w.click("summary", "If you cannot speak")
	w.click("button", "Turn quiet chat on")
	w.click("[aria-label=Minimise]", "")
	if got := get[string](w, stored); got != "{}{}" {
		t.Errorf("kept before a word was written: %s", got)
	}
	d.mu.Lock()
	for _, request := range d.requests {
		if !slices.Contains([]string{"GET /chat.js", "GET /chat/v1/site"}, request) {
			t.Errorf("asked before a word was written: %s", request)
		}
	}
	d.mu.Unlock()
	close(asked)
	for url := range asked {
		if !strings.HasPrefix(url, d.url("/")) && !strings.HasPrefix(url, host.origin()) {
			t.Errorf("somebody else was asked: %s", url)
		}
	}
}

func TestTheQuickExitLeavesNothing(t *testing.T) {
	for _, c := range []struct {
		name string
		exit func(w *window)
	}{
		{"by the button", func(w *window) { w.click("button", "Exit this page") }},
		{"by Escape", func(w *window) { w.press(esc) }},
		{"by Shift three times", func(w *window) { w.press(shift + shift + shift) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, w, host := visit(t, phone, "")
			w.click("button", "Chat with police")
			w.says("he is coming back")
			w.state("he is coming back", "taken")
			w.types("i think")
			before := w.history()
			c.exit(w)
			w.until(`document.title === 'Weather'`)
			d.wait("the goodbye", func() bool { return slices.Equal(d.byes, []string{"token-1?forget=1"}) })
			after := w.history()
			if len(after) != len(before) {
				t.Errorf("the history has %d entries, it had %d", len(after), len(before))
			}
			for _, entry := range after {
				if strings.HasPrefix(entry.URL, host.origin()) {
					t.Errorf("the history of the tab still holds %s", entry.URL)
				}
			}
			// Whoever goes to the page again in this tab finds a fresh chat.
			w.do(chromedp.Navigate(host.origin() + "/contact"))
			if got := get[string](w, stored); got != "{}{}" {
				t.Errorf("still kept: %s", got)
			}
			w.click("button", "Chat with police")
			w.sees("What happens next")
			if got := w.shown(); strings.Contains(got, "he is coming back") {
				t.Errorf("the chat shows %s", got)
			}
		})
	}
}

// Browsers keep pages as they were left for the way back.
func TestTheWayBackFromTheExitShowsNothingThatWasWritten(t *testing.T) {
	_, w, page := visit(t, desktop, "")
	w.click("button", "Chat with police")
	w.says("he is coming back")
	w.state("he is coming back", "taken")
	w.do(chromedp.Navigate(page.origin() + "/next"))
	w.state("he is coming back", "taken")
	w.press(esc)
	w.until(`document.title === 'Weather'`)
	get[bool](w, `(history.back(), true)`)
	w.until(`location.pathname === '/contact' && root?.querySelector('.launcher')`)
	if shown := get[string](w, `root.textContent`); strings.Contains(shown, "he is coming back") {
		t.Errorf("the page shows %s", shown)
	}
}

// history is the tab's list of pages.
func (w *window) history() []*page.NavigationEntry {
	w.t.Helper()
	entries, err := chromedp.Run(w.tab, chromedp.NavigationEntries())
	if err != nil {
		w.t.Fatal(err)
	}
	return entries.Entries
}

func TestTheQuickExitBlanksThePageAtOnce(t *testing.T) {
	d, w, _ := visit(t, desktop, "")
	// The neutral site answers with no page, so that this one stays as the exit
	// has left it; and the page around wants to ask before it is left.
	asked := make(chan bool, 1)
	nothing := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusNoContent)
		asked <- true
	}))
	defer nothing.Close()
	d.set(func() { d.site["exitUrl"] = nothing.URL })
	get[bool](w, `(addEventListener('beforeunload', (e) => e.preventDefault()), true)`)
	w.click("button", "Chat with police")
	w.says("quick")
	w.state("quick", "taken")
	w.press(esc)
	<-asked
	w.until(`document.body.innerText.trim() === '' && document.title.trim() === '' && !document.querySelector('contact-chat')`)
	if got := get[string](w, stored); got != "{}{}" {
		t.Errorf("still kept: %s", got)
	}
}

// The page lives on until the neutral site answers.
func TestWhatArrivesAfterTheQuickExitIsNotKept(t *testing.T) {
	d, w, _ := visit(t, desktop, "")
	asked := make(chan bool, 1)
	nothing := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusNoContent)
		asked <- true
	}))
	defer nothing.Close()
	hold := make(chan struct{})
	d.set(func() { d.site["exitUrl"], d.holdUpload = nothing.URL, hold })
	get[bool](w, `(() => {
		navigator.geolocation.getCurrentPosition = (found) => { window.locate = () => found({coords: {latitude: 52, longitude: -1, accuracy: 9}}) }
		const send = XMLHttpRequest.prototype.send
		XMLHttpRequest.prototype.send = function (body) {
			this.addEventListener('loadend', () => setTimeout(() => { window.arrived = true }))
			send.call(this, body)
		}
		return true
	})()`)
	w.click("button", "Chat with police")
	w.sees("Someone is at the desk now")
	w.chooses(map[string]int{"film.mp4": 9 << 20})
	w.says("the film follows")
	w.state("the film follows", "taken")
	w.click("button", "Attach")
	w.click("button", "Send where I am")
	w.press(esc)
	<-asked
	get[bool](w, `(window.locate(), true)`)
	close(hold)
	w.until(`window.arrived`)
	if got := get[string](w, stored); got != "{}{}" {
		t.Errorf("kept: %s", got)
	}
}

func TestWritingCapitalsIsNoExit(t *testing.T) {
	_, w, _ := visit(t, desktop, "")
	w.click("button", "Chat with police")
	w.types("HELP ME NOW")
	w.press(enter)
	w.state("HELP ME NOW", "taken")
}

func TestAClosedChatLeavesThePagesKeysAlone(t *testing.T) {
	_, w, _ := visit(t, desktop, "")
	w.until(`root?.querySelector('.launcher')`)
	w.press(esc + shift + shift + shift)
	if title := get[string](w, `document.title`); title != "Contact the council" {
		t.Errorf("the page became %q", title)
	}
}

func TestASecondTabJoinsAndLeavesWithTheFirst(t *testing.T) {
	d, w, host := visit(t, desktop, "")
	w.click("button", "Chat with police")
	w.says("from the first tab")
	w.state("from the first tab", "taken")
	second := w.another()
	second.do(chromedp.Navigate(host.origin() + "/second"))
	second.click("button", "Chat with police")
	second.state("from the first tab", "taken")
	second.says("from the second tab")
	second.state("from the second tab", "taken")
	w.state("from the second tab", "taken")
	d.reply("for both")
	w.sees("for both")
	second.sees("for both")
	d.mu.Lock()
	if len(d.sessions) != 1 {
		t.Errorf("there are %d sessions", len(d.sessions))
	}
	d.mu.Unlock()
	second.press(esc)
	second.until(`document.title === 'Weather'`)
	w.until(`document.title === 'Weather'`)
	w.do(chromedp.Navigate(host.origin() + "/contact"))
	if got := get[string](w, stored); got != "{}{}" {
		t.Errorf("the first tab still keeps %s", got)
	}
}

func TestTheQuietChatIsNeutral(t *testing.T) {
	d, w, _ := visit(t, phone, "")
	w.click("button", "Chat with police")
	w.click("summary", "If you cannot speak")
	w.click("button", "Turn quiet chat on")
	w.until(`document.title === 'Notes'`)
	w.sees("Notes")
	w.hides("Chat with police")
	w.shoot("first")
	w.says("quiet please")
	w.state("quiet please", "taken")
	d.wait("the quiet session", func() bool { return d.latest().opening["covert"] == true })
	d.reply("understood")
	w.sees("understood")
	w.hides("Derbyshire Police")
	w.shoot("chat")
	w.click("button", "Options")
	w.sees("No copy is emailed")
	w.click("button", "Turn quiet chat off")
	d.wait("the end of quiet", func() bool { return slices.Equal(d.latest().covert, []bool{false}) })
	w.until(`document.title === 'Contact the council'`)
}

func TestTheQuietChatSaysNothingInTheTitleOfAHiddenPage(t *testing.T) {
	d, w, _ := visit(t, desktop, "data-covert")
	w.click("button", "Notes")
	w.says("hello")
	w.state("hello", "taken")
	w.click("[aria-label=Minimise]", "")
	d.reply("answer")
	w.sees("New: 1")
	if title := get[string](w, `document.title`); title != "Notes" {
		t.Errorf("the title is %q", title)
	}
}

// The session may begin before the person turns the quiet chat on, and the line
// may be down at that moment.
func TestQuietIsToldAgainAfterABreak(t *testing.T) {
	d, w, _ := visit(t, desktop, "")
	w.click("button", "Chat with police")
	w.says("hello")
	w.state("hello", "taken")
	d.stop()
	w.click("button", "Options")
	w.click("button", "Turn quiet chat on")
	d.start()
	d.wait("quiet", func() bool { return slices.Contains(d.latest().covert, true) })
}

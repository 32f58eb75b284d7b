package webchat

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"contactd/channels/webchat/hours"
	"contactd/contact"
)

func bytesOf(text string) io.Reader { return bytes.NewReader([]byte(text)) }

// nightly is a site where somebody reads for one hour a week.
func nightly(now time.Time) Site {
	day := strings.ToLower(now.Add(-48 * time.Hour).Weekday().String())
	return Site{Name: "main", Hours: hours.Config{Weekly: map[string][]string{day: {"08:00-09:00"}}}}
}

func TestAClosedDeskTakesMessagesAndSaysHonestlyWhenTheyAreRead(t *testing.T) {
	h := newHouse(t, func(h *house) { h.config.Sites = []Site{nightly(time.Now())} })
	p := h.arrives()
	var site siteInfo
	p.do(p.request("GET", "/chat/v1/site?lang=cy", nil), &site)
	if site.Open || site.Hours.OpensAt == nil || !strings.Contains(site.Hours.Text, "08:00") || !strings.HasPrefix(site.Hours.Text, "Bydd rhywun") {
		t.Errorf("site %+v", site)
	}
	w := p.opens(0)
	if f := w.sees("presence"); f.Open || f.Handlers != nil || !strings.Contains(f.Text, "at 08:00") {
		t.Errorf("got %s", f.raw)
	}
	w.writes("message-1", "help")
	w.sees("message")
	if f := w.sees("notice"); f.Code != "closed" || !strings.HasSuffix(f.Text, "at 08:00. If someone is in danger now, call 999.") {
		t.Errorf("got %s", f.raw)
	}
	w.writes("message-2", "help again")
	w.sees("message")
	w.says(map[string]any{"type": "ping"})
	if f := w.next(); f.Type != "pong" {
		t.Errorf("told again: %s", f.raw)
	}
	if texts := h.texts(); len(texts) != 2 {
		t.Errorf("taken %q", texts)
	}
	for _, o := range h.inbox.Accepted() {
		if !bytes.Contains(o.Bytes, []byte(`"told":"Somebody reads this again on`)) {
			t.Errorf("what the person was told is not on record: %s", o.Bytes)
		}
	}
}

func TestPeopleSeeWhetherSomebodyIsThere(t *testing.T) {
	clock := newClock()
	h := newHouse(t, clock.of)
	p := h.arrives()
	w := p.opens(0)
	if f := w.sees("presence"); !f.Open || f.Handlers != nil {
		t.Errorf("before anybody said so: %s", f.raw)
	}
	say := func(handlers int) {
		now := clock.now()
		h.channel.Presence(contact.Presence{Handlers: handlers, WaitSeconds: 90, At: now, Until: now.Add(time.Minute)})
	}
	say(2)
	if f := w.sees("presence"); !f.Open || f.Handlers == nil || *f.Handlers != 2 || f.WaitSecond != 90 {
		t.Errorf("with two: %s", f.raw)
	}
	say(0)
	if f := w.sees("presence"); f.Open || f.Handlers == nil || *f.Handlers != 0 || f.Text == "" {
		t.Errorf("with nobody: %s", f.raw)
	}
	w.writes("message-1", "help")
	if f := w.sees("notice"); f.Code != "closed" {
		t.Errorf("got %s", f.raw)
	}
	clock.forward(2 * time.Minute) // nobody says anything any more
	if f := w.sees("presence"); !f.Open || f.Handlers != nil {
		t.Errorf("after its time: %s", f.raw)
	}
	h.channel.Presence(contact.Presence{Handlers: 5, At: clock.now().Add(-time.Hour), Until: clock.now().Add(time.Hour)})
	if s := h.channel.desk.state("main"); s.handlers != -1 {
		t.Errorf("late news count: %+v", s)
	}
}

func TestWhoChangesTheLanguageIsToldInTheNewOne(t *testing.T) {
	clock := newClock()
	h := newHouse(t, clock.of, func(h *house) { h.config.Sites = []Site{nightly(time.Now())} })
	p := h.arrivesSpeaking("en")
	w := p.opens(0)
	w.writes("message-1", "help")
	if f := w.sees("notice"); !strings.HasPrefix(f.Text, "Somebody reads this") {
		t.Errorf("told %s", f.raw)
	}
	w.says(map[string]any{"type": "message", "id": "message-2", "text": "help", "lang": "cy"})
	if f := w.sees("notice"); f.Code != "closed" || !strings.HasPrefix(f.Text, "Bydd rhywun") {
		t.Errorf("told %s", f.raw)
	}
	h.restart()
	w = p.opens(w.last)
	if f := w.sees("presence"); !strings.HasPrefix(f.Text, "Bydd rhywun") {
		t.Errorf("after a restart: %s", f.raw)
	}
	w.writes("message-3", "who says no language keeps it")
	w.sees("message")
	for i, want := range []string{"en", "cy", "cy"} {
		if got := h.messages()[i].Language; got != want {
			t.Errorf("message %d is %q, want %q", i+1, got, want)
		}
	}
}

// An operator who takes a site away does not end the chats that were begun there.
func TestAChatOfASiteThatIsGoneGoesOn(t *testing.T) {
	office, h := withPost(t, func(h *house) { h.config.Sites = []Site{{Name: "main"}, {Name: "old"}} })
	p := h.arrives()
	var opened struct{ Token, Session string }
	p.token = ""
	if status := p.post("/chat/v1/sessions", map[string]any{"site": "old", "lang": "en"}, &opened); status != http.StatusCreated {
		t.Fatalf("begin session: %d", status)
	}
	p.token, p.session, p.site = opened.Token, opened.Session, "old"
	w := p.opens(0)
	w.writes("message-1", "hello")
	w.sees("message")
	office.fails(errAway, nil)
	w.says(asksFor("transcript-1"))
	w.told("transcript_asked")
	h.stop()
	h.config.Sites = []Site{nightly(time.Now())}
	office.fails(nil, nil)
	h.start()
	w = p.opens(w.last)
	w.writes("message-2", "are you still there?")
	if f := w.told("closed"); !strings.HasSuffix(f.Text, "call 999.") {
		t.Errorf("told %s", f.raw)
	}
	h.replies(p, "1", "yes")
	w.sees("reply")
}

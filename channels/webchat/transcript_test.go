package webchat

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"contactd/channels"
	"contactd/channels/webchat/store"
)

// postOffice is a Mailer that fails as it is told to.
type postOffice struct {
	mutex sync.Mutex
	sent  []string
	tries int
	// err is what is said before the last byte, after what is said after it.
	err, after error
}

// Mail implements Mailer.
func (o *postOffice) Mail(_ context.Context, to, subject, text string, last func() error) error {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	o.tries++
	if o.err != nil {
		return o.err
	}
	if err := last(); err != nil {
		return channels.NotSent(err)
	}
	o.sent = append(o.sent, to+"\n"+subject+"\n"+text)
	return o.after
}

var errAway = channels.NotSent(errors.New("the mail server is away"))

func (o *postOffice) fails(err, after error) {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	o.err, o.after = err, after
}

func (o *postOffice) tried() (tries int, sent []string) {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	return o.tries, o.sent
}

// withPost starts a house that sends copies and looks often which are due.
func withPost(t *testing.T, change ...func(*house)) (*postOffice, *house) {
	office := &postOffice{}
	return office, newHouse(t, append(change, func(h *house) {
		h.deps.Mailer = office
		h.timing = func(t *timing) { t.copies = 5 * time.Millisecond }
	})...)
}

// told reads until a notice or a refusal of a code comes.
func (w *window) told(code string) got {
	w.p.h.t.Helper()
	for {
		if f := w.next(); (f.Type == "notice" || f.Type == "refused") && f.Code == code {
			return f
		}
	}
}

func asksFor(id string) map[string]any {
	return map[string]any{"type": "transcript", "id": id, "email": "jo@example.org"}
}

func TestATranscriptIsSentOnlyWhenAskedForAndSafe(t *testing.T) {
	office, h := withPost(t)
	p := h.arrives()
	w := p.opens(0)
	ask := asksFor("transcript-1")
	w.writes("message-1", "two\nlines")
	w.sees("message")
	h.replies(p, "1", "we will come")
	w.sees("reply")

	w.says(map[string]any{"type": "covert", "on": true})
	w.says(ask)
	if f := w.sees("refused"); f.Code != "transcript_unsafe" || f.ID != "transcript-1" {
		t.Errorf("covert: %s", f.raw)
	}
	w.says(map[string]any{"type": "covert", "on": false})
	w.says(map[string]any{"type": "details", "id": "details-1", "safeToContact": "no"})
	w.says(ask)
	if f := w.sees("refused"); f.Code != "transcript_unsafe" {
		t.Errorf("not safe: %s", f.raw)
	}
	w.says(map[string]any{"type": "details", "id": "details-2", "safeToContact": "yes"})
	w.says(map[string]any{"type": "end", "id": "the-end-1"})
	w.sees("notice")
	w.says(ask)
	if f := w.sees("notice"); f.Code != "transcript_asked" || f.ID != "transcript-1" {
		t.Errorf("asked for: %s", f.raw)
	}
	if f := w.told("transcript_sent"); f.ID != "transcript-1" {
		t.Errorf("sent: %s", f.raw)
	}
	w.says(ask)
	if f := w.sees("notice"); f.Code != "transcript_asked" {
		t.Errorf("asked for again: %s", f.raw)
	}
	_, sent := office.tried()
	if len(sent) != 1 {
		t.Fatalf("sent %d mails", len(sent))
	}
	for _, want := range []string{"jo@example.org\n", "You:\n  two\n  lines\n", "Police:\n  we will come\n"} {
		if !strings.Contains(sent[0], want) {
			t.Errorf("no %q in %q", want, sent[0])
		}
	}
}

func TestATranscriptSpeaksThePersonsLanguage(t *testing.T) {
	office, h := withPost(t)
	for i, c := range []struct{ begun, asked string }{{"cy", ""}, {"en", "cy"}} {
		p := h.arrivesSpeaking(c.begun)
		w := p.opens(0)
		w.writes("message-1", "bore da")
		w.sees("message")
		h.replies(p, "1", "helo")
		w.sees("reply")
		w.says(map[string]any{"type": "location", "id": "location-1", "lat": 52.9, "lon": -1.4, "at": "2026-07-01T10:00:00Z"})
		w.sees("message")
		w.says(map[string]any{"type": "transcript", "id": "transcript-1", "email": "jo@example.org", "lang": c.asked})
		w.told("transcript_sent")
		_, sent := office.tried()
		for _, want := range []string{"Eich sgwrs â’r heddlu\n", "Chi:\n  bore da\n", "Heddlu:\n  helo\n", "  (eich lleoliad)\n"} {
			if !strings.Contains(sent[i], want) {
				t.Errorf("%+v: no %q in %q", c, want, sent[i])
			}
		}
	}
}

func TestComingBackDoesNotAllowMoreTranscripts(t *testing.T) {
	_, h := withPost(t)
	p := h.arrives()
	last := int64(0)
	for i := range transcriptsOfChat + 1 {
		w := p.opens(last)
		w.says(asksFor(ids(i)))
		code := map[bool]string{true: "too_many", false: "transcript_sent"}[i == transcriptsOfChat]
		if f := w.told(code); f.ID != ids(i) {
			t.Errorf("transcript %d: %s, want %s", i+1, f.raw, code)
		}
		last = w.last
		w.close()
	}
}

func TestATranscriptWaitsForTheMailServerHoweverLong(t *testing.T) {
	clock := newClock()
	office, h := withPost(t, clock.of)
	p := h.arrives()
	w := p.opens(0)
	w.writes("message-1", "hello")
	w.sees("message")
	office.fails(errAway, nil)
	w.says(asksFor("transcript-1"))
	w.told("transcript_asked")
	w.close() // nobody is there to ask again
	for n := range 20 {
		eventually(t, "it is tried", func() bool {
			clock.forward(longestPause)
			tries, _ := office.tried()
			return tries > n
		})
		if n == 10 {
			h.restart()
		}
	}
	office.fails(nil, nil)
	clock.forward(longestPause)
	w = p.opens(w.last)
	w.told("transcript_sent")
	if _, sent := office.tried(); len(sent) != 1 {
		t.Errorf("sent %d mails", len(sent))
	}
}

func TestAClockThatIsSetBackDelaysNoTranscript(t *testing.T) {
	clock := newClock()
	office, h := withPost(t, clock.of)
	clock.forward(time.Hour)
	w := h.arrives().opens(0)
	office.fails(errAway, nil)
	w.says(asksFor("transcript-1"))
	eventually(t, "it is tried", func() bool { tries, _ := office.tried(); return tries > 0 })
	office.fails(nil, nil)
	clock.forward(-time.Hour)
	w.told("transcript_sent")
}

func TestATranscriptThatMayHaveBeenSentIsNotSentAgain(t *testing.T) {
	office, h := withPost(t)
	office.fails(nil, errors.New("no answer to the last byte"))
	w := h.arrivesSpeaking("cy").opens(0)
	w.says(asksFor("transcript-1"))
	if f := w.told("transcript_unknown"); !strings.HasPrefix(f.Text, "Ni wyddom a anfonwyd y copi.") {
		t.Errorf("told %s", f.raw)
	}
	office.fails(nil, nil)
	w.says(asksFor("transcript-2")) // as it was told to
	w.told("transcript_sent")
	if _, sent := office.tried(); len(sent) != 2 {
		t.Errorf("sent %d mails", len(sent))
	}
}

func TestAnAddressThatTakesNoMailIsToldAndDoesNotCount(t *testing.T) {
	office, h := withPost(t)
	office.fails(channels.Refused(errors.New("550")), nil)
	p := h.arrives()
	w := p.opens(0)
	for i := range transcriptsOfChat {
		w.says(asksFor(ids(i)))
		if f := w.told("transcript_failed"); f.ID != ids(i) || !strings.Contains(f.Text, "Check the address") {
			t.Errorf("told %s", f.raw)
		}
	}
	office.fails(nil, nil)
	w.says(asksFor("transcript-9"))
	w.told("transcript_sent")
	if strings.Contains(string(h.database()), "jo@example.org") && strings.Contains(h.logged.String(), "jo@example.org") {
		t.Error("the address is in the log")
	}
}

func TestNoTranscriptGoesOutOnceItIsNotSafeAnyMore(t *testing.T) {
	for name, c := range map[string]struct {
		happens func(*person, *window)
		told    bool
	}{
		"quiet": {func(_ *person, w *window) { w.says(map[string]any{"type": "covert", "on": true}) }, true},
		"not safe": {func(_ *person, w *window) {
			w.says(map[string]any{"type": "details", "id": "details-1", "safeToContact": "no"})
			w.sees("details")
		}, true},
		"exit": {func(p *person, _ *window) {
			r := p.request("POST", "/chat/v1/bye?forget=1", strings.NewReader(`{"token":"`+p.token+`","frames":[{"type":"transcript","id":"transcript-2","email":"jo@example.org"}]}`))
			if status := p.do(r, nil); status == http.StatusNoContent {
				p.h.t.Error("who has left is promised a copy")
			}
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			clock := newClock()
			office, h := withPost(t, clock.of)
			office.fails(errAway, nil)
			p := h.arrives()
			w := p.opens(0)
			w.says(asksFor("transcript-1"))
			eventually(t, "it is tried", func() bool { tries, _ := office.tried(); return tries > 0 })
			c.happens(p, w)
			if c.told { // in order behind what happened
				w.says(map[string]any{"type": "ping"})
				w.sees("pong")
			}
			office.fails(nil, nil)
			clock.forward(2 * longestPause)
			if c.told {
				w.told("transcript_unsafe")
			}
			other := h.arrives().opens(0)
			other.says(asksFor("transcript-1"))
			other.told("transcript_sent")
			if _, sent := office.tried(); len(sent) != 1 {
				t.Errorf("sent %d mails, want that of the other alone", len(sent))
			}
		})
	}
}

func TestWhatIsWrongWithAnAddressIsSaid(t *testing.T) {
	_, h := withPost(t)
	en, cy := h.arrives().opens(0), h.arrivesSpeaking("cy").opens(0)
	for address, want := range map[string][2]string{
		"":                    {"There is no address.", "Nid oes cyfeiriad."},
		"jo.example.org":      {"There is no @ in the address.", "Nid oes @ yn y cyfeiriad."},
		"jo@@example.org":     {"There is more than one @", "Mae mwy nag un @"},
		"jo bloggs@force.org": {"There is a space in the address.", "Mae bwlch yn y cyfeiriad."},
		"jo@force.org\r\nCc:": {"There is a space in the address.", "Mae bwlch yn y cyfeiriad."},
		"@example.org":        {"There is nothing before the @.", "Nid oes dim o flaen yr @."},
		"jo@":                 {"There is nothing after the @.", "Nid oes dim ar ôl yr @."},
		"jo@example,org":      {"“,” cannot stand in an address.", "Ni all “,” fod mewn cyfeiriad."},
		"<jo@example.org>":    {"“<” cannot", "Ni all “<”"},
		"jo@example..org":     {"There are two dots in a row", "Mae dau ddot yn olynol"},
		"jo.@example.org":     {"There is a dot where none can be", "Mae dot lle na all fod"},
		"jo@example.org.":     {"There is a dot where none can be", "Mae dot lle na all fod"},
		"jo@gmail":            {"After the @ the ending is missing", "Ar ôl yr @ mae’r terfyniad ar goll"},
		"jo\x00@example.org":  {"This is not how an email address is written.", "Nid fel hyn y mae ysgrifennu"},
		strings.Repeat("a", 250) + "@example.org": {"The address is too long.", "Mae’r cyfeiriad yn rhy hir."},
	} {
		for i, w := range []*window{en, cy} {
			ask := asksFor("transcript-1")
			ask["email"] = address
			w.says(ask)
			if f := w.sees("refused"); f.Code != "bad_address" || f.ID != "transcript-1" || !strings.Contains(f.Message, want[i]) {
				t.Errorf("%q: told %s, want %s", address, f.raw, want[i])
			}
		}
	}
	for i, good := range []string{"jo@example.org", "jo.o'neil+x@mail.force.police.uk", "siân@enghraifft.cymru"} {
		ask := asksFor(ids(i))
		ask["email"] = good
		en.says(ask)
		if f := en.told("transcript_asked"); f.ID != ids(i) {
			t.Errorf("%s: %s", good, f.raw)
		}
	}
}

func TestATranscriptThatIsCutSaysSo(t *testing.T) {
	words := transcriptWords("en")
	rows := make([]store.Row, transcriptRows)
	if text := words.written(rows, time.UTC); !strings.Contains(text, "This is not all") {
		t.Errorf("%q", text)
	}
	if text := words.written(rows[1:], time.UTC); text != "" {
		t.Errorf("%q", text)
	}
}

// slowPost is a mail server that gets the last byte when it is let to.
type slowPost struct{ began, goOn, sent chan struct{} }

// Mail implements Mailer.
func (o *slowPost) Mail(ctx context.Context, _, _, _ string, last func() error) error {
	o.began <- struct{}{}
	select {
	case <-o.goOn:
	case <-ctx.Done():
		return channels.NotSent(ctx.Err())
	}
	if err := last(); err != nil {
		return channels.NotSent(err)
	}
	o.sent <- struct{}{}
	return nil
}

func TestATranscriptOnItsWayWhenTheServerEndsIsSentAfterwardsOnce(t *testing.T) {
	office := &slowPost{make(chan struct{}, 1), make(chan struct{}, 1), make(chan struct{}, 10)}
	clock := newClock()
	h := newHouse(t, clock.of, func(h *house) { h.deps.Mailer = office })
	p := h.arrives()
	w := p.opens(0)
	w.says(asksFor("transcript-1"))
	w.told("transcript_asked")
	<-office.began
	h.stop()
	h.start()
	clock.forward(longestPause)
	<-office.began
	office.goOn <- struct{}{}
	w = p.opens(w.last)
	w.told("transcript_sent")
	if len(office.sent) != 1 {
		t.Errorf("sent %d times", len(office.sent))
	}
}

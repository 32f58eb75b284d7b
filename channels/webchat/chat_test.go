package webchat

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/coder/websocket"

	"contactd/channels"
	"contactd/contact"
)

func TestAPersonChatsWithTheDeskBothWays(t *testing.T) {
	h := newHouse(t)
	p := h.arrives()
	w := p.opens(0)
	w.writes("message-1", "There is a man in my garden")
	tick := w.sees("message")
	if tick.N != 1 || tick.ID != "message-1" || tick.Text != "There is a man in my garden" {
		t.Errorf("the tick is %s", tick.raw)
	}
	m := h.messages()[0]
	if m.Text != "There is a man in my garden" || m.Conversation != conversation("main", p.session) || m.Answer.Address != p.session || !m.Answer.Rules.Allowed {
		t.Errorf("read %+v", m)
	}
	if err := h.channel.Seen(t.Context(), contact.Seen{ConversationID: m.Conversation, ContactID: m.ID}); err != nil {
		t.Fatal(err)
	}
	if seen := w.sees("seen"); seen.ID != "message-1" || seen.N != 2 {
		t.Errorf("seen is %s", seen.raw)
	}
	h.channel.Typing(contact.Typing{ConversationID: m.Conversation, By: "handler"})
	w.sees("typing")
	receipt := h.replies(p, "1", "Are you safe?")
	answer := w.sees("reply")
	if answer.Text != "Are you safe?" || answer.N != 3 || receipt.PlatformID != p.session+"/3" || receipt.Confirmed {
		t.Errorf("the reply is %s, its receipt %+v", answer.raw, receipt)
	}
	if len(h.outcomes.all()) != 0 {
		t.Error("the reply was confirmed before the person had it")
	}
	w.says(map[string]any{"type": "received", "n": 3})
	eventually(t, "the reply is confirmed", func() bool { return len(h.outcomes.all()) == 1 })
	if told := h.outcomes.all()[0]; told.State != contact.Confirmed || told.ReplyID != answer.Reply {
		t.Errorf("told %+v", told)
	}
}

func TestNothingIsConfirmedThatIsNotDurable(t *testing.T) {
	h := newHouse(t)
	w := h.arrives().opens(0)
	h.inbox.Refuse(func([]channels.Original) error { return errors.New("the disk is full") })
	w.writes("message-1", "help")
	if f := w.sees("later"); f.ID != "message-1" {
		t.Errorf("got %s", f.raw)
	}
	h.inbox.Refuse(nil)
	w.writes("message-1", "help")
	if f := w.sees("message"); f.ID != "message-1" || f.N != 1 {
		t.Errorf("got %s", f.raw)
	}
}

func TestARepeatedMessageIsOneMessageAndIsConfirmedAgain(t *testing.T) {
	h := newHouse(t)
	w := h.arrives().opens(0)
	for range 3 {
		w.writes("message-1", "help")
		if f := w.sees("message"); f.N != 1 {
			t.Errorf("got %s", f.raw)
		}
	}
	w.writes("message-1", "something else")
	if f := w.sees("refused"); f.Code != "id_used" || f.ID != "message-1" {
		t.Errorf("got %s", f.raw)
	}
	if texts := h.texts(); !slices.Equal(texts, []string{"help"}) {
		t.Errorf("accepted %q", texts)
	}
}

func TestAChatGoesOnAfterARestart(t *testing.T) {
	h := newHouse(t)
	p := h.arrives()
	w := p.opens(0)
	w.writes("message-1", "one")
	w.sees("message")
	h.stop()
	if code := w.ends(); code != websocket.StatusServiceRestart {
		t.Errorf("the window was closed with %d", code)
	}
	h.start()
	h.replies(p, "1", "two")
	back := p.opens(w.last)
	if f := back.sees("reply"); f.N != 2 || f.Text != "two" {
		t.Errorf("got %s", f.raw)
	}
	back.writes("message-1", "one") // whose confirmation was lost, as far as this client knows
	if f := back.sees("message"); f.N != 1 {
		t.Errorf("got %s", f.raw)
	}
	back.writes("message-2", "three")
	if f := back.sees("message"); f.N != 3 {
		t.Errorf("got %s", f.raw)
	}
	if texts := h.texts(); !slices.Equal(texts, []string{"one", "three"}) {
		t.Errorf("accepted %q", texts)
	}
	fresh := p.opens(0)
	var all []string
	for range 3 {
		all = append(all, fresh.numbered().Text)
	}
	if !slices.Equal(all, []string{"one", "two", "three"}) {
		t.Errorf("a fresh window shows %q", all)
	}
}

func TestTwoWindowsShowTheSame(t *testing.T) {
	h := newHouse(t)
	p := h.arrives()
	one, two := p.opens(0), p.opens(0)
	one.writes("message-1", "from one")
	two.writes("message-2", "from two")
	h.replies(p, "1", "to both")
	for range 3 {
		for _, w := range []*window{one, two} {
			w.numbered()
		}
	}
	numbered := func(w *window) (texts []string) {
		for _, f := range w.seen {
			if f.N > 0 && f.Type != "hello" {
				texts = append(texts, fmt.Sprint(f.N, f.Text))
			}
		}
		return texts
	}
	if a, b := numbered(one), numbered(two); len(a) != 3 || !slices.Equal(a, b) {
		t.Errorf("one shows %q, two %q", a, b)
	}
}

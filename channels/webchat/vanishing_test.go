package webchat

import (
	"testing"
	"time"

	"github.com/coder/websocket"

	"contactd/contact"
)

// vanished returns what was told of people who are gone.
func (h *house) vanished() (all []contact.Message) {
	for _, m := range h.messages() {
		if m.Abandoned != nil {
			all = append(all, m)
		}
	}
	return all
}

// isQuiet waits until two more looks for vanished people have found nothing.
func (h *house) isQuiet(want int) {
	h.t.Helper()
	for range 2 {
		h.channel.current().tellVanished()
	}
	if got := h.vanished(); len(got) != want {
		h.t.Errorf("%d people vanished, want %d", len(got), want)
	}
}

func TestAPersonWhoVanishesIsToldOfOncePerDisappearance(t *testing.T) {
	clock := newClock()
	h := newHouse(t, clock.of)
	p := h.arrives()
	w := p.opens(0)
	w.writes("message-1", "he is coming up the stairs")
	w.sees("message")
	w.says(map[string]any{"type": "details", "id": "details-1", "safeToContact": "no"})
	w.sees("details")
	w.says(map[string]any{"type": "typing"})
	w.says(map[string]any{"type": "ping"})
	w.sees("pong")
	left := clock.now()
	w.close()
	h.gone(p)
	h.isQuiet(0)
	clock.forward(2*time.Minute + time.Second)
	eventually(t, "the disappearance is told", func() bool { return len(h.vanished()) == 1 })
	m := h.vanished()[0]
	a := m.Abandoned
	if a.ConversationID != conversation("main", p.session) || a.LastSeenAt.Sub(left).Abs() > 5*time.Second || a.Unanswered != 2 || a.SafeToContact != "no" ||
		a.LastTypingAt == nil || a.LastMessageAt == nil || a.LastTypingAt.Sub(left).Abs() > 5*time.Second || m.Text == "" || m.Automatic == contact.Person {
		t.Errorf("told %+v", a)
	}
	h.restart()
	clock.forward(time.Hour)
	h.isQuiet(1)

	back := p.opens(0) // and gone again
	back.close()
	h.gone(p)
	clock.forward(3 * time.Minute)
	eventually(t, "the second disappearance is told", func() bool { return len(h.vanished()) == 2 })
	if a, b := h.vanished()[0], h.vanished()[1]; a.ID == b.ID {
		t.Error("the two are one")
	}
}

// gone waits until the server knows that a person is not connected.
func (h *house) gone(p *person) {
	h.t.Helper()
	eventually(h.t, "the server knows that nobody is there", func() bool {
		s, err := h.channel.current().store.ByPublic(h.t.Context(), p.session)
		return err == nil && !s.GoneAt.IsZero()
	})
}

func TestWhoIsThereOrHasEndedOrNeverWroteHasNotVanished(t *testing.T) {
	clock := newClock()
	h := newHouse(t, clock.of)
	there := h.arrives().opens(0)
	there.writes("message-1", "I am here")
	there.sees("message")
	ended := h.arrives()
	w := ended.opens(0)
	w.writes("message-1", "thank you")
	w.sees("message")
	w.says(map[string]any{"type": "end", "id": "the-end-1"})
	if f := w.sees("notice"); f.Code != "ended" || f.ID != "the-end-1" {
		t.Errorf("got %s", f.raw)
	}
	w.writes("message-2", "one more thing")
	if f := w.sees("refused"); f.Code != "ended" {
		t.Errorf("got %s", f.raw)
	}
	w.close()
	silent := h.arrives()
	silent.opens(0).close()
	h.gone(ended)
	h.gone(silent)
	clock.forward(time.Hour)
	h.isQuiet(0)
	if f := ended.opens(0); !f.seen[0].Ended {
		t.Errorf("the chat is shown as open: %s", f.seen[0].raw)
	}
}

func TestAConversationWhosePersonWasThereWhenTheServerDiedVanishesOnlyIfNobodyComesBack(t *testing.T) {
	clock := newClock()
	h := newHouse(t, clock.of)
	p := h.arrives()
	w := p.opens(0)
	w.writes("message-1", "help")
	w.sees("message")
	left := clock.now()
	h.stop()
	clock.forward(time.Hour) // the server is away
	h.start()
	h.isQuiet(0)
	back := p.opens(w.last)
	clock.forward(time.Hour)
	h.isQuiet(0)
	h.stop()
	h.start()
	clock.forward(3 * time.Minute)
	eventually(t, "the disappearance is told", func() bool { return len(h.vanished()) == 1 })
	if seen := h.vanished()[0].Abandoned.LastSeenAt; seen.Sub(left) < time.Hour || seen.Sub(left) > 2*time.Hour+time.Minute {
		t.Errorf("last seen %s after they left", seen.Sub(left))
	}
	back.close()
}

func TestTheQuickExitIsKnownAtOnceAndCanForget(t *testing.T) {
	clock := newClock()
	h := newHouse(t, clock.of)
	p := h.arrives()
	w := p.opens(0)
	w.writes("message-1", "help")
	w.sees("message")
	bye := p.request("POST", "/chat/v1/bye?forget=1", bytesOf(p.token))
	bye.Header.Set("Origin", "null")
	bye.Header.Del("Authorization")
	if status := p.do(bye, nil); status != 204 {
		t.Errorf("bye: %d", status)
	}
	if code := w.ends(); code != websocket.StatusNormalClosure {
		t.Errorf("closed with %d", code)
	}
	if status := p.post("/chat/v1/tickets", struct{}{}, nil); status != 401 {
		t.Errorf("the token still opens the chat: %d", status)
	}
	if _, err := h.channel.Reply(t.Context(), h.to(p), h.reply(p, "1", "are you there?")); err == nil {
		t.Error("a reply that nobody can read was taken")
	}
	h.gone(p)
	clock.forward(3 * time.Minute)
	eventually(t, "the disappearance is told", func() bool { return len(h.vanished()) == 1 })
}

func TestChatsGoWhenTheirTimeIsOver(t *testing.T) {
	clock := newClock()
	h := newHouse(t, clock.of)
	old, young := h.arrives(), h.arrives()
	for _, p := range []*person{old, young} {
		w := p.opens(0)
		w.writes("message-1", "help")
		w.sees("message")
		w.close()
		h.gone(p)
	}
	unused := h.arrives()
	clock.forward(6 * 24 * time.Hour)
	h.replies(young, "1", "still here")
	clock.forward(2 * 24 * time.Hour)
	h.restart() // purges
	eventually(t, "the old ones are gone", func() bool {
		return old.post("/chat/v1/tickets", struct{}{}, nil) == 401 && unused.post("/chat/v1/tickets", struct{}{}, nil) == 401
	})
	if f := young.opens(0).sees("reply"); f.Text != "still here" {
		t.Errorf("got %s", f.raw)
	}
	if len(h.messages()) < 2 {
		t.Error("messages went with them")
	}
}

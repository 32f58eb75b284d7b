package webchat

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"contactd/contact"
)

func TestWhatAPersonSaysOfThemselvesGoesWithTheConversation(t *testing.T) {
	h := newHouse(t)
	p := h.arrives()
	w := p.opens(0)
	w.says(map[string]any{"type": "details", "id": "details-1", "name": "Jo Bloggs", "reach": "jo@example.org", "safeToContact": "unknown", "location": "12 Mill Lane"})
	if f := w.sees("details"); f.Name != "Jo Bloggs" || f.Reach != "jo@example.org" || f.SafeToContact != "unknown" || f.Location != "12 Mill Lane" {
		t.Errorf("stored %s", f.raw)
	}
	w.says(map[string]any{"type": "details", "id": "details-2", "reach": "07700 900123", "safeToContact": "no"})
	if f := w.sees("details"); f.Name != "Jo Bloggs" || f.Reach != "07700 900123" || f.SafeToContact != "no" {
		t.Errorf("what was left out is gone: %s", f.raw)
	}
	h.restart()
	w = p.opens(w.last)
	w.writes("message-1", "he is back")
	w.sees("message")
	all := h.messages()
	if m := all[0]; m.Sender.Name != "Jo Bloggs" || !slices.Equal(m.Emails, []string{"jo@example.org"}) || m.SafeToContact != "" ||
		len(m.Fields) != 4 || !strings.Contains(m.Text, "How to reach me: jo@example.org") || m.Locations[0].Value != "12 Mill Lane" {
		t.Errorf("first: %+v", m)
	}
	if m := all[2]; m.Sender.Name != "Jo Bloggs" || !slices.Equal(m.Phones, []string{"07700 900123"}) || m.SafeToContact != "no" || m.Text != "he is back" {
		t.Errorf("the message after: %+v", m)
	}
}

func TestALocationIsAMessageWithAPlace(t *testing.T) {
	h := newHouse(t)
	w := h.arrives().opens(0)
	w.says(map[string]any{"type": "location", "id": "location-1", "lat": 52.92277, "lon": -1.47663, "accuracyM": 12.5})
	if f := w.sees("message"); f.ID != "location-1" || f.Location == nil {
		t.Errorf("the tick is %s", f.raw)
	}
	m := h.messages()[0]
	if len(m.Locations) != 1 || *m.Locations[0].Lat != 52.92277 || m.Locations[0].Confidence != "high" || m.Locations[0].Source != "device" || !strings.Contains(m.Text, "52.922770, -1.476630") {
		t.Errorf("read %+v", m)
	}
}

func TestTheDeskIsToldOfTheCovertModeOnceThereIsAConversation(t *testing.T) {
	h := newHouse(t)
	p := h.arrives()
	w := p.opens(0)
	w.says(map[string]any{"type": "covert", "on": true})
	w.writes("message-1", "help")
	w.sees("message")
	w.says(map[string]any{"type": "covert", "on": false})
	w.says(map[string]any{"type": "covert", "on": false})
	w.says(map[string]any{"type": "ping"})
	w.sees("pong")
	all := h.messages()
	if len(all) != 2 || !all[0].Covert || all[1].Covert || !strings.Contains(all[1].Text, "covert mode off") {
		t.Errorf("read %+v", all)
	}
	if hello := p.opens(0).seen[0]; hello.Covert {
		t.Errorf("still covert: %s", hello.raw)
	}
}

// loud is a Judge to whom what is loud is urgent.
type loud struct{}

// Urgent implements Judge.
func (loud) Urgent(text string) bool { return strings.HasSuffix(text, "!") }

func TestMessagesOverTheLimitAreTakenAndConfirmedLateButEmergenciesAreNot(t *testing.T) {
	delays, over := make(chan time.Duration, 1), make(chan time.Time)
	h := newHouse(t, func(h *house) {
		h.config.Limits = Limits{MessagesPerMinute: 60, MessagesPerHour: 25}
		h.deps.Judge = loud{}
		now := time.Now()
		h.deps.Now = func() time.Time { return now }
		h.timing = func(t *timing) {
			t.late = func(delay time.Duration) <-chan time.Time { delays <- delay; return over }
		}
	})
	p := h.arrives()
	w := p.opens(0)
	for i := range 20 {
		w.writes(ids(i), "one of many")
		w.sees("message")
	}
	w.writes(ids(20), "one too many")
	if f := w.sees("notice"); f.Code != "queued" {
		t.Errorf("told %s", f.raw)
	}
	if late := <-delays; late != time.Second {
		t.Errorf("held back for %s", late)
	}
	h.await(21) // durable before it is confirmed
	over <- time.Time{}
	w.sees("message")
	w.writes(ids(21), "he has a knife!")
	w.sees("message")
	if len(delays) > 0 {
		t.Errorf("an emergency is held back for %s", <-delays)
	}
}

// Two tabs of one chat, both held back.
func TestAnswersThatAreHeldBackAtTheSameTimeAreAllKept(t *testing.T) {
	delays, over := make(chan time.Duration, 2), make(chan time.Time)
	h := newHouse(t, func(h *house) {
		h.config.Limits = Limits{MessagesPerMinute: 3}
		h.timing = func(t *timing) {
			t.late = func(delay time.Duration) <-chan time.Time { delays <- delay; return over }
		}
	})
	p := h.arrives()
	first, second := p.opens(0), p.opens(0)
	first.writes("message-1", "hello")
	first.sees("message")
	first.says(map[string]any{"type": "details", "id": "details-1", "safeToContact": "no"})
	<-delays
	second.says(map[string]any{"type": "details", "id": "details-2", "name": "Jo"})
	<-delays
	close(over)
	first.sees("details")
	first.sees("details")
	first.writes("message-2", "are you there?")
	first.sees("message")
	if last := h.messages()[3]; last.SafeToContact != "no" || last.Sender.Name != "Jo" {
		t.Errorf("the desk is told %q, %q", last.SafeToContact, last.Sender.Name)
	}
}

func TestWhoWritesFarTooMuchHasToWaitAndAnEmergencyPasses(t *testing.T) {
	h := newHouse(t, func(h *house) {
		h.config.Limits = Limits{MessagesPerMinute: 6000, MessagesPerHour: 5}
		h.deps.Judge = loud{}
	})
	w := h.arrives().opens(0)
	for i := range 5 {
		w.writes(ids(i), "one of many")
		w.sees("message")
	}
	w.writes(ids(5), "one too many")
	if f := w.sees("later"); f.Code != "too_many" || f.ID != ids(5) {
		t.Errorf("got %s", f.raw)
	}
	w.writes(ids(6), "he has a knife!")
	w.sees("message")
	w.writes(ids(7), strings.Repeat("!", 9<<10))
	if f := w.sees("refused"); f.Code != "too_long" {
		t.Errorf("an emergency of any size is taken: %s", f.raw)
	}
}

func ids(i int) string { return "message-" + string(rune('a'+i)) }

func TestTypingIsPassedOnAndNotTooOften(t *testing.T) {
	clock := newClock()
	told := &typings{}
	h := newHouse(t, clock.of, func(h *house) { h.deps.Signals = told })
	p := h.arrives()
	w := p.opens(0)
	burst := func() {
		for range 5 {
			w.says(map[string]any{"type": "typing"})
		}
		w.says(map[string]any{"type": "ping"})
		w.sees("pong")
	}
	burst()
	clock.forward(typingEach + time.Second)
	burst()
	want := "webchat/main/" + conversation("main", p.session)
	if got := told.all(); !slices.Equal(got, []string{want, want}) {
		t.Errorf("told %q", got)
	}
	h.channel.Typing(contact.Typing{ConversationID: conversation("main", p.session), By: "sender"})
	w.says(map[string]any{"type": "ping"})
	if f := w.next(); f.Type != "pong" {
		t.Errorf("a person sees that they are typing: %s", f.raw)
	}
}

type typings struct {
	mutex sync.Mutex
	told  []string
}

// SenderTyping implements channels.Signals.
func (s *typings) SenderTyping(channel, account, conversation string) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.told = append(s.told, channel+"/"+account+"/"+conversation)
}

func (s *typings) all() []string {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return slices.Clone(s.told)
}

func TestReceiptsAreToldEvenIfThatFailsAtFirst(t *testing.T) {
	h := newHouse(t)
	p := h.arrives()
	w := p.opens(0)
	h.outcomes.failing = errors.New("the journal is away")
	h.replies(p, "1", "hello")
	w.sees("reply")
	w.says(map[string]any{"type": "received", "n": 99}) // more than there is
	w.says(map[string]any{"type": "ping"})
	w.sees("pong")
	h.stop()
	h.outcomes.failing = nil
	h.start()
	eventually(t, "the receipt is told", func() bool { return len(h.outcomes.all()) == 1 })
	if found, err := h.channel.Find(t.Context(), h.to(p), h.reply(p, "1", "hello")); err != nil || !found.Confirmed {
		t.Errorf("find: %+v, %v", found, err)
	}
}

func TestAReplyThatWasMadeTwiceIsShownOnce(t *testing.T) {
	h := newHouse(t)
	p := h.arrives()
	first := h.replies(p, "1", "hello")
	h.restart()
	if again := h.replies(p, "1", "hello"); again != first {
		t.Errorf("%+v became %+v", first, again)
	}
	h.replies(p, "2", "goodbye")
	w := p.opens(0)
	if a, b := w.sees("reply"), w.sees("reply"); a.Text != "hello" || b.Text != "goodbye" {
		t.Errorf("shown %s and %s", a.raw, b.raw)
	}
}

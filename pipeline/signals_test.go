package pipeline

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"

	"contactd/channels"
	"contactd/contact"
	"contactd/contact/contacttest"
)

func testSignals() *Signals {
	return NewSignals(Config{}, "borsetshire", slog.New(slog.DiscardHandler), time.Now)
}

func TestTypingIsToldAtMostOnceInThreeSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, out := testSignals(), tray{}
		out.records = make(chan *message.Message, 100)
		ctx, cancel := context.WithCancel(t.Context())
		go s.Publish(ctx, out)
		conversation := contact.ConversationID("webchat", "main", "1")
		for range 40 { // four seconds of typing
			s.SenderTyping("webchat", "main", conversation)
			time.Sleep(100 * time.Millisecond)
		}
		synctest.Wait()
		cancel()
		if n := len(out.records); n != 2 {
			t.Errorf("told %d times, want 2", n)
		}
		record := <-out.records
		contacttest.Valid(t, record.Payload)
		if record.Metadata.Get(MetaKey) != conversation {
			t.Errorf("key %q", record.Metadata.Get(MetaKey))
		}
	})
}

func TestSignalsNeverBlockAndOldOnesAreNotTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, out := testSignals(), tray{}
		out.records = make(chan *message.Message, signalQueue)
		for i := range 3 * signalQueue { // nobody publishes
			s.SenderTyping("webchat", "main", fmt.Sprint(i))
		}
		time.Sleep(signalLife + time.Second)
		ctx, cancel := context.WithCancel(t.Context())
		go s.Publish(ctx, out)
		synctest.Wait()
		cancel()
		if n := len(out.records); n != 0 {
			t.Errorf("%d signals were told too late", n)
		}
	})
}

func TestAFloodOfConversationsDoesNotGrowTheMemory(t *testing.T) {
	s := testSignals()
	for i := range 2 * signalConversations {
		s.SenderTyping("webchat", "main", fmt.Sprint(i))
	}
	if len(s.last) > signalConversations {
		t.Errorf("%d conversations are remembered", len(s.last))
	}
}

// onlooker remembers what the desk does.
type onlooker struct {
	typing   int
	handlers []int
}

func (*onlooker) Seen(context.Context, contact.Seen) error { return nil }
func (o *onlooker) Typing(contact.Typing)                  { o.typing++ }
func (o *onlooker) Presence(p contact.Presence)            { o.handlers = append(o.handlers, p.Handlers) }

func TestPeopleAreShownWhatHappensAtTheDesk(t *testing.T) {
	s := testSignals()
	s.now = func() time.Time { return noon }
	var o onlooker
	show := func(eventType string, data any) {
		raw, err := json.Marshal(data)
		if err != nil {
			t.Fatal(err)
		}
		record, err := json.Marshal(contact.Event{Type: eventType, Data: raw})
		if err != nil {
			t.Fatal(err)
		}
		s.Attend(record, []channels.Attendant{&o})
	}
	show(contact.PresenceV1, contact.Presence{Handlers: 2, At: noon, Until: noon.Add(time.Minute)})
	show(contact.PresenceV1, contact.Presence{Handlers: 9, At: noon.Add(-time.Hour), Until: noon.Add(-time.Second)}) // over
	show(contact.TypingV1, contact.Typing{By: "handler", At: noon})
	show(contact.TypingV1, contact.Typing{By: "sender", At: noon})                    // our own, come back
	show(contact.TypingV1, contact.Typing{By: "handler", At: noon.Add(-time.Minute)}) // old
	show("contact.something.v1", 7)
	s.Attend([]byte("no event"), []channels.Attendant{&o})
	if o.typing != 1 || len(o.handlers) != 1 || o.handlers[0] != 2 {
		t.Errorf("shown %+v", o)
	}
}

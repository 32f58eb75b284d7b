package pipeline

import (
	"context"
	"encoding/json"
	"log/slog"
	"sync"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"

	"contactd/channels"
	"contactd/contact"
)

const (
	// signalPause is the time between two signals of one conversation, and
	// signalLife how long one is worth telling.
	signalPause = 3 * time.Second
	signalLife  = 5 * time.Second
	// signalQueue and signalConversations bound what is remembered.
	signalQueue         = 256
	signalConversations = 20_000
)

// Signals carry what matters for seconds only. It implements channels.Signals.
// Whatever does not fit is dropped: nobody waits for it.
type Signals struct {
	seal  sealer
	log   *slog.Logger
	now   func() time.Time
	queue chan contact.Event

	mu   sync.Mutex
	last map[string]time.Time // by conversation
}

// NewSignals returns signals that wait for Publish.
func NewSignals(config Config, force string, log *slog.Logger, now func() time.Time) *Signals {
	return &Signals{
		seal: sealer{force: force, config: config.WithDefaults()}, log: log, now: now,
		queue: make(chan contact.Event, signalQueue), last: map[string]time.Time{},
	}
}

// SenderTyping tells the desk that somebody is writing.
func (s *Signals) SenderTyping(channel, account, conversation string) {
	now := s.now()
	if !s.due(conversation, now) {
		return
	}
	select {
	case s.queue <- s.seal.typing(channel, account, conversation, now):
	default:
	}
}

// due reports whether the conversation may signal again.
func (s *Signals) due(conversation string, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now.Sub(s.last[conversation]) < signalPause {
		return false
	}
	if len(s.last) >= signalConversations {
		for key, at := range s.last {
			if now.Sub(at) >= signalPause {
				delete(s.last, key)
			}
		}
		if len(s.last) >= signalConversations {
			return false
		}
	}
	s.last[conversation] = now
	return true
}

// Publish sends what is signalled through out until ctx ends.
func (s *Signals) Publish(ctx context.Context, out message.Publisher) {
	for {
		select {
		case <-ctx.Done():
			return
		case event := <-s.queue:
			if s.now().Sub(event.Time) > signalLife {
				continue // the broker was away
			}
			record, err := Envelope(event, LaneNormal)
			if err == nil {
				err = out.Publish(TopicSignals, record)
			}
			if err != nil {
				s.log.Debug("publish signal", "err", err)
			}
		}
	}
}

func (s sealer) typing(channel, account, conversation string, at time.Time) contact.Event {
	raw, _ := json.Marshal(contact.Typing{ // holds nothing that cannot be written
		SchemaVersion: schemaVersion, ConversationID: conversation, By: "sender", At: at.UTC(),
	})
	id := contact.EventID(contact.TypingV1, conversation, at.UTC().Format(time.RFC3339Nano))
	event := s.begin(contact.TypingV1, id, conversation, at)
	event.Source, event.Data = s.source(channel, account), raw
	event.PartitionKey, event.CorrelationID = conversation, conversation
	return event
}

// Attend shows people what a record of TopicSignals says of the desk. A record
// that cannot be read is ignored, as one that was lost.
func (s *Signals) Attend(record []byte, attendants []channels.Attendant) {
	var e contact.Event
	if json.Unmarshal(record, &e) != nil || e.Force != "" && e.Force != s.seal.force {
		return
	}
	switch e.Type {
	case contact.PresenceV1:
		var presence contact.Presence
		if json.Unmarshal(e.Data, &presence) != nil || s.now().After(presence.Until) {
			return
		}
		for _, each := range attendants {
			each.Presence(presence)
		}
	case contact.TypingV1:
		var typing contact.Typing
		if json.Unmarshal(e.Data, &typing) != nil || typing.By != "handler" || s.now().Sub(typing.At) > 2*signalLife {
			return
		}
		for _, each := range attendants {
			each.Typing(typing)
		}
	}
}

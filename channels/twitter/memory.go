package twitter

import (
	"context"
	"fmt"
	"sync"
	"time"

	"contactd/channels/twitter/element"
	"contactd/contact"
)

// memory is what is known of what we sent since the start: it makes receipts
// fit and look-ups short. What it has forgotten is looked up with X.
type memory struct {
	mutex sync.Mutex
	sent  map[string]*sending // by reply
	by    map[string]string   // reply by X's id
	order []string            // replies, oldest first
}

// sending is one reply on its way.
type sending struct {
	person    string // of a direct message
	id        string // X's, once known
	attempted time.Time
}

// remembered bounds the memory.
const remembered = 10_000

func newMemory() *memory { return &memory{sent: map[string]*sending{}, by: map[string]string{}} }

// attempt notes that a reply is about to be sent.
func (m *memory) attempt(reply, person string, at time.Time) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	s := m.sent[reply]
	if s == nil {
		m.forget()
		s = &sending{}
		m.sent[reply], m.order = s, append(m.order, reply)
	}
	s.person, s.attempted = person, at
}

// forget makes room for one. The caller holds mutex.
func (m *memory) forget() {
	if len(m.order) < remembered {
		return
	}
	if old := m.sent[m.order[0]]; old != nil {
		delete(m.by, old.id)
	}
	delete(m.sent, m.order[0])
	m.order = m.order[1:]
}

// know notes what X calls a reply.
func (m *memory) know(reply, id string) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if s := m.sent[reply]; s != nil && id != "" {
		s.id, m.by[id] = id, reply
	}
}

// of returns what is known of a reply; false for nothing.
func (m *memory) of(reply string) (sending, bool) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if s := m.sent[reply]; s != nil {
		return *s, true
	}
	return sending{}, false
}

// replyOf returns the reply that X calls so.
func (m *memory) replyOf(id string) string {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	return m.by[id]
}

// readBy returns the replies that a person has read.
func (m *memory) readBy(read element.Sent) map[string]string {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	replies := map[string]string{}
	for reply, s := range m.sent {
		seen := read.Last != "" && !element.Less(read.Last, s.id) || read.Last == "" && !s.attempted.After(read.Until)
		if s.person == read.Person && s.id != "" && seen {
			replies[reply] = s.id
		}
	}
	return replies
}

// heard passes on what a delivery says about something that we sent. An error
// means that X must say it again.
func (ch *Channel) heard(ctx context.Context, a *account, sent element.Sent) error {
	if ch.deps.Outcomes == nil || sent.Person == "" {
		return nil
	}
	for reply, id := range a.sent.readBy(sent) {
		err := ch.deps.Outcomes.Outcome(ctx, contact.Outcome{ReplyID: reply, State: contact.Confirmed, PlatformID: id, At: ch.now().UTC()})
		if err != nil {
			return fmt.Errorf("note what became of a reply: %w", err)
		}
	}
	return nil
}

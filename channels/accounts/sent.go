package accounts

import (
	"sync"
	"time"

	"contactd/contact"
)

// Sent is what is known of what an account has sent since the start: it makes
// receipts fit and look-ups short. What it has forgotten is looked up with the
// platform. It is safe for concurrent use.
type Sent struct {
	mutex sync.Mutex
	sent  map[string]*sending // by reply
	by    map[string]string   // reply by platform id
	order []string            // replies, oldest first
}

// sending is one reply on its way.
type sending struct {
	thread    string
	parts     map[int]string // platform ids by part, from 1
	of        int            // how many parts there are, 0 when unknown
	attempted time.Time
}

// last is the platform id of the last part, false while parts are missing.
func (s *sending) last() (string, bool) {
	if s.of == 0 || len(s.parts) != s.of {
		return "", false
	}
	return s.parts[s.of], true
}

// remembered bounds the memory, in replies.
const remembered = 10_000

// NewSent makes an empty one.
func NewSent() *Sent { return &Sent{sent: map[string]*sending{}, by: map[string]string{}} }

// of returns what is known of a reply, making room for it. The caller holds
// mutex.
func (m *Sent) of(reply string) *sending {
	s := m.sent[reply]
	if s != nil {
		return s
	}
	if len(m.order) >= remembered {
		if old := m.sent[m.order[0]]; old != nil {
			for _, id := range old.parts {
				delete(m.by, id)
			}
		}
		delete(m.sent, m.order[0])
		m.order = m.order[1:]
	}
	s = &sending{parts: map[int]string{}}
	m.sent[reply], m.order = s, append(m.order, reply)
	return s
}

// Attempt notes that a part of a reply of so many is about to be sent to a
// thread.
func (m *Sent) Attempt(reply, thread string, of int, at time.Time) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	s := m.of(reply)
	s.thread, s.of, s.attempted = thread, of, at
}

// Attempted is when a reply was last tried, zero when not known.
func (m *Sent) Attempted(reply string) time.Time {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if s := m.sent[reply]; s != nil {
		return s.attempted
	}
	return time.Time{}
}

// Since is from when on a reply may have been written, by our clock: it was asked
// for before it was tried, and who asked may have a clock that is ahead of ours.
func (m *Sent) Since(reply contact.Reply) time.Time {
	if tried := m.Attempted(reply.ID); !tried.IsZero() && tried.Before(reply.RequestedAt) {
		return tried
	}
	return reply.RequestedAt
}

// Know notes that a part has a platform id; of is 0 when it is not known how
// many there are.
func (m *Sent) Know(reply string, part, of int, id string) {
	if id == "" {
		return
	}
	m.mutex.Lock()
	defer m.mutex.Unlock()
	s := m.of(reply)
	if of > 0 {
		s.of = of
	}
	s.parts[part], m.by[id] = id, reply
}

// Parts returns the known platform ids of a reply, by part, and whether that is
// all of it.
func (m *Sent) Parts(reply string) (ids map[int]string, complete bool) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	ids = map[int]string{}
	s := m.sent[reply]
	if s == nil {
		return ids, false
	}
	for part, id := range s.parts {
		ids[part] = id
	}
	_, complete = s.last()
	return ids, complete
}

// ReplyOf returns the reply that a platform id belongs to, or nothing.
func (m *Sent) ReplyOf(id string) string {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	return m.by[id]
}

// In returns the complete replies in a thread that fit, with the platform id of
// their last part.
func (m *Sent) In(thread string, fits func(attempted time.Time, id string) bool) map[string]string {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	replies := map[string]string{}
	for reply, s := range m.sent {
		if id, complete := s.last(); complete && s.thread == thread && fits(s.attempted, id) {
			replies[reply] = id
		}
	}
	return replies
}

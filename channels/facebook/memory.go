package facebook

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"contactd/channels/facebook/delivery"
	"contactd/contact"
)

// memory is what is known of what we sent since the start: it makes receipts
// fit and look-ups short. What it has forgotten is looked up with the platform.
type memory struct {
	mutex sync.Mutex
	sent  map[string]*sending // by reply
	by    map[string]string   // reply by platform id
	order []string            // replies, oldest first
}

// sending is one reply on its way.
type sending struct {
	thread    string
	parts     map[int]string // platform ids by part
	of        int            // how many parts there are, 0 when unknown
	attempted time.Time
}

// remembered bounds the memory.
const remembered = 10_000

func newMemory() *memory { return &memory{sent: map[string]*sending{}, by: map[string]string{}} }

// metadata is what a part of a reply carries to the platform and back.
func metadata(reply string, part, of int) string { return fmt.Sprintf("%s#%d/%d", reply, part, of) }

// readMetadata reads it; false when it is not ours.
func readMetadata(text string) (reply string, part, of int, ok bool) {
	reply, numbers, found := strings.Cut(text, "#")
	first, second, slash := strings.Cut(numbers, "/")
	part, err1 := strconv.Atoi(first)
	of, err2 := strconv.Atoi(second)
	ok = found && slash && err1 == nil && err2 == nil && strings.HasPrefix(reply, "r-") && part >= 1 && of >= part && of <= 100
	return reply, part, of, ok
}

// of returns what is known of a reply, making room for it. The caller holds
// mutex.
func (m *memory) of(reply string) *sending {
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

// attempt notes that a part is about to be sent.
func (m *memory) attempt(reply, thread string, of int, at time.Time) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	s := m.of(reply)
	s.thread, s.of, s.attempted = thread, of, at
}

// attempted is when a reply was last tried, zero when not known.
func (m *memory) attempted(reply string) time.Time {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if s := m.sent[reply]; s != nil {
		return s.attempted
	}
	return time.Time{}
}

// know notes that a part has a platform id.
func (m *memory) know(reply string, part, of int, id string) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	s := m.of(reply)
	if of > 0 {
		s.of = of
	}
	s.parts[part], m.by[id] = id, reply
}

// parts returns the known platform ids of a reply, by part.
func (m *memory) parts(reply string) (ids map[int]string, complete bool) {
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
	return ids, s.of > 0 && len(s.parts) == s.of
}

// replyOf returns the reply that a platform id belongs to.
func (m *memory) replyOf(id string) string {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	return m.by[id]
}

// upTo returns the complete replies to a person that were sent up to a moment.
func (m *memory) upTo(thread string, until time.Time) []string {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	var replies []string
	for _, reply := range m.order {
		s := m.sent[reply]
		if s.thread == thread && s.of > 0 && len(s.parts) == s.of && !s.attempted.After(until) {
			replies = append(replies, reply)
		}
	}
	return replies
}

// heard passes on what a delivery says about something that we sent. An error
// means that Meta must say it again.
func (ch *Channel) heard(ctx context.Context, a *account, sent delivery.Sent) error {
	replies := map[string]string{} // with the platform's id
	if reply, part, of, ok := readMetadata(sent.Metadata); ok && len(sent.IDs) > 0 {
		a.sent.know(reply, part, of, sent.IDs[0])
		if _, complete := a.sent.parts(reply); complete || of == 1 {
			replies[reply] = sent.IDs[0]
		}
	}
	for _, id := range sent.IDs {
		if reply := a.sent.replyOf(id); reply != "" {
			if _, complete := a.sent.parts(reply); complete {
				replies[reply] = id
			}
		}
	}
	if !sent.Until.IsZero() && sent.Thread != "" {
		for _, reply := range a.sent.upTo(sent.Thread, sent.Until) {
			if _, there := replies[reply]; !there {
				replies[reply] = ""
			}
		}
	}
	if ch.deps.Outcomes == nil {
		return nil
	}
	for reply, id := range replies {
		outcome := contact.Outcome{ReplyID: reply, State: contact.HandedOver, PlatformID: id, At: ch.now().UTC()}
		switch {
		case sent.Failed != "":
			outcome.State, outcome.Reason = contact.Failed, sent.Failed
		case sent.Reached:
			outcome.State = contact.Confirmed
		}
		if err := ch.deps.Outcomes.Outcome(ctx, outcome); err != nil {
			return fmt.Errorf("note what became of a reply: %w", err)
		}
	}
	return nil
}

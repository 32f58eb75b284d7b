package pipeline

import (
	"container/list"
	"sync"

	"contactd/contact"
)

// judged is a message with its assessment.
type judged struct {
	message    contact.Message
	assessment contact.Assessment
}

// What parts of a judged message hold beside their texts, in bytes.
const (
	messageBytes = 2048
	opinionBytes = 256
	reasonBytes  = 192
	spanBytes    = 48
)

// weight is about how much memory a judged message holds, in bytes.
func (j judged) weight() int {
	sum := len(j.message.Text) + len(j.message.Authored) + len(j.message.Subject) + messageBytes
	sum += reasonsWeight(j.assessment.Reasons)
	for _, opinion := range j.assessment.Opinions {
		sum += opinionBytes + reasonsWeight(opinion.Reasons)
	}
	return sum
}

func reasonsWeight(reasons []contact.Reason) int {
	sum := 0
	for _, reason := range reasons {
		sum += reasonBytes + len(reason.Text) + len(reason.Spans)*spanBytes
	}
	return sum
}

// memo keeps what was read between sorting and publishing, so that in calm
// weather nothing is read twice. It is a cache and nothing more: bounded, and
// whatever was dropped is read again from the original.
type memo struct {
	mu      sync.Mutex
	room    int // bytes left
	order   *list.List
	entries map[int64]*list.Element
}

type remembered struct {
	seq int64
	judged
}

func newMemo(bytes int) *memo {
	return &memo{room: bytes, order: list.New(), entries: map[int64]*list.Element{}}
}

// put remembers j, and forgets the oldest until it fits.
func (m *memo) put(seq int64, j judged) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.drop(seq)
	m.entries[seq] = m.order.PushBack(remembered{seq, j})
	m.room -= j.weight()
	for m.room < 0 {
		m.drop(m.order.Front().Value.(remembered).seq)
	}
}

// take returns what was remembered and forgets it.
func (m *memo) take(seq int64) (judged, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	element, ok := m.entries[seq]
	if !ok {
		return judged{}, false
	}
	j := element.Value.(remembered).judged
	m.drop(seq)
	return j, true
}

func (m *memo) drop(seq int64) {
	if element, ok := m.entries[seq]; ok {
		m.room += m.order.Remove(element).(remembered).weight()
		delete(m.entries, seq)
	}
}

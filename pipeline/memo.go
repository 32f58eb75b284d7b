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
	messageBytes    = 2048
	senderBytes     = 32
	attachmentBytes = 256
	fieldBytes      = 48
	opinionBytes    = 256
	reasonBytes     = 192
	spanBytes       = 48
	signBytes       = 80
)

// weight is about how much memory a judged message holds, in bytes.
func (j judged) weight() int {
	sum := messageWeight(j.message)
	sum += reasonsWeight(j.assessment.Reasons)
	for _, opinion := range j.assessment.Opinions {
		sum += opinionBytes + reasonsWeight(opinion.Reasons)
	}
	return sum + notesWeight(j.assessment.Notes)
}

func messageWeight(m contact.Message) int {
	sum := len(m.Text) + len(m.Authored) + len(m.Subject) + messageBytes
	for _, each := range m.Recipients {
		sum += senderBytes + len(each.Name) + len(each.Address)
	}
	for _, address := range m.Thread.Participants {
		sum += len(address)
	}
	for _, a := range m.Attachments {
		sum += attachmentBytes + len(a.Name) + len(a.Claimed)
	}
	for _, f := range m.Fields {
		sum += fieldBytes + len(f.Name) + len(f.Label) + len(f.Value)
	}
	return sum
}

func notesWeight(n contact.Notes) int {
	sum := 0
	weigh := func(spans []contact.Span) { sum += signBytes + len(spans)*spanBytes }
	eachSpans(n, weigh)
	if n.Thrive != nil {
		for _, heading := range n.Thrive.Headings {
			sum += signBytes
			for _, each := range heading.Hints {
				weigh(each.Spans)
			}
		}
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

// memo keeps what was read between sorting and publishing, so that nothing is
// read twice. It is a cache and nothing more: bounded, and whatever does not
// fit is read again from the original. What is published last gives way: in a
// backlog the first are still there when their turn comes, while to forget the
// oldest would mean to have forgotten each by then.
type memo struct {
	mu      sync.Mutex
	room    int // bytes left
	lanes   [lanes]*list.List
	entries map[int64]*list.Element
}

// lanes are as many as there are.
const lanes = LaneLow + 1

type remembered struct {
	seq  int64
	lane Lane
	judged
}

func newMemo(bytes int) *memo {
	m := &memo{room: bytes, entries: map[int64]*list.Element{}}
	for i := range m.lanes {
		m.lanes[i] = list.New()
	}
	return m
}

// put remembers j, which is published in this lane, as far as there is room.
func (m *memo) put(seq int64, l Lane, j judged) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.drop(seq)
	m.entries[seq] = m.lanes[l].PushBack(remembered{seq, l, j})
	m.room -= j.weight()
	for last := lanes - 1; m.room < 0; last-- {
		for back := m.lanes[last].Back(); m.room < 0 && back != nil; back = m.lanes[last].Back() {
			m.drop(back.Value.(remembered).seq)
		}
	}
}

// get returns what was remembered.
func (m *memo) get(seq int64) (judged, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	element, ok := m.entries[seq]
	if !ok {
		return judged{}, false
	}
	return element.Value.(remembered).judged, true
}

// forget gives the room back.
func (m *memo) forget(seq int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.drop(seq)
}

func (m *memo) drop(seq int64) {
	if element, ok := m.entries[seq]; ok {
		gone := m.lanes[element.Value.(remembered).lane].Remove(element).(remembered)
		m.room += gone.weight()
		delete(m.entries, seq)
	}
}

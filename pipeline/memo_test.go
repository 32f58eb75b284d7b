package pipeline

import (
	"strings"
	"testing"

	"contactd/contact"
)

func TestMemoForgetsTheOldestWhenFull(t *testing.T) {
	text := strings.Repeat("x", 10_000)
	m := newMemo(30_000)
	for seq := int64(1); seq <= 5; seq++ {
		m.put(seq, judged{message: contact.Message{Text: text}})
	}
	if _, ok := m.take(1); ok {
		t.Error("the oldest must be forgotten")
	}
	if _, ok := m.take(5); !ok {
		t.Error("the newest must be remembered")
	}
	if _, ok := m.take(5); ok {
		t.Error("what was taken is forgotten")
	}
	m.take(4)
	if m.room != 30_000 || len(m.entries) != 0 {
		t.Errorf("room %d with %d entries left, want all of it back", m.room, len(m.entries))
	}
}

func TestMemoHoldsNothingLargerThanItself(t *testing.T) {
	m := newMemo(1000)
	m.put(1, judged{message: contact.Message{Text: strings.Repeat("x", 5000)}})
	if _, ok := m.take(1); ok || m.room != 1000 {
		t.Error("a message over the bound must not be held")
	}
}

func TestWhatJudgesSaidCountsInTheMemo(t *testing.T) {
	const bound, each = 20_000, 12
	reasons := make([]contact.Reason, each)
	for i := range reasons {
		reasons[i].Text = strings.Repeat("x", 100)
	}
	m := newMemo(bound)
	for seq := int64(1); seq <= 10; seq++ {
		m.put(seq, judged{assessment: contact.Assessment{Reasons: reasons, Opinions: []contact.Opinion{{Reasons: reasons}}}})
	}
	if held := len(m.entries); held*2*each*100 > bound {
		t.Errorf("%d messages with 2,400 bytes of reasons each are held in %d", held, bound)
	}
}

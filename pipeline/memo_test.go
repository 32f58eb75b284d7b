package pipeline

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/ThreeDotsLabs/watermill/message"

	"contactd/contact"
)

func TestMemoForgetsWhatIsPublishedLast(t *testing.T) {
	text := strings.Repeat("x", 10_000)
	m := newMemo(30_000)
	for seq := int64(1); seq <= 5; seq++ {
		m.put(seq, LaneNormal, judged{message: contact.Message{Text: text}})
	}
	m.put(6, LaneEmergency, judged{message: contact.Message{Text: text}})
	m.put(7, LaneLow, judged{message: contact.Message{Text: text}})
	var held []int64
	for seq := int64(1); seq <= 7; seq++ {
		if _, ok := m.get(seq); ok {
			held = append(held, seq)
			m.forget(seq)
		}
	}
	if !slices.Equal(held, []int64{1, 6}) {
		t.Errorf("holds %v, want the first of a backlog, and the emergency that overtakes it", held)
	}
	if _, ok := m.get(6); ok {
		t.Error("what was forgotten is still there")
	}
	if m.room != 30_000 || len(m.entries) != 0 {
		t.Errorf("room %d with %d entries left, want all of it back", m.room, len(m.entries))
	}
}

func TestMemoHoldsNothingLargerThanItself(t *testing.T) {
	m := newMemo(1000)
	m.put(1, LaneNormal, judged{message: contact.Message{Text: strings.Repeat("x", 5000)}})
	if _, ok := m.get(1); ok || m.room != 1000 {
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
		m.put(seq, LaneNormal, judged{assessment: contact.Assessment{Reasons: reasons, Opinions: []contact.Opinion{{Reasons: reasons}}}})
	}
	if held := len(m.entries); held*2*each*100 > bound {
		t.Errorf("%d messages with 2,400 bytes of reasons each are held in %d", held, bound)
	}
}

func TestEverybodyWhoIsNamedInAMessageCountsInTheMemo(t *testing.T) {
	const bound, each = 200_000, 500
	m := newMemo(bound)
	for seq := int64(1); seq <= 50; seq++ {
		var message contact.Message
		for range each {
			message.Recipients = append(message.Recipients, contact.Sender{Name: strings.Repeat("n", 60), Address: strings.Repeat("a", 60)})
			message.Attachments = append(message.Attachments, contact.Attachment{Name: strings.Repeat("f", 60)})
			message.Fields = append(message.Fields, contact.Field{Value: strings.Repeat("v", 60)})
		}
		m.put(seq, LaneNormal, judged{message: message})
	}
	if held := len(m.entries); held*each*240 > bound {
		t.Errorf("%d messages with 120,000 bytes of names, files and answers each are held in %d", held, bound)
	}
}

func TestWhatCouldNotBePublishedAtFirstIsNotReadAgain(t *testing.T) {
	p, _, _ := testPipeline(t, readerFunc(func() (contact.Message, error) {
		t.Error("read again")
		return contact.Message{}, nil
	}))
	p.memo.put(testEntry().Seq, LaneNormal, testJudged())
	away := p.out
	p.out = refusing{}
	if err := p.send(message.NewMessage("1", nil)); err == nil {
		t.Fatal("published by a broker that refuses")
	}
	p.out = away
	if err := p.send(message.NewMessage("1", nil)); err != nil {
		t.Fatal(err)
	}
	if len(p.memo.entries) != 0 {
		t.Error("what is published is still remembered")
	}
}

// refusing is a publisher whose broker is away.
type refusing struct{ message.Publisher }

func (refusing) Publish(string, ...*message.Message) error { return errors.New("no broker") }

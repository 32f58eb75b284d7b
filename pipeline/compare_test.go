package pipeline

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"contactd/contact"
)

// partition is the one partition of a lossy broker, and what a journal holds
// of it. Messages are named after their seq.
type partition struct {
	log   []string // messages, or names of what others wrote
	start int64    // older records were deleted
	holes map[int64]bool
	fail  error
	away  time.Time // until then it does not answer

	journal map[int64]Landed // by offset: it finds those that were at the place before
	known   int64            // how many offsets back from its end the journal knows by heart
	far     int              // how often it was asked for others
	read    int              // records
	calls   int
	lost    []int64 // made to wait again, in that order
	now     time.Time
	// displacedAt is when they were.
	displacedAt time.Time
}

func name(seq int64) string { return fmt.Sprint("m", seq) }

// publish writes messages, a second each, and notes them unless the process is
// killed before.
func (p *partition) publish(noted bool, seqs ...int64) {
	if p.journal == nil {
		p.journal, p.known, p.now = map[int64]Landed{}, 1<<13, noon
	}
	for _, seq := range seqs {
		p.now = p.now.Add(time.Second)
		if noted {
			offset := int64(len(p.log))
			p.journal[offset] = Landed{
				Landing:   Landing{Seq: seq, Offset: offset},
				Published: p.now, Channel: "email", Account: "a", ID: name(seq),
			}
		}
		p.log = append(p.log, name(seq))
	}
}

// others write that many records.
func (p *partition) others(records int) {
	for range records {
		p.log = append(p.log, "of another process")
	}
}

// cut loses the last records.
func (p *partition) cut(records int) { p.log = p.log[:len(p.log)-records] }

// atOnce has all from an offset on noted at the same time.
func (p *partition) atOnce(offset int64) {
	for at, l := range p.journal {
		if at >= offset {
			l.Published = p.now
			p.journal[at] = l
		}
	}
}

func upTo(first, last int64) (seqs []int64) {
	for seq := first; seq <= last; seq++ {
		seqs = append(seqs, seq)
	}
	return seqs
}

func (p *partition) Landed(_ context.Context, _ int, before int64, far bool) (all []Landed, err error) {
	end := int64(0)
	for offset := range p.journal {
		end = max(end, offset+1)
	}
	first := max(0, end-p.known)
	if far {
		p.far++
		first = 0
	}
	for offset := min(before, end) - 1; offset >= first && len(all) < 64; offset-- {
		if l, noted := p.journal[offset]; noted {
			all = append(all, l)
		}
	}
	return all, nil
}

func (p *partition) Displace(_ context.Context, _ int, lost []Landing) (int, error) {
	for _, l := range lost {
		p.lost = append(p.lost, l.Seq)
		delete(p.journal, l.Offset)
	}
	p.displacedAt = time.Now()
	return len(lost), nil
}

func (p *partition) Records(string) Records { return p }

func (p *partition) Close() error { return nil }

func (p *partition) At(_ context.Context, _ int, offsets []int64, f func(int64, map[string]string)) (int64, error) {
	if p.calls++; time.Now().Before(p.away) {
		return 0, errors.New("no answer")
	}
	for _, offset := range offsets {
		if offset < p.start || offset >= int64(len(p.log)) || p.holes[offset] {
			continue
		}
		p.read++
		f(offset, headersOf(p.log[offset]))
	}
	return p.start, p.fail
}

func headersOf(name string) map[string]string {
	return map[string]string{
		"ce_type": contact.ReceivedV1,
		"ce_id":   contact.EventID(contact.ReceivedV1, contact.MessageID("email", "a", name), ""),
	}
}

// guarded is a guard of a broker with one partition, when the process starts.
func guarded(t *testing.T, p partition) (*Guard, *lossy) {
	t.Helper()
	l := &lossy{acknowledged: map[int]int64{0: 0}, partition: p}
	for offset := range p.journal {
		l.acknowledged[0] = max(l.acknowledged[0], offset+1)
	}
	g := NewGuard(l, l, slog.New(slog.DiscardHandler), nil)
	if err := g.Begin(t.Context()); err != nil {
		t.Fatal(err)
	}
	return g, l
}

// compares has the guard compare, and holds what is published again against
// what should be.
func compares(t *testing.T, g *Guard, l *lossy, want ...int64) {
	t.Helper()
	l.lost, l.read, l.calls = nil, 0, 0
	g.compareAll(t.Context())
	if !slices.Equal(l.lost, want) {
		t.Errorf("published %v again, want %v", l.lost, want)
	}
}

// overwritten is a partition of 100 messages, the last five of which were lost
// and overwritten by others.
func overwritten() (p partition) {
	p.publish(true, upTo(1, 100)...)
	p.cut(5)
	p.others(5)
	return p
}

func TestWhatOthersHaveOverwrittenIsPublishedAgain(t *testing.T) {
	g, l := guarded(t, overwritten())
	compares(t, g, l, upTo(96, 100)...)
	compares(t, g, l)
}

func TestWhatOwnRecordsHaveOverwrittenThatWereNotNotedIsPublishedAgain(t *testing.T) {
	var p partition
	p.publish(true, upTo(1, 3000)...)
	p.cut(700)
	p.publish(false, upTo(3001, 3020)...) // in flight when the process was killed
	// Acknowledgements are noted in no order: these lie behind them.
	p.publish(true, upTo(3021, 3700)...)
	p.atOnce(2300)
	g, l := guarded(t, p)
	compares(t, g, l, upTo(2301, 2320)...)
}

func TestWhatWasPublishedSinceTheStartHidesNothing(t *testing.T) {
	g, l := guarded(t, overwritten())
	l.publish(true, upTo(101, 6000)...)
	l.fail = errors.New("no answer")
	compares(t, g, l)
	l.fail = nil
	compares(t, g, l, upTo(96, 100)...)
}

func TestALossInALivingProcessIsSeenAtTheNextLook(t *testing.T) {
	var p partition
	p.publish(true, upTo(1, 1000)...)
	g, l := guarded(t, p)
	compares(t, g, l)
	l.publish(true, upTo(1001, 1050)...)
	l.cut(3)
	l.others(3)
	l.publish(true, upTo(1051, 1200)...)
	compares(t, g, l, 1048, 1049, 1050)
	if l.read != 200+1 {
		t.Errorf("%d records were read, want the new ones and the newest of before", l.read)
	}
	compares(t, g, l)
	if l.read != 1 {
		t.Errorf("%d records were read when nothing was new", l.read)
	}

	// While the process did nothing, what was long compared was lost.
	l.cut(160)
	l.others(160)
	compares(t, g, l, append(upTo(1041, 1047), upTo(1051, 1200)...)...)
}

func TestALossBehindManyRecordsIsSeenWhenTheBrokerWasAway(t *testing.T) {
	var p partition
	p.publish(true, upTo(1, 100)...)
	g, l := guarded(t, p)
	compares(t, g, l)
	l.publish(true, 101, 102)
	l.cut(1)
	l.others(1)
	l.publish(true, upTo(103, 1000)...)
	l.atOnce(100)
	g.doubt = true
	compares(t, g, l, 102)
}

func TestWhatIsGoneForItsAgeIsNoLoss(t *testing.T) {
	var p partition
	p.publish(true, upTo(1, 5000)...)
	p.start = 4990
	p.holes = map[int64]bool{4995: true, 4996: true} // by compaction
	g, l := guarded(t, p)
	compares(t, g, l)
	if l.calls > 2 {
		t.Errorf("asked %d times", l.calls)
	}
	l.start = 5000
	compares(t, g, l)
}

func TestAWalkEndsSoonWhenNothingIsLost(t *testing.T) {
	var p partition
	p.publish(true, upTo(1, 8000)...)
	g, l := guarded(t, p)
	compares(t, g, l)
	if l.read > 64 {
		t.Errorf("%d records were read, a second apart", l.read)
	}
}

func TestALossIsFollowedFarBeyondWhatTheJournalKnowsByHeart(t *testing.T) {
	var p partition
	p.publish(true, upTo(1, 3000)...)
	p.known = 1000
	p.cut(2500)
	p.others(2600)
	g, l := guarded(t, p)
	compares(t, g, l, upTo(501, 3000)...)

	l.far = 0
	compares(t, g, l)
	if l.far > 0 {
		t.Error("the whole journal was searched although nothing was lost")
	}
}

// TestHoweverABrokerLosesItsEndNoLossStaysUnseen breaks broker and process at
// random, and then looks at every message that the journal holds as published.
func TestHoweverABrokerLosesItsEndNoLossStaysUnseen(t *testing.T) {
	for seed := range uint64(300) {
		random := rand.New(rand.NewPCG(seed, 0))
		var first partition
		first.publish(true, 1)
		g, l := guarded(t, first)
		g.compareAll(t.Context())
		seq := int64(1)
		publish := func(noted bool, messages int) {
			l.publish(noted, upTo(seq+1, seq+int64(messages))...)
			seq += int64(messages)
		}
		for range 10 {
			publish(true, 50+random.IntN(200))
			l.cut(random.IntN(50))
			switch random.IntN(3) {
			case 0:
				l.others(50 + random.IntN(20))
			case 1:
				publish(false, 50)
			case 2:
				l.others(random.IntN(50))
				publish(true, 50)
			}
			if g.doubt = true; random.IntN(2) == 0 {
				g, l = guarded(t, l.partition)
			}
			g.compareAll(t.Context())
			for _, each := range l.journal {
				if found := l.log[each.Offset]; found != name(each.Seq) {
					t.Fatalf("seed %d: message %d counts as published at offset %d, where %q lies", seed, each.Seq, each.Offset, found)
				}
			}
		}
	}
}

func TestTheGuardComparesUntilItWasDoneOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var p partition
		p.publish(true, upTo(1, 10)...)
		p.cut(1)
		p.others(1)
		g, l := guarded(t, p)
		l.ends, l.away = map[int]int64{0: 10}, time.Now().Add(time.Minute+time.Second)
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
		defer cancel()
		g.Run(ctx)
		if late := l.displacedAt.Sub(l.away); !slices.Equal(l.lost, []int64{10}) || late < 0 || late > g.Every {
			t.Errorf("published %v again %v after the broker came back", l.lost, late)
		}
	})
}

func TestARecordIsKnownByTheIDOfItsEventWhateverItTells(t *testing.T) {
	s, j := testSealer(), testJudged()
	e := testEntry()
	landed := func(e Entry) Landed {
		return Landed{Channel: e.Original.Channel, Account: e.Original.Account, ID: e.Original.ID}
	}
	check := func(e Entry, event contact.Event, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		env, err := Envelope(event, LaneNormal)
		if err != nil {
			t.Fatal(err)
		}
		if !landed(e).toldBy(env.Metadata) {
			t.Errorf("%s is not known to tell of its entry", event.Type)
		}
		e.Original.ID += "0"
		if landed(e).toldBy(env.Metadata) {
			t.Errorf("%s is taken for that of another entry", event.Type)
		}
	}
	received, err := s.received(e, j)
	check(e, received, err)
	aside := e
	aside.Quarantined = "reading crashed twice"
	quarantined, err := s.received(aside, judged{message: unread(aside), assessment: contact.Assessment{At: noon}})
	check(aside, quarantined, err)
	revising := j
	revising.message.Revision = &contact.Revision{Of: "m-1", Action: contact.Edited}
	revised, err := s.received(e, revising)
	check(e, revised, err)
	vanished := j.message
	vanished.Abandoned = &contact.Abandoned{}
	abandoned, err := s.abandoned(e, vanished)
	check(e, abandoned, err)

	reply := e
	reply.Original.Channel, reply.Original.ID = RepliesChannel, "r-1/queued/1"
	replied, err := s.replied(reply, contact.Replied{ReplyID: "r-1", ConversationID: e.Conversation, State: contact.Queued})
	check(reply, replied, err)
	opinion := laterOpinion{Source: received.Source, By: "human/1", Assessed: &contact.Assessed{ContactID: received.Subject, ConversationID: e.Conversation}}
	later := e
	if later.Original, err = opinion.original("email/contact"); err != nil {
		t.Fatal(err)
	}
	_, assessed, err := s.later(later)
	check(later, assessed, err)
	if landed(e).toldBy(map[string]string{"ce_type": assessed.Type, "ce_id": assessed.ID}) {
		t.Error("what was said later of a message is taken for the message")
	}
}

package pipeline

import (
	"context"
	"log/slog"
	"maps"
	"testing"
)

// lossy is a broker and the journal's view of it.
type lossy struct {
	acknowledged, ends map[int]int64
	republished        map[int]int64
	partition
}

func (l *lossy) Ends(context.Context) (map[int]int64, error) { return maps.Clone(l.acknowledged), nil }

func (l *lossy) EndOffsets(context.Context, string) (map[int]int64, error) { return l.ends, nil }

func (l *lossy) RepublishFrom(_ context.Context, partition int, offset int64) (int, error) {
	l.republished[partition] = offset
	l.acknowledged = maps.Clone(l.acknowledged)
	delete(l.acknowledged, partition)
	return 1, nil
}

func TestWhatTheBrokerLostIsPublishedAgain(t *testing.T) {
	l := &lossy{
		acknowledged: map[int]int64{0: 100, 1: 50, 2: 7},
		ends:         map[int]int64{0: 100, 1: 20}, // 1 was cut, 2 is gone
		republished:  map[int]int64{},
	}
	g := NewGuard(l, l, slog.New(slog.DiscardHandler), nil)
	look := func() {
		if err := g.look(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	look()
	if len(l.republished) != 0 {
		t.Fatal("one look alone must not be believed")
	}
	look()
	if want := map[int]int64{1: 20, 2: 0}; !maps.Equal(l.republished, want) {
		t.Errorf("republished from %v, want %v", l.republished, want)
	}
}

func TestAMomentarilyShorterLogIsNotALoss(t *testing.T) {
	l := &lossy{acknowledged: map[int]int64{0: 100}, ends: map[int]int64{0: 90}, republished: map[int]int64{}}
	g := NewGuard(l, l, slog.New(slog.DiscardHandler), nil)
	for _, end := range []int64{90, 95, 100, 100} {
		l.ends = map[int]int64{0: end}
		if err := g.look(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if len(l.republished) != 0 {
		t.Errorf("republished %v", l.republished)
	}
}

func TestALogThatIsTooShortAndGrowsWithWhatIsPublishedIsALossAfterAWhile(t *testing.T) {
	l := &lossy{acknowledged: map[int]int64{0: 1000}, republished: map[int]int64{}}
	g := NewGuard(l, l, slog.New(slog.DiscardHandler), nil)
	for end := int64(20); end < 30; end++ {
		l.ends = map[int]int64{0: end}
		if err := g.look(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if want := map[int]int64{0: 20}; !maps.Equal(l.republished, want) {
		t.Errorf("republished from %v, want %v", l.republished, want)
	}
}

package journal

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	"contactd/channels"
	"contactd/pipeline"
)

// conversing accepts so many messages of one conversation and sorts them.
func conversing(t *testing.T, j *Journal, lane pipeline.Lane, first, count int64) {
	t.Helper()
	same := thread("c", "", "", "")
	same.Known = true
	var originals []channels.Original
	for seq := first; seq < first+count; seq++ {
		originals = append(originals, original(fmt.Sprint(seq)))
	}
	accept(t, j, originals...)
	var all sync.WaitGroup
	for seq := first; seq < first+count; seq++ {
		all.Go(func() {
			if err := j.Settle(t.Context(), seq, same, lane); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
}

func TestAnEmergencyIsDeliveredAheadAndInItsTurnToo(t *testing.T) {
	j := open(t, t.TempDir())
	out, ahead := subscribe(t, j.Outbox()), subscribe(t, j.Ahead())
	conversing(t, j, pipeline.LaneNormal, 1, 3)
	first, held := next(t, out)
	conversing(t, j, pipeline.LaneEmergency, 4, 1)
	e, env := next(t, ahead)
	if e.Seq != 4 || e.Sequence != 4 || e.Lane != pipeline.LaneEmergency || first.Seq != 1 {
		t.Errorf("%+v came ahead while message %d waits", e, first.Seq)
	}
	env.Ack()
	nothing(t, ahead)
	held.Ack()
	if got := seqsOf(t, out, 3); !slices.Equal(got, []int64{2, 3, 4}) {
		t.Errorf("then in turn came %v", got)
	}
}

func TestAnEmergencyThatIsFirstOrPublishedIsNotDeliveredAhead(t *testing.T) {
	j := open(t, t.TempDir())
	accept(t, j, original("1"))
	ready(t, j, pipeline.LaneEmergency, 1)
	conversing(t, j, pipeline.LaneNormal, 2, 2)
	conversing(t, j, pipeline.LaneEmergency, 4, 1)
	conversing(t, j, pipeline.LaneEmergency, 5, 1)
	seqsOf(t, subscribe(t, j.Outbox()), 4) // all but the last, which is the first now
	waitFor(t, func() bool { o, err := j.Oldest(); return err == nil && len(o) == 1 && !j.ahead.waits(5) })
	nothing(t, subscribe(t, j.Ahead()))
}

func TestWhatIsRefusedAheadComesAgain(t *testing.T) {
	j := open(t, t.TempDir())
	conversing(t, j, pipeline.LaneNormal, 1, 2)
	conversing(t, j, pipeline.LaneEmergency, 3, 1)
	s := j.Ahead()
	ahead := subscribe(t, s)
	_, env := next(t, ahead)
	env.Nack()
	e, env := next(t, ahead)
	if err := s.Close(); err != nil { // unanswered
		t.Fatal(err)
	}
	again, other := next(t, subscribe(t, j.Ahead()))
	if e.Seq != 3 || again.Seq != 3 {
		t.Errorf("messages %d and %d came", e.Seq, again.Seq)
	}
	env.Ack() // late
	other.Ack()
}

func TestWhatWaitsIsDeliveredAheadAgainAfterARestartTheNewestFirst(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir)
	conversing(t, j, pipeline.LaneNormal, 1, 2*scanRows)
	conversing(t, j, pipeline.LaneEmergency, 2*scanRows+1, 1)
	conversing(t, j, pipeline.LaneEmergency, 2*scanRows+2, 1)
	seqsOf(t, subscribe(t, j.Ahead()), 2)
	conversing(t, j, pipeline.LaneNormal, 2*scanRows+3, 1)
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	j = open(t, dir)
	waitFor(t, func() bool { j.ahead.mu.Lock(); defer j.ahead.mu.Unlock(); return len(j.ahead.waiting) > 0 })
	want := []int64{2*scanRows + 2, 2*scanRows + 1, 2 * scanRows} // the last was taken along
	if got := seqsOf(t, subscribe(t, j.Ahead()), 3); !slices.Equal(got, want) {
		t.Errorf("came %v, want %v", got, want)
	}
}

func TestAFloodOfEmergenciesIsBoundedAhead(t *testing.T) {
	j := open(t, t.TempDir())
	conversing(t, j, pipeline.LaneEmergency, 1, aheadAtOnce+5)
	ahead := subscribe(t, j.Ahead())
	for range aheadAtOnce {
		next(t, ahead) // never answered
	}
	nothing(t, ahead)
	for seq := range int64(2 * aheadKept) {
		j.ahead.push(seq)
	}
	j.ahead.mu.Lock()
	defer j.ahead.mu.Unlock()
	if n := len(j.ahead.waiting); n > aheadKept || j.ahead.waiting[n-1] != 2*aheadKept-1 {
		t.Errorf("%d are known, the newest of them is %d", n, j.ahead.waiting[n-1])
	}
}

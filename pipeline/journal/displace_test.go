package journal

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"contactd/pipeline"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

// landed gives the seqs that lie before an offset of partition 0.
func landed(t *testing.T, j *Journal, before int64, far bool) (seqs []int64) {
	t.Helper()
	all, err := j.Landed(t.Context(), 0, before, far)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range all {
		seqs = append(seqs, l.Seq)
	}
	return seqs
}

func TestWhatLiesInAPartitionIsGivenFromItsEndOn(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir)
	readied(t, j, 6)
	out := subscribe(t, j.Outbox())
	lie(t, out, 0, 100, 103)
	lie(t, out, 1, 104)
	lie(t, out, 0, 101, 110)
	waitPublished(t, j, 5)

	for range 2 { // and after a restart
		all, err := j.Landed(t.Context(), 0, 110, false)
		if err != nil || len(all) != 3 {
			t.Fatalf("%v, %v", all, err)
		}
		got := all[1]
		if time.Since(got.Published).Abs() > time.Minute {
			t.Errorf("published %v", got.Published)
		}
		got.Published = time.Time{}
		if want := (pipeline.Landed{Landing: pipeline.Landing{Seq: 4, Offset: 101}, Channel: "email", Account: "a", ID: "4"}); got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
		for _, far := range []bool{false, true} {
			if got := landed(t, j, 110, far); !slices.Equal(got, []int64{2, 4, 1}) {
				t.Errorf("far %v: %v", far, got)
			}
			if got := landed(t, j, 100, far); len(got) > 0 {
				t.Errorf("far %v: %v lie before all", far, got)
			}
		}
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
		j = open(t, dir)
	}
}

func TestWhatCouldNotBePublishedAgainDoesNotLieAnywhere(t *testing.T) {
	clock := newClock(time.Unix(1790000000, 0))
	j := open(t, t.TempDir(), func(_ *Config, d *Deps) { d.Now = clock.Now })
	readied(t, j, 2)
	out := subscribe(t, j.Outbox())
	lie(t, out, 0, 100)
	waitPublished(t, j, 1)
	clock.Advance(8 * 24 * time.Hour)
	lie(t, out, 0, 101)
	waitPublished(t, j, 2)
	if pruned, err := j.Prune(t.Context()); err != nil || pruned.Emptied != 1 {
		t.Fatal(pruned, err)
	}
	for _, far := range []bool{false, true} {
		if got := landed(t, j, 200, far); !slices.Equal(got, []int64{2}) {
			t.Errorf("far %v: %v", far, got)
		}
	}
	if count, err := j.Displace(t.Context(), 0, []pipeline.Landing{{Seq: 1, Offset: 100}}); err != nil || count != 0 {
		t.Errorf("%d wait, %v", count, err)
	}
}

func TestWhatWasDisplacedIsDeliveredAgainOnceInItsOrder(t *testing.T) {
	j := open(t, t.TempDir())
	// Five messages of one conversation, and one of another.
	for seq := int64(1); seq <= 6; seq++ {
		accept(t, j, original(fmt.Sprint(seq)))
		key := "c-one"
		if seq == 3 {
			key = "c-other"
		}
		place(t, j, seq, pipeline.Placement{Key: key, Known: true})
		sortIn(t, j, pipeline.LaneNormal, seq)
	}
	out := subscribe(t, j.Outbox())
	lie(t, out, 0, 100, 101, 102, 103, 104)
	waitPublished(t, j, 5)
	places := map[int64]int64{}
	all, err := j.Landed(t.Context(), 0, 200, false)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range all {
		places[l.Seq] = l.Offset
	}

	lost := []pipeline.Landing{
		{Seq: 2, Offset: places[2]},
		{Seq: 4, Offset: places[4]},
		{Seq: 3, Offset: places[3] + 1}, // is elsewhere by now
		{Seq: 6, Offset: 104},           // waits
	}
	sixth, waiting := next(t, out) // on its way meanwhile
	for want := range []int{2, 0} {
		count, err := j.Displace(t.Context(), 0, lost)
		if err != nil || count != 2-2*want {
			t.Errorf("%d messages wait again, %v", count, err)
		}
	}
	nothing(t, out) // one of a conversation at a time
	waiting.Ack()
	again := lie(t, out, 0, 105, 106)
	if sixth.Seq != 6 || !slices.Equal(again, []int64{2, 4}) {
		t.Errorf("after %d came %v, want 6, 2 and 4", sixth.Seq, again)
	}
	waitPublished(t, j, 6)
	nothing(t, out)
	if got := testutil.ToFloat64(j.metrics.displaced); got != 2 {
		t.Errorf("%v displaced", got)
	}
	if got := landed(t, j, 200, false); !slices.Equal(got[:2], []int64{4, 2}) || len(got) != 5 {
		t.Errorf("%v lie there in the end", got)
	}
}

func TestADisplacedEmergencyTakesThoseBeforeItAlong(t *testing.T) {
	j := open(t, t.TempDir())
	out := subscribe(t, j.Outbox())
	for i, lane := range []pipeline.Lane{pipeline.LaneLow, pipeline.LaneEmergency} {
		seq := int64(i + 1)
		accept(t, j, original(fmt.Sprint(seq)))
		place(t, j, seq, pipeline.Placement{Key: "c-one", Known: true})
		sortIn(t, j, lane, seq)
		lie(t, out, 0, 99+seq)
		waitPublished(t, j, seq)
	}
	if _, err := j.Displace(t.Context(), 0, []pipeline.Landing{{Seq: 1, Offset: 100}, {Seq: 2, Offset: 101}}); err != nil {
		t.Fatal(err)
	}
	for want := range int64(2) {
		e, env := next(t, out)
		if e.Seq != want+1 || e.Lane != pipeline.LaneEmergency {
			t.Errorf("message %d came by lane %v", e.Seq, e.Lane)
		}
		env.Ack()
	}
	waitPublished(t, j, 2)
}

// TestWhatLaySomewhereElseThanInItsOrderIsDeliveredInItAgain: the first message
// of a conversation lies behind the second since it was published once more.
func TestWhatLaySomewhereElseThanInItsOrderIsDeliveredInItAgain(t *testing.T) {
	j := open(t, t.TempDir())
	conversing(t, j, pipeline.LaneNormal, 1, 2)
	out := subscribe(t, j.Outbox())
	lie(t, out, 0, 101, 100)
	waitPublished(t, j, 2)
	if _, err := j.Displace(t.Context(), 0, []pipeline.Landing{{Seq: 2, Offset: 100}, {Seq: 1, Offset: 101}}); err != nil {
		t.Fatal(err)
	}
	if again := lie(t, out, 0, 102, 103); !slices.Equal(again, []int64{1, 2}) {
		t.Errorf("they came as %v", again)
	}
	waitPublished(t, j, 2)
}

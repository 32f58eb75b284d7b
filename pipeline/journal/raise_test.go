package journal

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"contactd/channels"
	"contactd/pipeline"
	"zombiezen.com/go/sqlite"
)

// raisedFlood is a journal that raises one message a change, with a
// conversation of which every third message is not sorted yet and the last is.
func raisedFlood(t *testing.T, lane pipeline.Lane) (j *Journal, unsorted []int64) {
	t.Helper()
	const count = 90
	j = open(t, t.TempDir(), func(c *Config, _ *Deps) { c.raisedAtOnce = 1 })
	var originals []channels.Original
	for seq := range count {
		originals = append(originals, original(fmt.Sprint(seq)))
	}
	accept(t, j, originals...)
	for seq := int64(1); seq <= count; seq++ {
		place(t, j, seq, together)
		switch {
		case seq == count:
			sortIn(t, j, lane, seq)
		case seq%3 == 0:
			unsorted = append(unsorted, seq)
		default:
			sortIn(t, j, pipeline.LaneLow, seq)
		}
	}
	rand.Shuffle(len(unsorted), func(a, b int) { unsorted[a], unsorted[b] = unsorted[b], unsorted[a] })
	return j, unsorted
}

func TestWhatIsSortedWhileAFloodIsRaisedIsRaisedToo(t *testing.T) {
	for _, lane := range []pipeline.Lane{pipeline.LaneEmergency, pipeline.LaneNormal} {
		j, unsorted := raisedFlood(t, lane)
		for _, seq := range unsorted {
			sortIn(t, j, pipeline.LaneLow, seq)
		}
		var low int64
		waitFor(t, func() bool {
			err := j.reader.with(func(conn *sqlite.Conn) (err error) {
				low, err = queryInt(conn, "SELECT count(*) FROM progress WHERE rank <> ?", int64(lane))
				return err
			})
			return err == nil && low == 0
		})
	}
}

func TestAFloodIsDeliveredInOrderWhileItIsRaised(t *testing.T) {
	j, unsorted := raisedFlood(t, pipeline.LaneEmergency)
	var sorting sync.WaitGroup
	sorting.Go(func() {
		for _, seq := range unsorted {
			if err := j.Sort(t.Context(), seq, pipeline.LaneLow); err != nil {
				t.Error(err)
			}
		}
	})
	defer sorting.Wait()
	out := subscribe(t, j.Outbox())
	for want := int64(1); want <= 90; want++ {
		e, env := next(t, out)
		if e.Seq != want || e.Sequence != want || want == 90 && e.Lane != pipeline.LaneEmergency {
			t.Fatalf("message %d of the %v lane came where %d was due", e.Seq, e.Lane, want)
		}
		env.Ack()
	}
}

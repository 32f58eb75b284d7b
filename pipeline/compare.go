package pipeline

import (
	"cmp"
	"context"
	"errors"
	"math"
	"slices"
	"time"
)

// A log that has lost its end and has grown again shows no loss by its length:
// other records lie where messages were acknowledged. When the journal notes
// where those were acknowledged, it finds the ones before; but it never hears
// of records of other processes, of what tells of no message, and of its own
// whose acknowledgements it had not noted when its process was killed. So the
// records themselves are compared with what the journal has at their places.
//
// A broker only ever loses the end of a partition. A record that still lies
// where it was acknowledged therefore has everything before it as it was when
// it was written: what was displaced is either behind it, or was displaced
// before it was written. That makes it enough to walk back from the end, and
// says when to stop:
//
//   - At the record where the last walk began, if it still is where it was:
//     everything before it was compared then, or in walks before, and nothing
//     of it was lost since. Behind it lies only what was published since that
//     walk; while nothing is wrong with the broker, calmLong bounds what is
//     read of it.
//   - The first walk since the start has no such record. It does not stop at the
//     first that is right either, which may have been written behind what
//     displaced others, but at a run of them. What a killed process had not
//     noted was published in its last moments, at most runLong messages, and its
//     last walk was seconds before: more in a row than that, or a run that
//     reaches back by runTime, is older.
const (
	runLong  = 4096 // the highest journal.in_flight
	calmLong = 256
	runShort = 32 // a clock that was set is not to end a walk by itself
	runTime  = time.Minute
)

// displaceAtOnce is how many messages one change of the journal makes wait.
const displaceAtOnce = 500

// comparing is what a guard knows of its walks. The guard's goroutine uses it.
type comparing struct {
	// before is where the partitions ended that were not walked yet since the
	// start: what is published meanwhile would be a run of any length.
	before map[int]int64
	// proofs are the first records of the last walks that were right.
	proofs map[int]Landing
	// doubt says that since the last walk the broker was away, or its log short;
	// told, that walking does not work.
	doubt, told bool
}

// Begin notes what was acknowledged so far. It is called before Run, and
// before anything is published.
func (g *Guard) Begin(ctx context.Context) (err error) {
	g.before, err = g.Acknowledged.Ends(ctx)
	return err
}

// compareAll walks through all partitions in which something was acknowledged.
// What cannot be read now is tried at the next look.
func (g *Guard) compareAll(ctx context.Context) {
	began := time.Now()
	records := g.Broker.Records(TopicEvents)
	defer records.Close()
	ends, err := g.Acknowledged.Ends(ctx)
	problems := []error{err}
	for partition := range ends {
		before, first := g.before[partition]
		if !first {
			before = math.MaxInt64
		}
		err := g.compare(ctx, records, partition, before)
		if err == nil {
			delete(g.before, partition)
		}
		problems = append(problems, err)
	}
	err = errors.Join(problems...)
	if ctx.Err() != nil {
		return
	}
	if err != nil && !g.told {
		g.Log.Warn("compare records of the broker with the journal, trying again", "err", err)
	}
	g.Log.Debug("compared records of the broker with the journal", "took", time.Since(began), "err", err)
	g.doubt, g.told = err != nil, err != nil
}

// compare walks through one partition and publishes again what was displaced.
// The oldest first: a walk after a crash meanwhile begins with the others.
func (g *Guard) compare(ctx context.Context, records Records, partition int, before int64) error {
	w := walk{proof: g.proofs[partition], long: calmLong}
	if g.doubt {
		w.long = runLong
	}
	next := func(before int64, far bool) ([]Landed, error) {
		return g.Acknowledged.Landed(ctx, partition, before, far)
	}
	at := func(offsets []int64, f func(int64, map[string]string)) (int64, error) {
		return records.At(ctx, partition, offsets, f)
	}
	if err := w.back(before, next, at); err != nil {
		return err
	}
	slices.Reverse(w.displaced)
	for lost := range slices.Chunk(w.displaced, displaceAtOnce) {
		count, err := g.Acknowledged.Displace(ctx, partition, lost)
		if err != nil {
			return err
		}
		g.Log.Error("broker holds other records in the places of acknowledged ones, publishing those again from the journal",
			"topic", TopicEvents, "partition", partition, "from", lost[0].Offset, "to", lost[len(lost)-1].Offset, "messages", count)
	}
	g.proofs[partition] = w.newest
	return nil
}

// walk goes back through one partition.
type walk struct {
	proof Landing // of the last walk; zero for none
	long  int     // a run of so many ends it
	// run counts those in a row that are right; since is the time of the first.
	run   int
	since time.Time
	// newest is the first that was right.
	newest Landing
	// displaced are those that were not, highest first; losing says that the
	// last was none.
	displaced []Landing
	losing    bool
}

// pager gives the next messages back, and reader what lies at their places, as
// Acknowledged and Records do.
type (
	pager  func(before int64, far bool) ([]Landed, error)
	reader func(offsets []int64, f func(int64, map[string]string)) (start int64, err error)
)

// back walks until it is proven that nothing before was displaced, or nothing
// is known of what is before. To what is found slowly it goes only while it
// meets losses.
func (w *walk) back(before int64, next pager, at reader) error {
	for far := false; ; {
		landed, err := next(before, far)
		switch {
		case err != nil:
			return err
		case len(landed) == 0 && (far || !w.losing):
			return nil
		case len(landed) == 0:
			far = true
			continue
		}
		landed = w.upToProof(landed)
		found, start, err := lookAt(landed, at)
		if err != nil {
			return err
		}
		for i, l := range landed {
			if found[i] != nothing && w.proven(l, found[i] == itself) {
				return nil
			}
		}
		if before = landed[len(landed)-1].Offset; before < start {
			return nil
		}
	}
}

// upToProof leaves out what need not be compared when the proof still holds.
func (w *walk) upToProof(landed []Landed) []Landed {
	for i, l := range landed {
		if l.Landing == w.proof {
			return landed[:i+1]
		}
	}
	return landed
}

// found is what lies at the place of a message.
type found uint8

const (
	nothing found = iota
	itself
	another
)

// lookAt says what lies at the places of messages, highest first.
func lookAt(landed []Landed, at reader) ([]found, int64, error) {
	offsets := make([]int64, len(landed))
	for i, l := range landed {
		offsets[len(landed)-1-i] = l.Offset
	}
	all := make([]found, len(landed))
	start, err := at(slices.Compact(offsets), func(offset int64, headers map[string]string) {
		i, _ := slices.BinarySearchFunc(landed, offset, func(l Landed, offset int64) int { return cmp.Compare(offset, l.Offset) })
		for ; i < len(landed) && landed[i].Offset == offset; i++ {
			if all[i] = another; landed[i].toldBy(headers) {
				all[i] = itself
			}
		}
	})
	return all, start, err
}

// proven takes the next one back, and reports whether the walk is over.
func (w *walk) proven(l Landed, right bool) bool {
	w.losing = !right
	if !right {
		w.run = 0
		w.displaced = append(w.displaced, l.Landing)
		return false
	}
	if w.newest == (Landing{}) {
		w.newest = l.Landing
	}
	if w.run++; w.run == 1 {
		w.since = l.Published
	}
	old := w.proof == (Landing{}) && w.run >= runShort && w.since.Sub(l.Published) >= runTime
	return old || w.run >= w.long || l.Landing == w.proof
}

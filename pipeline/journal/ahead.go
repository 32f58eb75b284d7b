package journal

import (
	"slices"
	"sync"
	"time"

	"contactd/pipeline"
	"github.com/ThreeDotsLabs/watermill/message"
	"zombiezen.com/go/sqlite"
)

// overtaking delivers emergencies that wait behind others of their conversation,
// which may be very many, so that they can be told of before their turn. It
// changes nothing about them: they are published in their turn all the same.
//
// The newest go first, as the oldest come to their turn soonest. What was
// delivered is not noted on the disk, so that after a restart all that wait
// are delivered again, and those with them that were only taken along.
type overtaking struct {
	j    *Journal
	mu   sync.Mutex
	cond *sync.Cond

	waiting []int64 // newest last
	flying  map[int64]bool
}

const (
	// aheadAtOnce is how many may be on their way, so that neither a flood of
	// them nor the absence of Kafka takes more.
	aheadAtOnce = 16
	// aheadKept is how many are known. Of more the oldest are told of in their turn.
	aheadKept = 1 << 17
)

func newOvertaking(j *Journal) *overtaking {
	a := &overtaking{j: j, flying: map[int64]bool{}}
	a.cond = sync.NewCond(&a.mu)
	return a
}

// push is told of an emergency that waits behind others.
func (a *overtaking) push(seq int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.waiting = append(a.waiting, seq)
	a.bound()
	a.cond.Broadcast()
}

// bound forgets the oldest when there are too many. It drops many at a time so
// that each costs little.
func (a *overtaking) bound() {
	if len(a.waiting) > aheadKept {
		a.waiting = slices.Clone(a.waiting[len(a.waiting)-aheadKept/2:])
	}
}

func (a *overtaking) take(stopped func() bool) (flight, bool) {
	for {
		seq, ok := a.pop(stopped)
		if !ok {
			return flight{}, false
		}
		if a.waits(seq) {
			return flight{seq: seq, lane: pipeline.LaneEmergency}, true
		}
		a.done(seq)
	}
}

func (*overtaking) end() {}

func (a *overtaking) pop(stopped func() bool) (seq int64, ok bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for !stopped() {
		if last := len(a.waiting) - 1; last >= 0 && len(a.flying) < aheadAtOnce {
			seq = a.waiting[last]
			a.waiting = a.waiting[:last]
			a.flying[seq] = true
			return seq, true
		}
		a.cond.Wait()
	}
	return 0, false
}

// waits reports whether a message still waits behind others. The first of its
// conversation is out already or about to be.
func (a *overtaking) waits(seq int64) (yes bool) {
	err := a.j.reader.atOnce(func(conn *sqlite.Conn) error {
		p, found, err := positionOf(conn, seq)
		if err != nil || !found || p.published {
			return err
		}
		head, err := headOf(conn, p.conversation)
		yes = head.seq != seq
		return err
	})
	return yes || err != nil // to load it will say what is wrong
}

func (a *overtaking) acked(f flight, _ *message.Message) { a.done(f.seq) }

// done is told that a message needs no more to be delivered.
func (a *overtaking) done(seq int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.flying, seq)
	a.cond.Broadcast()
}

func (a *overtaking) refused(f flight, rest time.Duration) {
	time.AfterFunc(rest, func() { a.release(f) })
}

func (a *overtaking) release(f flight) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.flying[f.seq] {
		delete(a.flying, f.seq)
		a.waiting = append(a.waiting, f.seq)
		a.cond.Broadcast()
	}
}

func (a *overtaking) wake() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.cond.Broadcast()
}

// find reads which messages of the emergency lane waited behind others when
// the program ended last.
func (a *overtaking) find(from *reader) error {
	var found []int64
	err := a.j.eachBehind(from, rankEmergency, func(_ *sqlite.Conn, w waiting) error {
		found = append(found, w.seq)
		found = found[max(0, len(found)-aheadKept):]
		return nil
	})
	if err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.waiting = append(found, a.waiting...) // under what was sorted since
	a.bound()
	a.cond.Broadcast()
	return nil
}

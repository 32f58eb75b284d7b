package journal

import "time"

// A group waits for more as long as requests follow each other closely, and
// not for ever.
const (
	patienceGap   = 200 * time.Microsecond
	patienceLimit = 2 * time.Millisecond
	// patienceFrom is the size of the last group from which it is worth it: a
	// lone caller never waits.
	patienceFrom = 4
)

// patience says how long a group may wait for more. One sync and one set of
// dirty pages then serve many changes: with a fast disk a commit is so quick
// that otherwise eight changes share it where a hundred could.
type patience struct {
	timer *time.Timer
	last  int       // size of the last group
	began time.Time // of the present group's waiting, zero before
}

func newPatience() *patience {
	timer := time.NewTimer(time.Hour)
	timer.Stop()
	return &patience{timer: timer}
}

// left is how long to wait for the next request, 0 to commit.
func (p *patience) left() time.Duration {
	if p.last < patienceFrom {
		return 0
	}
	now := time.Now()
	if p.began.IsZero() {
		p.began = now
	}
	return min(patienceGap, patienceLimit-now.Sub(p.began))
}

// grouped notes the size of a complete group.
func (p *patience) grouped(size int) { p.last, p.began = size, time.Time{} }

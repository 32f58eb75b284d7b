package journal

import "time"

// A group waits for more as long as requests follow each other closely, and
// not for ever.
const (
	patienceGap   = 200 * time.Microsecond
	patienceLimit = 2 * time.Millisecond
	// patienceFrom is the size of the last group from which it is worth it: a
	// lone caller never waits for it.
	patienceFrom = 4
	// breath is the pause between two commits of small groups. Messages that
	// come one by one, a thousand a second, would otherwise keep the disk and a
	// processor busy with a commit for each step of each, and wait for one
	// another. A group of breathUpTo is worth its commit at once.
	breath     = time.Millisecond
	breathUpTo = 16
)

// patience says how long a group may wait for more. One sync and one set of
// dirty pages then serve many changes: with a fast disk a commit is so quick
// that otherwise eight changes share it where a hundred could.
type patience struct {
	timer *time.Timer
	last  int       // size of the last group
	began time.Time // of the present group's waiting, zero before
	ended time.Time // of the last commit
}

func newPatience() *patience {
	timer := time.NewTimer(time.Hour)
	timer.Stop()
	return &patience{timer: timer}
}

// left is how long a group of size waits for the next request, 0 to commit. A
// group that is as large as the last has all who came then: it takes what
// lies there and waits for nobody, since a sleep of some microseconds lasts a
// millisecond where nothing else runs.
func (p *patience) left(size int) time.Duration {
	now, wait := time.Now(), time.Duration(0)
	if size < breathUpTo {
		wait = max(0, breath-now.Sub(p.ended))
	}
	if p.last < patienceFrom || size >= p.last {
		return wait
	}
	if p.began.IsZero() {
		p.began = now
	}
	return max(wait, min(patienceGap, patienceLimit-now.Sub(p.began)))
}

// grouped notes the size of a complete group.
func (p *patience) grouped(size int) { p.last, p.began = size, time.Time{} }

// committed notes that a commit has ended.
func (p *patience) committed() { p.ended = time.Now() }

package channels

import (
	"context"
	"sync"
	"time"
)

// Brake lets a flood wait at its platform while much of what was taken waits to
// be read, so that what comes meanwhile and cannot wait, as a cry for help, has
// little before it. The zero value holds nothing. It is safe for concurrent
// use: however many wait, one looks.
type Brake struct {
	// Backlog says how much waits; nil when nobody need wait.
	Backlog Backlog
	// Limit is how long one waits at most.
	Limit time.Duration

	mutex  sync.Mutex
	looked time.Time
	low    bool
}

// Enough is how many messages may wait to be read before a flood is held.
const Enough = 250

// brakeLook is the pause between two looks.
const brakeLook = 5 * time.Millisecond

// Hold waits until little waits to be read, but not for long, or until ctx
// ends.
func (b *Brake) Hold(ctx context.Context) {
	if b.Backlog == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, b.Limit)
	defer cancel()
	for !b.little() {
		pause := time.NewTimer(brakeLook)
		select {
		case <-pause.C:
		case <-ctx.Done():
			pause.Stop()
			return
		}
	}
}

// little reports whether little waits, as of a moment ago.
func (b *Brake) little() bool {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	if now := time.Now(); now.Sub(b.looked) >= brakeLook {
		waiting, err := b.Backlog.Unread(Enough + 1)
		b.looked, b.low = now, err != nil || waiting <= Enough
	}
	return b.low
}

package pipeline

import (
	"context"
	"sync"
	"time"
)

// overdue notices entries whose reading does not end. A goroutine cannot be
// killed, so the entry is quarantined under it and everybody else goes on.
type overdue struct {
	limit time.Duration
	now   func() time.Time

	mu    sync.Mutex
	since map[int64]time.Time
}

func newOverdue(limit time.Duration, now func() time.Time) *overdue {
	return &overdue{limit: limit, now: now, since: map[int64]time.Time{}}
}

// begin starts the clock of an entry; the returned func stops it.
func (o *overdue) begin(seq int64) (done func()) {
	o.mu.Lock()
	o.since[seq] = o.now()
	o.mu.Unlock()
	return func() { o.forget(seq) }
}

// forget stops the clock of an entry.
func (o *overdue) forget(seq int64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.since, seq)
}

// late returns the entries that are over the limit.
func (o *overdue) late() []int64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	var late []int64
	for seq, since := range o.since {
		if o.now().Sub(since) > o.limit {
			late = append(late, seq)
		}
	}
	return late
}

// watch quarantines overdue entries until ctx ends. One that cannot be is tried
// again: the rest of its account waits behind it.
func (p *Pipeline) watch(ctx context.Context) {
	tick := time.NewTicker(p.overdue.limit/4 + time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		for _, seq := range p.overdue.late() {
			if err := p.journal.Quarantine(ctx, seq, "reading did not end in time"); err != nil {
				p.log.Error("quarantine entry whose reading does not end, trying again", "step", "read", "seq", seq, "err", err)
				continue
			}
			p.log.Error("reading does not end, entry quarantined", "step", "read", "seq", seq)
			p.overdue.forget(seq)
		}
	}
}

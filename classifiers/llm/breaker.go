package llm

import (
	"sync"
	"time"
)

// After so many failures within the window the endpoint is left alone for the
// rest; then one message tries it.
const (
	breakAfter  = 5
	breakWindow = 30 * time.Second
	breakRest   = 30 * time.Second
)

// breaker keeps a failing endpoint from being asked by every message.
type breaker struct {
	now      func() time.Time
	mu       sync.Mutex
	failures []time.Time
	rests    time.Time // until when nobody asks; zero when closed
	probing  bool      // one message tries
}

func newBreaker(now func() time.Time) *breaker { return &breaker{now: now} }

// begin reports whether the endpoint may be asked. Each true is followed by
// one end.
func (b *breaker) begin() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.rests.IsZero() {
		return true
	}
	if b.probing || b.now().Before(b.rests) {
		return false
	}
	b.probing = true
	return true
}

// end notes what became of it.
func (b *breaker) end(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.probing = false
	if err == nil {
		b.failures, b.rests = nil, time.Time{}
		return
	}
	now := b.now()
	kept := b.failures[:0]
	for _, at := range b.failures {
		if now.Sub(at) < breakWindow {
			kept = append(kept, at)
		}
	}
	b.failures = append(kept, now)
	if len(b.failures) >= breakAfter || !b.rests.IsZero() {
		b.failures, b.rests = nil, now.Add(breakRest)
	}
}

// budget counts tokens by the hour of the clock.
type budget struct {
	now   func() time.Time
	limit int
	mu    sync.Mutex
	hour  time.Time
	spent int
}

func newBudget(limit int, now func() time.Time) *budget { return &budget{limit: limit, now: now} }

// any reports whether something is left. One answer may overdraw it.
func (b *budget) any() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if hour := b.now().Truncate(time.Hour); !hour.Equal(b.hour) {
		b.hour, b.spent = hour, 0
	}
	return b.spent < b.limit
}

func (b *budget) spend(tokens int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.spent += max(tokens, 0)
}

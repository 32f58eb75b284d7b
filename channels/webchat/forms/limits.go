package forms

import (
	"context"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"contactd/channels/proxy"
)

// longestDelay is how late a receipt comes at most because its address sends
// too much. The message is durable before.
const longestDelay = 5 * time.Second

// waitingLimit is how many receipts are late at a time: each holds a
// connection.
const waitingLimit = 500

// addressLimit is how many addresses are remembered of each generation, so that
// a flood of addresses cannot fill the memory.
const addressLimit = 20_000

// limiter holds the token buckets of addresses. It is no promise: a restart
// fills them all.
type limiter struct {
	perMinute int
	waiting   chan struct{}

	mutex    sync.Mutex
	now, old map[netip.Addr]*buckets
}

// buckets are what an address may send.
type buckets struct{ messages, files *rate.Limiter }

func newLimiter(perMinute int) *limiter {
	return &limiter{perMinute: perMinute, waiting: make(chan struct{}, waitingLimit)}
}

// of returns the buckets of an address, nil for one without limits: the zero
// address.
func (l *limiter) of(address netip.Addr) *buckets {
	if !address.IsValid() {
		return nil
	}
	address = proxy.Household(address)
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if b := l.now[address]; b != nil {
		return b
	}
	b := l.old[address]
	if b == nil {
		perSecond := rate.Limit(float64(l.perMinute) / 60)
		b = &buckets{messages: rate.NewLimiter(perSecond, 2*l.perMinute), files: rate.NewLimiter(perSecond, 6*l.perMinute)}
	}
	if l.now == nil || len(l.now) >= addressLimit {
		l.old, l.now = l.now, map[netip.Addr]*buckets{}
	}
	l.now[address] = b
	return b
}

// message takes a token and says how long its receipt has to wait.
func (b *buckets) message(now time.Time) time.Duration {
	if b == nil {
		return 0
	}
	reserved := b.messages.ReserveN(now, 1)
	delay := reserved.DelayFrom(now)
	if delay > longestDelay {
		reserved.CancelAt(now) // no deeper into debt: this is the longest anyway
		return longestDelay
	}
	return delay
}

// file reports whether another file may be stored now.
func (b *buckets) file(now time.Time) bool { return b == nil || b.files.AllowN(now, 1) }

// wait delays a receipt, unless too many are waiting already.
func (l *limiter) wait(ctx context.Context, delay time.Duration) {
	select {
	case l.waiting <- struct{}{}:
	default:
		return
	}
	defer func() { <-l.waiting }()
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

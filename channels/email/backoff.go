package email

import (
	"context"
	"math/rand/v2"
	"time"

	"contactd/channels/email/imap"
)

// backoff is the pause between attempts: it doubles up to a limit, for ever.
type backoff struct {
	first, limit time.Duration
	next         time.Duration
}

// delay returns the next pause, varied by a fifth so that many accounts do not
// come back at the same moment.
func (b *backoff) delay() time.Duration {
	if b.next == 0 {
		b.next = b.first
	}
	d := b.next
	b.next = min(2*d, b.limit)
	return d + time.Duration((rand.Float64()-0.5)*0.4*float64(d))
}

func (b *backoff) reset() { b.next = 0 }

// timing is how patient the channel is; tests are less so.
type timing struct {
	network, login backoff       // pauses after a failure, and after a refused login
	healthy        time.Duration // a session that worked this long starts the pauses anew
	sweep          time.Duration // between two looks for what was missed
	quiet          time.Duration // after which nobody waits to send any more
	limits         imap.Limits
}

func defaultTiming() timing {
	return timing{
		network: backoff{first: time.Second, limit: 2 * time.Minute},
		// Slow, because servers lock accounts out after a few wrong passwords.
		login:   backoff{first: 30 * time.Second, limit: 15 * time.Minute},
		healthy: time.Minute,
		sweep:   15 * time.Minute,
		quiet:   10 * time.Minute, // a reply that waits is tried at least every 5
		limits:  imap.DefaultLimits(),
	}
}

// wait sleeps, or returns early when ctx ends.
func wait(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

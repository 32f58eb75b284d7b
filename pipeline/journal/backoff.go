package journal

import (
	"log/slog"
	"time"
)

// backOff is the rest after a failed commit, doubled up to a cap while it
// keeps failing. It uses the monotonic clock, not the injected one.
type backOff struct {
	until time.Time
	delay time.Duration
	err   error
}

const (
	firstRest = 10 * time.Millisecond
	longRest  = 2 * time.Second
)

func (b *backOff) failed(log *slog.Logger, err error) {
	if b.delay == 0 {
		log.Error("journal does not take messages", "err", err)
	}
	b.delay = min(max(2*b.delay, firstRest), longRest)
	b.until = time.Now().Add(b.delay)
	b.err = err
}

func (b *backOff) worked(log *slog.Logger) {
	if b.delay != 0 {
		log.Info("journal takes messages again")
		*b = backOff{}
	}
}

package todo

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"contactd/channels"
)

// Worker does what remains to be done.
type Worker[T Task] struct {
	// Do does a task, which has failed tries times, and returns what is to be
	// accepted. After an error the task waits for its next turn and lets the
	// others pass; after one of Hold all wait, and then the next has its turn, in
	// case it was this one's trouble after all.
	Do func(ctx context.Context, task T, tries int) ([]channels.Original, error)
	// Retry is the pause after the first failure. Pauses double up to Longest.
	Retry, Longest time.Duration
	// Now is the clock.
	Now func() time.Time
	// Left is told how much is to be done; nil tells nobody.
	Left func(int)
	// Log names the account.
	Log *slog.Logger
}

// Hold marks an error that is the account's, so that nothing else would succeed.
func Hold(err error) error { return hold{err} }

type hold struct{ error }

// Unwrap returns the cause.
func (h hold) Unwrap() error { return h.error }

// attempts are how often a task has failed, and when it may be tried again. They
// do not outlive the process: a restart tries everything at once.
type attempts struct {
	count int
	next  time.Time
}

// Work does tasks until ctx ends, the oldest that may be tried first.
func (l *List[T]) Work(ctx context.Context, inbox channels.Inbox, w Worker[T]) {
	tried := map[string]attempts{}
	pause := w.Retry
	for ctx.Err() == nil {
		if w.Left != nil {
			w.Left(l.Len())
		}
		next, wait, some := l.due(w.Now(), tried)
		switch {
		case !some:
			l.await(ctx, wait)
			continue
		case l.does(ctx, inbox, w, next, tried, pause):
			pause = w.Retry
		default:
			sleep(ctx, pause)
			pause = min(2*pause, w.Longest)
		}
	}
}

// does tries a task; false when the account, or the journal, is in trouble, and
// all are to wait for a pause.
func (l *List[T]) does(ctx context.Context, inbox channels.Inbox, w Worker[T], next T, tried map[string]attempts, pause time.Duration) bool {
	key := next.Key()
	count := tried[key].count
	originals, err := w.Do(ctx, next, count)
	if err == nil {
		if err = l.done(ctx, inbox, originals, next); err == nil {
			delete(tried, key)
			return true
		}
		w.Log.Error("accept what came of what was to be done", "err", err)
		return false
	}
	if ctx.Err() != nil {
		return false
	}
	w.Log.Warn("do what remains to be done", "err", err)
	if errors.As(err, &hold{}) {
		tried[key] = attempts{count: count, next: w.Now().Add(pause + time.Millisecond)}
		return false
	}
	tried[key] = attempts{count: count + 1, next: w.Now().Add(min(w.Retry<<min(count, 20), w.Longest))}
	return true
}

// due returns the oldest task that may be tried now; else how long it takes
// until one may be, 0 when there is none.
func (l *List[T]) due(now time.Time, tried map[string]attempts) (next T, wait time.Duration, some bool) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	for _, each := range l.tasks {
		left := tried[each.Key()].next.Sub(now)
		if left <= 0 {
			return each, 0, true
		}
		if wait == 0 || left < wait {
			wait = left
		}
	}
	return next, wait, false
}

// await waits for more to do, or until something can be tried again; 0 for
// nothing.
func (l *List[T]) await(ctx context.Context, wait time.Duration) {
	var again <-chan time.Time
	if wait > 0 {
		timer := time.NewTimer(wait)
		defer timer.Stop()
		again = timer.C
	}
	select {
	case <-l.more:
	case <-again:
	case <-ctx.Done():
	}
}

func sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

package classifiers

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"contactd/contact"
)

// The words of contact.Opinion.Failed.
const (
	failedError   = "error"
	failedTimeout = "timeout"
	failedPanic   = "panic"
	failedEmpty   = "empty"
)

// seat is one classifier's place on the panel, with what keeps the others safe
// from it.
type seat struct {
	member  Classifier
	name    string
	bounded bool
	now     func() time.Time
	timeout time.Duration
	// slots holds one token for every message the member has in hand.
	slots chan struct{}
	// overdue counts the tokens whose message has run out of time.
	overdue atomic.Int64
}

func newSeat(cfg Config, index int, member Classifier) *seat {
	s := &seat{
		member:  member,
		name:    fmt.Sprintf("classifier %d", index+1),
		now:     cfg.Now,
		timeout: cfg.Timeout,
		slots:   make(chan struct{}, cfg.InFlight),
	}
	if named, ok := member.(Named); ok {
		s.name = named.Name()
	}
	if timeout, ok := cfg.Timeouts[s.name]; ok && timeout > 0 {
		s.timeout = timeout
	}
	if bounded, ok := member.(Bounded); ok {
		s.bounded = bounded.Bounded()
	}
	return s
}

// ask lets a member that may be slow judge, and waits no longer than its
// timeout. A hung member keeps its slot, so at most InFlight goroutines hang;
// once all slots are overdue it is not waited for any more.
func (s *seat) ask(ctx context.Context, message contact.Message) contact.Opinion {
	started := s.now()
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	select {
	case s.slots <- struct{}{}:
	default:
		if s.overdue.Load() >= int64(cap(s.slots)) {
			return s.failed(failedTimeout, started)
		}
		select {
		case s.slots <- struct{}{}:
		case <-ctx.Done():
			return s.failed(failedTimeout, started)
		}
	}
	answer := make(chan contact.Opinion, 1)
	late := new(atomic.Bool)
	go func() {
		opinion := s.grade(ctx, message, nil)
		if !late.CompareAndSwap(false, true) {
			s.overdue.Add(-1)
		}
		<-s.slots
		answer <- opinion
	}()
	select {
	case opinion := <-answer:
		return opinion
	case <-ctx.Done():
	}
	if !late.CompareAndSwap(false, true) {
		return <-answer // it answered at the last moment: do not throw that away
	}
	s.overdue.Add(1)
	return s.failed(failedTimeout, started)
}

// grade asks the member on this goroutine and makes its answer safe to merge.
func (s *seat) grade(ctx context.Context, message contact.Message, before []contact.Opinion) (opinion contact.Opinion) {
	started := s.now()
	defer func() {
		// The panic's value may hold the contact's text: it goes nowhere.
		if recover() != nil {
			opinion = s.failed(failedPanic, started)
		}
	}()
	opinion, err := s.answer(ctx, message, before)
	switch {
	case err != nil && ctx.Err() != nil:
		return s.failed(failedTimeout, started)
	case err != nil:
		return s.failed(failedError, started)
	}
	opinion = checked(opinion)
	if opinion.By == "" {
		opinion.By = s.name
	}
	opinion.Micros = s.now().Sub(started).Microseconds()
	return opinion
}

func (s *seat) answer(ctx context.Context, message contact.Message, before []contact.Opinion) (contact.Opinion, error) {
	if informed, ok := s.member.(Informed); ok && s.bounded {
		return informed.GradeAfter(ctx, message, before)
	}
	return s.member.Grade(ctx, message)
}

func (s *seat) failed(why string, started time.Time) contact.Opinion {
	return contact.Opinion{By: s.name, Failed: why, Micros: s.now().Sub(started).Microseconds()}
}

// checked closes the ways in which an answer could say less than it means: a
// grade that is none, a failure with a calm grade, no reason at all, a grade
// below one of its own reasons.
func checked(opinion contact.Opinion) contact.Opinion {
	if len(opinion.Reasons) == 0 && opinion.Failed == "" {
		opinion.Failed = failedEmpty
	}
	if opinion.Failed != "" {
		opinion.Grade = contact.Highest(opinion.Grade, contact.Unknown)
	}
	for _, reason := range opinion.Reasons {
		opinion.Grade = contact.Highest(opinion.Grade, reason.Grade)
	}
	if opinion.Grade > contact.Emergency {
		opinion.Grade = contact.Unknown
	}
	return opinion
}

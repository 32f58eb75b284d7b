package pipeline

import (
	"context"
	"fmt"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/ThreeDotsLabs/watermill/message/router/middleware"

	"contactd/contact"
)

// detach lets a step that has begun finish while the router is closing: the
// subscriber ends its envelopes' contexts then. Pipeline.Run bounds the time.
// A second opinion may be waited for much longer, and can be asked for again.
func detach(next message.HandlerFunc) message.HandlerFunc {
	return func(env *message.Message) ([]*message.Message, error) {
		if message.HandlerNameFromCtx(env.Context()) == secondStep {
			return next(env)
		}
		env.SetContext(context.WithoutCancel(env.Context()))
		return next(env)
	}
}

// measure counts what the other middleware decided, so it stands outside them.
func (p *Pipeline) measure(next message.HandlerFunc) message.HandlerFunc {
	return func(env *message.Message) ([]*message.Message, error) {
		step := message.HandlerNameFromCtx(env.Context())
		begun := time.Now()
		produced, err := next(env)
		outcome := "done"
		if err != nil {
			outcome = "again"
		}
		p.metrics.steps.WithLabelValues(step, outcome).Observe(time.Since(begun).Seconds())
		return produced, err
	}
}

// reject takes what no retry can mend off the way: the entry is quarantined,
// which publishes it for a person to look at, and its original goes to
// contact.rejected. Only then is it acknowledged. Any other error goes back to
// the subscriber, which delivers the entry again, as it does with one of the
// outbox: there an acknowledgement would say that it was published.
func (p *Pipeline) reject(next message.HandlerFunc) message.HandlerFunc {
	return func(env *message.Message) ([]*message.Message, error) {
		produced, err := next(env)
		if err == nil || !isPermanent(err) {
			return produced, err
		}
		entry, openErr := p.open(env)
		if openErr != nil {
			return nil, openErr
		}
		p.metrics.rejected.Inc()
		p.log.Error("entry rejected", "channel", entry.Original.Channel, "account", entry.Original.Account, "seq", entry.Seq, "err", err)
		return nil, p.setAside(env.Context(), entry, err)
	}
}

// setAside quarantines an entry. One that is quarantined already and still
// cannot be published is given back to the subscriber: it waits, visible in
// `contactd quarantine list` and in the age of its lane.
func (p *Pipeline) setAside(ctx context.Context, entry Entry, cause error) error {
	if entry.Quarantined != "" {
		return cause
	}
	record, err := p.seal.rejected(entry, cause)
	if err != nil {
		return err
	}
	if err := p.journal.Quarantine(ctx, entry.Seq, cause.Error()); err != nil {
		return fmt.Errorf("quarantine entry: %w", err)
	}
	p.copyRejected(entry.Seq, record)
	if entry.Lane != LaneUnsorted {
		return cause // what is published now is that it was set aside
	}
	return nil
}

// copiesAtOnce bounds the copies that wait for the broker.
const copiesAtOnce = 64

// copyRejected publishes a copy of what was set aside, for whoever watches the
// topic. The quarantine is the truth: nothing waits for the copy, and while the
// broker is away there are not to be ever more of them.
func (p *Pipeline) copyRejected(seq int64, record contact.Event) {
	select {
	case p.copies <- struct{}{}:
	default:
		p.log.Warn("no rejected record: too many wait to be published; the entry is in the quarantine", "seq", seq)
		return
	}
	go func() {
		defer func() { <-p.copies }()
		if err := p.publish(TopicRejected, record, LaneNormal); err != nil {
			p.log.Warn("publish rejected record", "seq", seq, "err", err)
		}
	}()
}

// retry tries again what may mend itself within two seconds; after that the
// entry goes back to the subscriber, so that it does not hold its place.
func (p *Pipeline) retry() message.HandlerMiddleware {
	return middleware.Retry{
		MaxRetries:          5,
		InitialInterval:     10 * time.Millisecond,
		MaxInterval:         500 * time.Millisecond,
		Multiplier:          3,
		MaxElapsedTime:      2 * time.Second,
		RandomizationFactor: 0.2,
		ResetContextOnRetry: true,
		ShouldRetry:         func(params middleware.RetryParams) bool { return !isPermanent(params.Err) },
	}.Middleware
}

// recovered turns a panic into a permanent error. The panic's value and stack
// may hold the contact's text, so the error names its type alone.
func (p *Pipeline) recovered(next message.HandlerFunc) message.HandlerFunc {
	return func(env *message.Message) (produced []*message.Message, err error) {
		defer func() {
			if value := recover(); value != nil {
				err = Permanent(fmt.Errorf("run step: panic of type %T", value))
			}
		}()
		return next(env)
	}
}

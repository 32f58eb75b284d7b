package pipeline

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"

	"contactd/channels"
	"contactd/contact"
)

const (
	// callLimit bounds one call of a platform. What it has not said by then is
	// uncertain.
	callLimit = 2 * time.Minute
	// replyPause is the pause after the first fruitless try, maxReplyPause the
	// longest.
	replyPause    = time.Second
	maxReplyPause = 5 * time.Minute
)

// deliver is the step that sends a reply: it notes that it is about to, calls
// the channel, and notes what became of it. After anything but a clear answer
// the reply is uncertain and looked up before it is sent again.
func (p *Pipeline) deliver(env *message.Message) error {
	var out Outgoing
	if err := json.Unmarshal(env.Payload, &out); err != nil {
		return fmt.Errorf("open reply: %w", err)
	}
	ctx, cancel := p.untilStopped(env.Context())
	defer cancel()
	out, err := p.aimed(ctx, out)
	if err != nil {
		return p.astray(ctx, out, err)
	}
	replier, configured := p.replies.Repliers[out.Channel]
	switch {
	case out.State == contact.Uncertain && !configured:
		p.log.Warn("reply cannot be looked up: its channel is not configured", "reply", out.ID, "channel", out.Channel)
		return p.postpone(ctx, out)
	case out.State == contact.Uncertain:
		return p.lookUp(ctx, replier, out)
	case !configured:
		return p.conclude(ctx, out, contact.Outcome{
			State: contact.Failed, Reason: fmt.Sprintf("the channel %s is not configured here, or cannot answer", out.Channel),
		})
	}
	if sendable, err := p.replies.Journal.HandOver(ctx, out.ID); err != nil || !sendable {
		return err
	}
	receipt, err := p.call(ctx, replier.Reply, out)
	switch {
	case err == nil:
		return p.conclude(ctx, out, taken(receipt))
	case channels.IsRefused(err):
		return p.conclude(ctx, out, contact.Outcome{State: contact.Failed, Reason: err.Error()})
	case channels.IsNotSent(err):
		p.log.Warn("reply not sent, trying again", "reply", out.ID, "channel", out.Channel, "account", out.Account, "err", err)
		return p.postpone(ctx, out)
	default:
		p.log.Warn("reply may have been sent, looking it up", "reply", out.ID, "channel", out.Channel, "account", out.Account, "err", err)
		return p.conclude(ctx, out, contact.Outcome{State: contact.Uncertain, Reason: "the platform did not say whether it has taken it"})
	}
}

// aimed leads a reply to the very message that it names where that matters: one
// hides, shows, or answers in private what was written there, and not what the
// same person wrote since. The usual way is that of the conversation. The error
// says why it cannot, in words for a handler.
func (p *Pipeline) aimed(ctx context.Context, out Outgoing) (Outgoing, error) {
	if out.Way == "" || out.InReplyTo == "" || p.decisions == nil {
		return out, nil
	}
	entry, known, err := p.decisions.Message(ctx, out.InReplyTo)
	switch {
	case err != nil:
		return out, fmt.Errorf("look up the message that contactId names: %w: %w", channels.ErrNotNow, err)
	case known && entry.Original.Channel == "": // damaged
		return out, errNotKept
	case !known || entry.Conversation != out.Conversation || entry.Original.Channel != out.Channel:
		return out, errors.New("the message that contactId names is not of this conversation")
	}
	named, err := p.read(ctx, entry)
	switch {
	case err != nil && isOurs(err):
		return out, err
	case err != nil || named.Answer.Address == "":
		return out, errNotKept
	}
	out.Account, out.Address = entry.Original.Account, named.Answer.Address
	return out, nil
}

var errNotKept = errors.New("the message that contactId names is not kept here any more, or cannot be answered")

// astray settles a reply of which it is not known where it leads: it fails,
// unless it may have been sent before, or the fault is our own.
func (p *Pipeline) astray(ctx context.Context, out Outgoing, cause error) error {
	switch {
	case isOurs(cause):
		return cause
	case out.State == contact.Uncertain:
		p.log.Warn("reply cannot be looked up, trying again", "reply", out.ID, "err", cause)
		return p.postpone(ctx, out)
	default:
		return p.conclude(ctx, out, contact.Outcome{State: contact.Failed, Reason: cause.Error()})
	}
}

// lookUp asks the platform about a reply that may have been sent.
func (p *Pipeline) lookUp(ctx context.Context, replier channels.Replier, out Outgoing) error {
	receipt, err := p.call(ctx, replier.Find, out)
	switch {
	case err == nil:
		return p.conclude(ctx, out, taken(receipt))
	case errors.Is(err, channels.ErrNotFound):
		if err := p.conclude(ctx, out, contact.Outcome{State: contact.Queued, Reason: "the platform has not taken it"}); err != nil {
			return err
		}
		if out.Attempts > 1 { // it gets lost again and again
			out.Tries = out.Attempts
			return p.postpone(ctx, out)
		}
		return nil
	default:
		p.log.Warn("reply cannot be looked up, trying again", "reply", out.ID, "channel", out.Channel, "account", out.Account, "err", err)
		return p.postpone(ctx, out)
	}
}

// call calls the platform. A panic says no more than a lost answer; its value
// may hold the contact's text, so its type alone is told.
func (p *Pipeline) call(ctx context.Context, method func(context.Context, channels.Address, contact.Reply) (channels.Receipt, error),
	out Outgoing,
) (receipt channels.Receipt, err error) {
	defer func() {
		if value := recover(); value != nil {
			err = fmt.Errorf("call channel: panic of type %T", value)
		}
	}()
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	return method(ctx, channels.Address{Account: out.Account, Answer: out.Address}, out.Reply)
}

func taken(receipt channels.Receipt) contact.Outcome {
	outcome := contact.Outcome{State: contact.HandedOver, PlatformID: receipt.PlatformID}
	if receipt.Confirmed {
		outcome.State = contact.Confirmed
	}
	return outcome
}

// conclude notes what became of a reply, again and again until it is durable:
// what is known now cannot be learned twice. When contactd stops first, the
// next start finds the reply uncertain.
func (p *Pipeline) conclude(ctx context.Context, out Outgoing, outcome contact.Outcome) error {
	outcome.ReplyID, outcome.At = out.ID, p.now()
	return p.insist(ctx, func(ctx context.Context) error { return p.replies.Journal.Outcome(ctx, outcome) })
}

func (p *Pipeline) postpone(ctx context.Context, out Outgoing) error {
	pause := pauseAfter(out.Tries)
	return p.insist(ctx, func(ctx context.Context) error { return p.replies.Journal.Postpone(ctx, out.ID, pause) })
}

// insist repeats a note to the journal until it succeeds or contactd stops. A
// stop leaves it the time of one more call.
func (p *Pipeline) insist(ctx context.Context, note func(context.Context) error) error {
	for pause := 50 * time.Millisecond; ; pause = min(2*pause, 5*time.Second) {
		err := note(context.WithoutCancel(ctx))
		if err == nil || ctx.Err() != nil {
			return err
		}
		p.log.Error("write to the journal, trying again", "err", err)
		select {
		case <-time.After(pause):
		case <-ctx.Done():
		}
	}
}

// pauseAfter doubles with every fruitless try, by a random part less, so that
// what failed together is not tried together.
func pauseAfter(tries int) time.Duration {
	pause := maxReplyPause
	if tries < 9 { // 1 s doubled nine times is over the longest
		pause = min(replyPause<<tries, maxReplyPause)
	}
	return pause - rand.N(pause/5)
}

// untilStopped ends a step's context when the drain time is over.
func (p *Pipeline) untilStopped(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(p.stopped, cancel)
	return ctx, func() { stop(); cancel() }
}

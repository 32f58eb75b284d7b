package journal

import (
	"context"
	"sync"
	"time"

	"contactd/pipeline"
	"github.com/ThreeDotsLabs/watermill/message"
)

// flight is a message taken for delivery.
type flight struct {
	seq      int64
	lane     pipeline.Lane // when it was taken
	attempts int
	// urgent is signalled when another one is to come first; nil for never.
	urgent <-chan struct{}

	// What the side knows of it.
	unread *unreadItem
	head   *head
}

// side is what a subscription delivers, and is told what becomes of it.
type side interface {
	// take returns the next message, waiting for one; false when stopped says so.
	take(stopped func() bool) (flight, bool)
	// wake has those who wait in take look whether they are to stop.
	wake()
	acked(f flight, env *message.Message)
	// refused lets a message rest before it is delivered again.
	refused(f flight, rest time.Duration)
	// release makes a message deliverable again.
	release(f flight)
	// end is called when no message of the subscription will be given back any more.
	end()
}

// delivery is that of a side to one subscription.
type delivery struct {
	j  *Journal
	of side
	// render makes the envelope of an entry.
	render  func(pipeline.Entry) *message.Message
	out     chan<- *message.Message
	answers sync.WaitGroup // those that may still put their message back
}

// deliver returns a subscriber to the side that begin opens for a topic:
// pipeline.AllChannels or one kind of channel.
func (j *Journal) deliver(begin func(topic string) side, render func(pipeline.Entry) *message.Message) *subscriber {
	return j.newSubscriber(func(ctx context.Context, topic string, out chan<- *message.Message) {
		(&delivery{j: j, of: begin(topic), render: render, out: out}).run(ctx)
	})
}

// run delivers until ctx ends.
func (d *delivery) run(ctx context.Context) {
	defer func() { d.answers.Wait(); d.of.end() }()
	defer context.AfterFunc(ctx, d.of.wake)()
	for {
		f, ok := d.of.take(func() bool { return ctx.Err() != nil })
		if !ok {
			return
		}
		if env, ok := d.open(f); ok {
			d.send(ctx, f, env)
		}
	}
}

// send delivers an envelope, unless a more urgent one comes while nobody takes
// it.
func (d *delivery) send(ctx context.Context, f flight, env *message.Message) {
	envCtx, cancel := context.WithCancel(ctx)
	env.SetContext(context.WithValue(envCtx, entryKey{}, env.Context().Value(entryKey{})))
	select {
	case d.out <- env:
		d.answers.Add(1)
		d.j.answers.Go(func() {
			defer cancel()
			d.await(envCtx, f, env)
		})
	case <-f.urgent:
		cancel()
		d.of.release(f)
	case <-ctx.Done():
		cancel()
		d.of.release(f)
	}
}

// await waits for the answer to an envelope. When the subscription ends first
// the message is given back, and the answer is awaited until the journal
// closes.
func (d *delivery) await(ctx context.Context, f flight, env *message.Message) {
	acked := ackedBefore(ctx.Done(), env)
	nacked := isClosed(env.Nacked())
	switch {
	case acked:
		d.of.acked(f, env)
	case nacked:
		d.j.metrics.nacks.Inc()
		d.of.refused(f, redeliverAfter)
	default:
		d.of.release(f)
	}
	d.answers.Done()
	if !acked && !nacked && ackedBefore(d.j.draining, env) {
		d.of.acked(f, env)
	}
}

// ackedBefore waits for the answer to an envelope and reports whether it was
// acknowledged before it was too late, or just in time.
func ackedBefore(late <-chan struct{}, env *message.Message) bool {
	select {
	case <-env.Acked():
	case <-env.Nacked():
	case <-late:
	}
	return isClosed(env.Acked())
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// unreadableRest is how long a message rests that the disk does not give back.
const unreadableRest = 30 * time.Second

// open makes the envelope of a message. What cannot be read from the disk is
// tried again later, so that it stops nobody else.
func (d *delivery) open(f flight) (*message.Message, bool) {
	e, err := d.j.load(f)
	if err != nil {
		d.j.deps.Log.Error("deliver message", "seq", f.seq, "err", err)
		d.of.refused(f, unreadableRest)
		return nil, false
	}
	return d.render(e), true
}

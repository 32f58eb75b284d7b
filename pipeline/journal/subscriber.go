package journal

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"time"

	"contactd/pipeline"
	"github.com/ThreeDotsLabs/watermill/message"
)

// flight is a message taken for delivery: of the unread, of the outbox, or, with
// neither, ahead of its turn.
type flight struct {
	seq    int64
	unread *unreadItem
	head   *head
	rank   int // when it was taken
}

func (f flight) ahead() bool { return f.unread == nil && f.head == nil }

// side is what a subscriber delivers.
type side int

const (
	unreadSide side = iota
	outboxSide
	aheadSide
)

// subscriber delivers one side of the journal. Closing it ends its
// subscriptions, not the journal; what was delivered and not answered is
// delivered again, and a late acknowledgement still counts.
type subscriber struct {
	j  *Journal
	of side
	// render makes the envelope of an entry.
	render func(pipeline.Entry) *message.Message

	ctx   context.Context
	close context.CancelFunc
	mu    sync.Mutex
	runs  sync.WaitGroup
}

func (j *Journal) newSubscriber(of side) *subscriber {
	ctx, cancel := context.WithCancel(j.ctx)
	return &subscriber{j: j, of: of, render: envelopeOf, ctx: ctx, close: cancel}
}

// Subscribe implements message.Subscriber. The topic is pipeline.AllChannels
// or one kind of channel.
func (s *subscriber) Subscribe(ctx context.Context, topic string) (<-chan *message.Message, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.j.runsMu.Lock()
	defer s.j.runsMu.Unlock()
	if s.ctx.Err() != nil {
		return nil, errors.New("subscribe to journal: subscriber is closed")
	}
	ctx, cancel := context.WithCancel(ctx)
	forward := context.AfterFunc(s.ctx, cancel)
	out := make(chan *message.Message)
	s.runs.Add(1)
	s.j.runs.Add(1)
	go func() {
		defer s.j.runs.Done()
		defer s.runs.Done()
		defer close(out)
		defer forward()
		defer cancel()
		s.run(ctx, topic, out)
	}()
	return out, nil
}

// Close implements message.Subscriber. It returns when all subscriptions have
// ended; it does not wait for envelopes to be answered.
func (s *subscriber) Close() error {
	s.mu.Lock()
	s.close()
	s.mu.Unlock()
	s.runs.Wait()
	return nil
}

// run delivers until ctx ends.
func (s *subscriber) run(ctx context.Context, topic string, out chan<- *message.Message) {
	stopped := func() bool { return ctx.Err() != nil }
	var answers sync.WaitGroup // those that may still put their message back
	defer answers.Wait()
	take := func() (flight, bool) { return s.j.unread.take(topic, stopped) }
	wake := s.j.unread.wake
	var urgent <-chan struct{}
	switch s.of {
	case unreadSide:
	case aheadSide:
		take = func() (flight, bool) { return s.j.ahead.take(stopped) }
		wake = s.j.ahead.wake
	case outboxSide:
		t := s.j.outbox.open(topic)
		defer func() { answers.Wait(); s.j.outbox.close(t) }()
		take = func() (flight, bool) { return s.j.outbox.take(t, stopped) }
		wake, urgent = s.j.outbox.wake, t.urgent
	}
	defer context.AfterFunc(ctx, wake)()
	for {
		f, ok := take()
		if !ok {
			return
		}
		env, ok := s.open(f)
		if !ok {
			continue
		}
		s.send(ctx, f, env, out, urgent, &answers)
	}
}

// send delivers an envelope. While nobody takes it, an emergency may come
// first.
func (s *subscriber) send(ctx context.Context, f flight, env *message.Message, out chan<- *message.Message,
	urgent <-chan struct{}, answers *sync.WaitGroup,
) {
	if f.head == nil || f.rank == rankEmergency {
		urgent = nil
	}
	envCtx, cancel := context.WithCancel(ctx)
	env.SetContext(context.WithValue(envCtx, entryKey{}, env.Context().Value(entryKey{})))
	select {
	case out <- env:
		answers.Add(1)
		s.j.answers.Add(1)
		go func() {
			defer s.j.answers.Done()
			s.await(envCtx, cancel, f, env, answers.Done)
		}()
	case <-urgent:
		cancel()
		s.release(f)
	case <-ctx.Done():
		cancel()
		s.release(f)
	}
}

// await waits for the answer to an envelope. When the subscription ends first
// the message is given back, and the answer is awaited until the journal
// closes. Settled is called when the message will not be given back any more.
func (s *subscriber) await(ctx context.Context, cancel context.CancelFunc, f flight, env *message.Message, settled func()) {
	defer cancel()
	select {
	case <-env.Acked():
		s.acked(f, env)
		settled()
		return
	case <-env.Nacked():
		s.nacked(f)
		settled()
		return
	case <-ctx.Done():
	}
	select {
	case <-env.Acked(): // just in time
		s.acked(f, env)
		settled()
		return
	default:
	}
	s.release(f)
	settled()
	select {
	case <-env.Acked():
		s.acked(f, env)
	case <-env.Nacked():
	case <-s.j.draining:
		select {
		case <-env.Acked():
			s.acked(f, env)
		default:
		}
	}
}

func (s *subscriber) acked(f flight, env *message.Message) {
	switch {
	case f.ahead():
		s.j.ahead.done(f.seq)
		return
	case f.head == nil:
		s.j.unread.answered(f.unread, true)
		return
	}
	// Not the whole of head: its rank may be raised just now.
	h := f.head
	s.j.later(&publishing{
		waiting:   waiting{seq: h.seq, conversation: h.conversation, source: h.source, rank: f.rank},
		partition: number(env.Metadata[pipeline.MetaPartition]),
		offset:    number(env.Metadata[pipeline.MetaOffset]),
	})
}

// number reads a decimal of the metadata, -1 when there is none.
func number(s string) int64 {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return -1
	}
	return n
}

func (s *subscriber) nacked(f flight) {
	s.j.metrics.nacks.Inc()
	switch {
	case f.ahead():
		s.j.ahead.refused(f.seq, redeliverAfter)
	case f.head == nil:
		s.j.unread.answered(f.unread, false)
	default:
		s.j.outbox.refused(f.head, redeliverAfter)
	}
}

func (s *subscriber) release(f flight) {
	switch {
	case f.ahead():
		s.j.ahead.release(f.seq)
	case f.head == nil:
		s.j.unread.release(f.unread)
	default:
		s.j.outbox.release(f.head)
	}
}

// unreadableRest is how long a message rests that the disk does not give back.
const unreadableRest = 30 * time.Second

// open makes the envelope of a message. What cannot be read from the disk is
// tried again later, so that it stops nobody else.
func (s *subscriber) open(f flight) (*message.Message, bool) {
	e, err := s.j.load(f)
	if err == nil {
		return s.render(e), true
	}
	s.j.deps.Log.Error("deliver message", "seq", f.seq, "err", err)
	switch {
	case f.ahead():
		s.j.ahead.refused(f.seq, unreadableRest)
	case f.head == nil:
		time.AfterFunc(unreadableRest, func() { s.j.unread.release(f.unread) })
	default:
		s.j.outbox.refused(f.head, unreadableRest)
	}
	return nil, false
}

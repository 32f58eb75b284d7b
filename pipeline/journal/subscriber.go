package journal

import (
	"context"
	"errors"
	"sync"

	"github.com/ThreeDotsLabs/watermill/message"
)

// subscriber delivers to each of its subscriptions by run, which returns when its
// context ends. Closing it ends them, not the journal; what was delivered and not
// answered is delivered again, and a late acknowledgement still counts.
type subscriber struct {
	j   *Journal
	run func(ctx context.Context, topic string, out chan<- *message.Message)

	ctx   context.Context
	close context.CancelFunc
	mu    sync.Mutex
	runs  sync.WaitGroup
}

func (j *Journal) newSubscriber(run func(ctx context.Context, topic string, out chan<- *message.Message)) *subscriber {
	ctx, cancel := context.WithCancel(j.ctx)
	return &subscriber{j: j, run: run, ctx: ctx, close: cancel}
}

// Subscribe implements message.Subscriber.
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

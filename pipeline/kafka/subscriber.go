package kafka

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
)

// SubscriberConfig is how a subscriber reads.
type SubscriberConfig struct {
	// Group is the consumer group: each record is delivered to one of its
	// members, and the group remembers how far it has come. On the cluster
	// there is one of the name "group.topic" for each topic, so that members
	// coming and going at one topic do not pause another.
	Group string
	// Heartbeat is how often the coordinator is asked whether the members have
	// changed; a partition rests about that long when they have. Default 1s.
	Heartbeat time.Duration
	// NackPause is the longest pause before a refused envelope is delivered
	// again; the first is short. Default 1s.
	NackPause time.Duration
	// Damaged takes a record that is not what was published; its Err says why,
	// and its Value is empty when nothing could be read. Reading goes on when
	// it returns nil, and it is called again when it does not, so that no
	// damage passes quietly. Nil: reading stops at the damage, with an alarm.
	Damaged func(context.Context, Record) error
}

// Subscriber is a Watermill subscriber. Its methods may be called concurrently.
type Subscriber struct {
	connect connector
	config  SubscriberConfig
	watch   Watch

	mu     sync.Mutex
	closed bool
	ctx    context.Context
	cancel context.CancelFunc
	wg     sync.WaitGroup
}

// NewSubscriber makes a subscriber; close it.
func NewSubscriber(c Config, s SubscriberConfig, watch Watch) (*Subscriber, error) {
	connect, err := newConnector(c)
	if err != nil {
		return nil, err
	}
	if s.Group == "" {
		return nil, errors.New("subscribe to kafka: no group")
	}
	if s.Heartbeat == 0 {
		s.Heartbeat = defaultHeartbeat
	}
	if s.NackPause == 0 {
		s.NackPause = defaultNackPause
	}
	made := &Subscriber{connect: connect, config: s, watch: watch.withDefaults()}
	made.ctx, made.cancel = context.WithCancel(context.Background())
	return made, nil
}

// Subscribe reads a topic as a member of the group, from the oldest record that
// the group has not acknowledged, without what transactions took back. Of each partition one envelope at a time is
// delivered, in order; Nack delivers it again, with growing pauses. It never
// gives up. The channel is closed when ctx or the subscriber ends.
//
// Envelopes come at least once: again after a Nack, when a member is lost
// between Ack and commit, and when the broker has lost what it had acknowledged,
// which is read again from the oldest record on.
func (s *Subscriber) Subscribe(ctx context.Context, topic string) (<-chan *message.Message, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, fmt.Errorf("subscribe to %s: %w", topic, ErrClosed)
	}
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(s.ctx, cancel)
	s.watch.Metrics.damaged.WithLabelValues(topic) // 0: an alarm sees no first one that comes out of nothing
	m := newMembership(topic, s.config, s.connect, s.watch)
	s.wg.Go(func() {
		defer close(m.out)
		defer cancel()
		defer stop()
		m.run(ctx)
	})
	return m.out, nil
}

// Close ends every subscription and returns when their channels are closed.
// What is not acknowledged then is delivered again to the group.
func (s *Subscriber) Close() error {
	s.mu.Lock()
	s.closed = true
	s.cancel()
	s.mu.Unlock()
	s.wg.Wait()
	return nil
}

package kafka

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"

	"contactd/pipeline"
)

// ErrClosed is returned for what a closed publisher or subscriber is asked,
// and by Publish for what was not acknowledged when it was closed.
var ErrClosed = errors.New("closed")

// ErrUnsure is returned beside ErrClosed for what a broker did not refuse: it
// may have it or still get it.
var ErrUnsure = errors.New("perhaps published")

// alarmAfter is how long trouble must last before it is told: longer than a
// broker's restart or a change of leader.
const alarmAfter = 5 * time.Second

// Publisher is a Watermill publisher. Its methods may be called concurrently.
type Publisher struct {
	connect connector
	watch   Watch
	others  *precedence

	mu     sync.Mutex
	lanes  map[laneKey]*lane
	closed chan struct{}
	wg     sync.WaitGroup
}

// laneKey names a lane. A lane per topic keeps a topic that is missing, or
// that may not be written to, from holding up another.
type laneKey struct {
	topic     string
	emergency bool
}

func (k laneKey) String() string {
	if k.emergency {
		return pipeline.LaneEmergency.String()
	}
	return pipeline.LaneNormal.String()
}

// NewPublisher makes a publisher. It connects when it is first asked to
// publish, and never gives up; close it when nothing is published any more.
func NewPublisher(c Config, watch Watch) (*Publisher, error) {
	connect, err := newConnector(c)
	if err != nil {
		return nil, err
	}
	return &Publisher{
		connect: connect, watch: watch.withDefaults(), others: newPrecedence(),
		lanes: make(map[laneKey]*lane), closed: make(chan struct{}),
	}, nil
}

// Publish returns nil when every envelope is acknowledged by all in-sync
// replicas; the metadata then say at which partition and offset. Whatever
// fails is tried again until it succeeds or the publisher is closed, except an
// envelope that no broker would take: its error is permanent in the sense of
// pipeline.Permanent, and the others are published.
//
// Envelopes of one key reach the topic in the order in which one goroutine
// publishes them. The contexts of the envelopes are not looked at, because a
// record that is on its way cannot be called back.
func (p *Publisher) Publish(topic string, envs ...*message.Message) error {
	began := time.Now()
	entries := make([]*entry, len(envs))
	errs := make([]error, len(envs))
	for i, env := range envs {
		record, err := seal(topic, env)
		if err != nil {
			errs[i] = err
			continue
		}
		key := laneKey{topic: topic, emergency: env.Metadata[pipeline.MetaLane] == pipeline.LaneEmergency.String()}
		entries[i] = newEntry(record)
		if err := p.add(key, entries[i]); err != nil {
			entries[i], errs[i] = nil, err
		}
	}
	for i, e := range entries {
		if e == nil {
			continue
		}
		if errs[i] = <-e.done; errs[i] == nil {
			p.watch.Metrics.seconds.WithLabelValues(e.lane.String()).Observe(time.Since(began).Seconds())
			place(envs[i], e.partition, e.offset)
		}
	}
	return errors.Join(errs...)
}

// add queues an entry in its lane, which is begun when it is the first.
func (p *Publisher) add(key laneKey, e *entry) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-p.closed:
		return fmt.Errorf("publish to %s: %w", key.topic, ErrClosed)
	default:
	}
	l := p.lanes[key]
	if l == nil {
		l = newLane(key, p.connect, p.watch, p.others, p.closed)
		p.lanes[key] = l
		p.wg.Go(l.run)
	}
	e.lane = key
	l.add(e)
	return nil
}

// Close lets the calls in flight finish, which takes at most their time-out of
// ten seconds. What they do not settle, and what still waits, returns ErrClosed
// from Publish, and ErrUnsure too when a call may have carried it.
func (p *Publisher) Close() error {
	p.mu.Lock()
	select {
	case <-p.closed:
	default:
		close(p.closed)
	}
	p.mu.Unlock()
	p.wg.Wait()
	return nil
}

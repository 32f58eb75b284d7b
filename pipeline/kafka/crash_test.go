package kafka_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"

	"contactd/pipeline"
	"contactd/pipeline/kafka"
	"contactd/pipeline/kafka/broker"
)

// kills and acksPerKill make a run of the crash test; the figures of a release
// come from more.
const (
	kills       = 25
	acksPerKill = 400
)

func TestNothingAcknowledgedIsLostWhenTheBrokerIsKilled(t *testing.T) {
	s := supervise(t)
	p := newPublisher(t, s.Kafka(), kafka.Watch{})
	reader := newSubscriber(t, s.Kafka(), kafka.SubscriberConfig{Group: "reader"}, kafka.Watch{})
	envs, err := reader.Subscribe(t.Context(), pipeline.TopicEvents)
	if err != nil {
		t.Fatal(err)
	}
	load := startLoad(p, 16)
	go load.deliver(envs)
	for kill := range kills {
		load.await(t, int64(kill+1)*acksPerKill)
		if err := syscall.Kill(s.PID(), syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
	}
	load.await(t, (kills+1)*acksPerKill)
	load.stop()
	load.check(t, s)
	load.awaitDelivered(t)
	t.Logf("%d kills, %d restarts, %d acknowledged, 0 lost, %d stored twice", kills, s.Restarts(), load.acked.Load(), load.twice)
}

// load publishes all the time and remembers what was acknowledged.
type load struct {
	publisher *kafka.Publisher
	acked     atomic.Int64
	ended     atomic.Bool
	wake      chan struct{}
	wg        sync.WaitGroup
	mu        sync.Mutex
	ids       map[string]string // id to "partition/offset" as acknowledged
	seen      map[string]bool   // delivered to the subscriber
	failure   error
	twice     int
}

func startLoad(p *kafka.Publisher, callers int) *load {
	l := &load{publisher: p, wake: make(chan struct{}, 1), ids: make(map[string]string), seen: make(map[string]bool)}
	for caller := range callers {
		l.wg.Go(func() { l.run(caller) })
	}
	return l
}

func (l *load) run(caller int) {
	for n := 0; !l.ended.Load(); n++ {
		env := envelope(fmt.Sprintf("%d-%d", caller, n), fmt.Sprintf("conversation-%d", caller))
		if err := l.publisher.Publish(pipeline.TopicEvents, env); err != nil {
			l.mu.Lock()
			l.failure = err
			l.mu.Unlock()
			return
		}
		l.mu.Lock()
		l.ids[env.UUID] = env.Metadata[pipeline.MetaPartition] + "/" + env.Metadata[pipeline.MetaOffset]
		l.mu.Unlock()
		l.acked.Add(1)
		l.nudge()
	}
}

// deliver takes what a subscriber is delivered.
func (l *load) deliver(envs <-chan *message.Message) {
	for env := range envs {
		l.mu.Lock()
		l.seen[env.UUID] = true
		l.mu.Unlock()
		env.Ack()
		l.nudge()
	}
}

func (l *load) nudge() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// awaitDelivered waits until the subscriber was delivered everything that was
// acknowledged.
func (l *load) awaitDelivered(t *testing.T) {
	t.Helper()
	limit := time.After(time.Minute)
	for {
		l.mu.Lock()
		missing := l.missing()
		l.mu.Unlock()
		if missing == 0 {
			return
		}
		select {
		case <-l.wake:
		case <-limit:
			t.Fatalf("%d acknowledged were not delivered", missing)
		}
	}
}

// missing counts what was acknowledged and not delivered.
func (l *load) missing() int {
	n := 0
	for id := range l.ids {
		if !l.seen[id] {
			n++
		}
	}
	return n
}

func (l *load) await(t *testing.T, acks int64) {
	t.Helper()
	limit := time.After(time.Minute)
	for l.acked.Load() < acks {
		select {
		case <-l.wake:
		case <-limit:
			t.Fatalf("%d of %d acknowledged: %v", l.acked.Load(), acks, l.failure)
		}
	}
}

func (l *load) stop() {
	l.ended.Store(true)
	l.wg.Wait()
}

// check reads everything and accounts for every acknowledged envelope: it is
// there, where it was said to be, whole, and its conversation in order.
func (l *load) check(t *testing.T, s *broker.Supervisor) {
	t.Helper()
	if l.failure != nil {
		t.Fatal(l.failure)
	}
	read := readAll(t, s.Kafka(), pipeline.TopicEvents)
	places, seen, last := make(map[string]string), make(map[string]int), make(map[string]int)
	for _, r := range read {
		if r.Err != nil {
			t.Errorf("%d/%d: %v", r.Partition, r.Offset, r.Err)
		}
		id := string(r.Value)
		places[fmt.Sprintf("%d/%d", r.Partition, r.Offset)] = id
		if seen[id]++; seen[id] > 1 {
			l.twice++
			continue
		}
		var caller, n int
		if _, err := fmt.Sscanf(id, "%d-%d", &caller, &n); err != nil {
			t.Errorf("invented: %q", id)
		}
		if n < last[r.Key] {
			t.Errorf("%s: %d after %d", r.Key, n, last[r.Key])
		}
		last[r.Key] = n
	}
	for id, place := range l.ids {
		if places[place] != id {
			t.Errorf("lost: %s was acknowledged at %s, where %q is", id, place, places[place])
		}
	}
}

// readAll reads a topic from its beginning to the end that it has now.
func readAll(t testing.TB, c kafka.Config, topic string) []kafka.Record {
	t.Helper()
	cluster, err := kafka.NewCluster(c, kafka.Watch{})
	if err != nil {
		t.Fatal(err)
	}
	ends, err := cluster.EndOffsets(t.Context(), topic)
	if err != nil {
		t.Fatal(err)
	}
	left := make(map[int]bool)
	for partition, end := range ends {
		if end > 0 {
			left[partition] = true
		}
	}
	var records []kafka.Record
	done := errors.New("all read")
	if len(left) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	err = cluster.Tail(ctx, topic, true, func(r kafka.Record) error {
		records = append(records, r)
		if r.Offset == ends[r.Partition]-1 {
			delete(left, r.Partition)
		}
		if len(left) == 0 {
			return done
		}
		return nil
	})
	if !errors.Is(err, done) {
		t.Fatalf("read %d records: %v", len(records), err)
	}
	return records
}

func newPublisher(t testing.TB, c kafka.Config, w kafka.Watch) *kafka.Publisher {
	t.Helper()
	p, err := kafka.NewPublisher(c, w)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	return p
}

// envelope makes one whose payload is its id.
func envelope(id, key string) *message.Message {
	env := message.NewMessage(id, []byte(id))
	env.Metadata[pipeline.MetaKey] = key
	return env
}

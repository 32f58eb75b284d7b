package kafka

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	kafkago "github.com/segmentio/kafka-go"
)

const (
	sessionTimeout   = 10 * time.Second
	rebalanceTimeout = 10 * time.Second
	// defaultHeartbeat is how often a member asks whether the group has changed.
	defaultHeartbeat = time.Second
	// joinBackoff is the pause after a failed attempt to join.
	joinBackoff = 250 * time.Millisecond
	// stallLimit is how long a membership may go without progress before it
	// is begun anew: longer than a rebalance with every time-out in it.
	stallLimit = 30 * time.Second
	stallCheck = 5 * time.Second
	// leaveGrace is how long a member that ends may take to say so: during a
	// rebalance until the others have noticed it.
	leaveGrace = 3 * defaultHeartbeat
)

// membership is a member of a consumer group that reads one topic.
type membership struct {
	topic   string
	group   string
	config  SubscriberConfig
	connect connector
	watch   Watch
	out     chan *message.Message
	// trouble is that of joining, committing that of commits, and unread that
	// of each partition, which outlast what a member reads in one generation.
	trouble, committing trouble
	unread              map[int]*trouble
}

func newMembership(topic string, config SubscriberConfig, connect connector, watch Watch) *membership {
	return &membership{
		topic: topic, group: groupOf(config.Group, topic), config: config, connect: connect, watch: watch, out: make(chan *message.Message),
		trouble: trouble{
			watch: watch, about: Trouble{Kind: CannotRead, Topic: topic, Partition: -1},
			since: watch.Metrics.unread.WithLabelValues(topic, ""),
		},
		committing: trouble{watch: watch, about: Trouble{Kind: CannotCommit, Topic: topic, Partition: -1}},
		unread:     make(map[int]*trouble),
	}
}

// run is a member until ctx ends. A member that makes no progress is replaced.
func (m *membership) run(ctx context.Context) {
	for n := 1; ctx.Err() == nil; n++ {
		began := time.Now()
		m.join(ctx)
		if time.Since(began) > stallLimit {
			n = 1
		}
		select {
		case <-time.After(backoff(n, time.Second)):
		case <-ctx.Done():
		}
	}
}

// join is one member, from joining to leaving. It tells why it leaves before ctx
// ends.
func (m *membership) join(ctx context.Context) {
	dialer, hangUp := closable(m.connect.dialer())
	group, err := kafkago.NewConsumerGroup(kafkago.ConsumerGroupConfig{
		ID: m.group, Brokers: m.connect.brokers, Dialer: dialer, Topics: []string{m.topic},
		StartOffset:    kafkago.FirstOffset, // LastOffset would skip what came before a partition was seen
		SessionTimeout: sessionTimeout, HeartbeatInterval: m.config.Heartbeat, RebalanceTimeout: rebalanceTimeout,
		JoinGroupBackoff: joinBackoff, Timeout: requestTimeout / 2,
		WatchPartitionChanges: true,
	})
	if err != nil {
		m.trouble.goesOn(fmt.Errorf("join group %s: %w", m.group, err))
		return
	}
	defer func() {
		// A request to a coordinator that does not answer, or that makes the
		// member wait for a rebalance, is cut off.
		timer := time.AfterFunc(leaveGrace, hangUp)
		defer timer.Stop()
		_ = group.Close()
		hangUp()
	}()
	pool := m.connect.transport(m.topic)
	defer pool.CloseIdleConnections()
	for {
		waiting, cancel := context.WithTimeout(ctx, stallLimit)
		g, err := group.Next(waiting)
		cancel()
		switch {
		case ctx.Err() != nil:
			return
		case errors.Is(err, context.DeadlineExceeded):
			m.watch.Metrics.stalled.WithLabelValues(m.topic).Inc()
			m.trouble.goesOn(fmt.Errorf("join group %s: nothing happened for %v", m.group, stallLimit))
			return
		case err != nil:
			m.trouble.goesOn(fmt.Errorf("join group %s: %w", m.group, err))
			continue
		}
		m.trouble.over()
		if err := m.read(ctx, g, m.connect.client(pool)); err != nil {
			m.watch.Log.Warn("kafka reader does not get on, joining its group anew", "topic", m.topic, "err", err.Error())
			return
		}
	}
}

// read reads what a generation of the group assigns to this member, until the
// generation ends. An error means that the member has stalled.
func (m *membership) read(ctx context.Context, g *kafkago.Generation, client *kafkago.Client) error {
	ended := make(chan error, 1)
	g.Start(func(generation context.Context) {
		s := newShare(m, g, client)
		ended <- s.run(ctx, generation)
	})
	return <-ended
}

// unreadFor gives the troubles of the partitions that are read from now on. Those
// of others are over: whoever reads them has its own.
func (m *membership) unreadFor(assigned []kafkago.PartitionAssignment) map[int]*trouble {
	before := m.unread
	m.unread = make(map[int]*trouble, len(assigned))
	for _, a := range assigned {
		if m.unread[a.ID] = before[a.ID]; m.unread[a.ID] == nil {
			m.unread[a.ID] = &trouble{
				watch: m.watch, about: Trouble{Kind: CannotRead, Topic: m.topic, Partition: a.ID},
				since: m.watch.Metrics.unread.WithLabelValues(m.topic, strconv.Itoa(a.ID)),
			}
		}
		delete(before, a.ID)
	}
	for _, elsewhere := range before {
		elsewhere.over()
	}
	return m.unread
}

// closable lets every connection of a dialer be closed at once. Afterwards it
// dials no more.
func closable(d *kafkago.Dialer) (*kafkago.Dialer, func()) {
	var mu sync.Mutex
	var conns []net.Conn
	closed := false
	dial := (&net.Dialer{Timeout: d.Timeout}).DialContext
	d.DialFunc = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		mu.Lock()
		defer mu.Unlock()
		if closed {
			_ = conn.Close()
			return nil, net.ErrClosed
		}
		// A member dials for each generation; those of earlier ones are closed.
		conns = append(conns, conn)
		if len(conns) > 8 {
			conns = conns[len(conns)-8:]
		}
		return conn, nil
	}
	return d, func() {
		mu.Lock()
		defer mu.Unlock()
		closed = true
		for _, conn := range conns {
			_ = conn.Close()
		}
	}
}

package kafka

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	kafkago "github.com/segmentio/kafka-go"
)

// Cluster answers questions about topics and reads them without a group. Its
// methods may be called concurrently.
type Cluster struct {
	config  Config
	connect connector
	watch   Watch
}

// NewCluster makes a Cluster. It connects at each call and keeps nothing open.
func NewCluster(c Config, watch Watch) (*Cluster, error) {
	connect, err := newConnector(c)
	if err != nil {
		return nil, err
	}
	return &Cluster{config: c.WithDefaults(), connect: connect, watch: watch.withDefaults()}, nil
}

// EndOffsets gives the offset behind the last record of each partition of a
// topic. One that is at or below an offset that was acknowledged means that
// the broker has lost records.
func (c *Cluster) EndOffsets(ctx context.Context, topic string) (map[int]int64, error) {
	return c.offsets(ctx, topic, kafkago.LastOffsetOf)
}

// startOffsets gives the offset of the oldest record of each partition.
func (c *Cluster) startOffsets(ctx context.Context, topic string) (map[int]int64, error) {
	return c.offsets(ctx, topic, kafkago.FirstOffsetOf)
}

// A topic that is just being made, or a leader that is just being chosen, as after
// a broker left, is asked for again: so often, and after such pauses.
const (
	settleTries = 15
	settlePause = 200 * time.Millisecond
)

func (c *Cluster) offsets(ctx context.Context, topic string, which func(int) kafkago.OffsetRequest) (map[int]int64, error) {
	var before error
	for try := 1; ; try++ {
		offsets, err := c.offsetsNow(ctx, topic, which)
		if before != nil && err != nil && ctx.Err() != nil {
			err = before // says why, not that the time is over
		}
		if !settling(err) || try == settleTries || ctx.Err() != nil {
			return offsets, c.absent(topic, err)
		}
		before = err
		pause(ctx, nil, settlePause)
	}
}

// settling reports whether brokers answer so too while they make a topic.
func settling(err error) bool {
	return errors.Is(err, kafkago.UnknownTopicOrPartition) || errors.Is(err, kafkago.LeaderNotAvailable) || errors.Is(err, kafkago.NotLeaderForPartition)
}

// absent adds to an error that a topic is not there how one of contactd's own is
// made.
func (c *Cluster) absent(topic string, err error) error {
	wants := c.wants()
	at := slices.IndexFunc(wants, func(w want) bool { return w.topic == topic })
	if at < 0 || !errors.Is(err, kafkago.UnknownTopicOrPartition) {
		return err
	}
	return fmt.Errorf("%w; unless contactd run creates it, let somebody who may run\n  %s", err, c.createCommand(wants[at]))
}

func (c *Cluster) offsetsNow(ctx context.Context, topic string, which func(int) kafkago.OffsetRequest) (map[int]int64, error) {
	pool := c.connect.transport(topic)
	defer pool.CloseIdleConnections()
	client := c.connect.client(pool)
	found, err := metadata(ctx, client, topic)
	if err != nil {
		return nil, fmt.Errorf("look up %s: %w", topic, err)
	}
	var asked []kafkago.OffsetRequest
	for _, p := range found[topic].Partitions {
		asked = append(asked, which(p.ID))
	}
	answer, err := client.ListOffsets(ctx, &kafkago.ListOffsetsRequest{Topics: map[string][]kafkago.OffsetRequest{topic: asked}})
	if err != nil {
		return nil, fmt.Errorf("list offsets of %s: %w", topic, err)
	}
	offsets := make(map[int]int64, len(asked))
	for _, p := range answer.Topics[topic] {
		if p.Error != nil {
			return nil, fmt.Errorf("list offsets of %s, partition %d: %w", topic, p.Partition, p.Error)
		}
		// Each answer fills the one that was asked for and leaves -1 in the other.
		offsets[p.Partition] = max(p.FirstOffset, p.LastOffset)
	}
	if len(offsets) != len(asked) {
		return nil, fmt.Errorf("list offsets of %s: %d of %d partitions answered", topic, len(offsets), len(asked))
	}
	return offsets, nil
}

// metadata looks topics up. A topic that is not there is an error.
func metadata(ctx context.Context, client *kafkago.Client, topics ...string) (map[string]kafkago.Topic, error) {
	answer, err := client.Metadata(ctx, &kafkago.MetadataRequest{Topics: topics})
	if err != nil {
		return nil, withoutCall(err)
	}
	found := make(map[string]kafkago.Topic, len(answer.Topics))
	for _, t := range answer.Topics {
		if t.Error != nil {
			return nil, t.Error
		}
		found[t.Name] = t
	}
	return found, nil
}

// withoutCall takes the name of kafka-go's own call, which tells an operator
// nothing, from the beginning of an error.
func withoutCall(err error) error {
	if inner := errors.Unwrap(err); inner != nil && strings.HasPrefix(err.Error(), "kafka.(*Client).") {
		return inner
	}
	return err
}

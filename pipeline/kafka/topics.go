package kafka

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	kafkago "github.com/segmentio/kafka-go"

	"contactd/pipeline"
)

// leaderTimeout is how long a new topic may take until it can be written to.
const leaderTimeout = 15 * time.Second

// signalsRetention is how long signals are kept.
const signalsRetention = time.Hour

// want is what a topic must be like.
type want struct {
	topic         string
	partitions    int
	configs       []kafkago.ConfigEntry
	read, written bool // by contactd run
}

func (c *Cluster) wants() []want {
	t := c.config.Topics
	configs := []kafkago.ConfigEntry{
		// Compaction would keep one message of each conversation.
		{ConfigName: "cleanup.policy", ConfigValue: "delete"},
		{ConfigName: "retention.ms", ConfigValue: strconv.FormatInt(t.Retention.Milliseconds(), 10)},
		{ConfigName: "min.insync.replicas", ConfigValue: strconv.Itoa(t.MinInSync)},
		// A broker that lags behind must not become the leader and cut off
		// what was acknowledged.
		{ConfigName: "unclean.leader.election.enable", ConfigValue: "false"},
		{ConfigName: "max.message.bytes", ConfigValue: "1048588"},
	}
	// Signals matter for seconds; the shortest retention that Ensure will not
	// call a loss.
	brief := slices.Clone(configs)
	brief[1].ConfigValue = strconv.FormatInt(signalsRetention.Milliseconds(), 10)
	return []want{
		{pipeline.TopicEvents, t.Partitions, configs, true, true},
		{pipeline.TopicReplies, t.Partitions, configs, true, false},
		{pipeline.TopicAlerts, 1, configs, false, true},
		{pipeline.TopicRejected, 1, configs, false, true},
		{pipeline.TopicFeedback, 1, configs, false, false},
		{pipeline.TopicSignals, 1, brief, true, true},
	}
}

// Ensure creates the topics that are missing, and returns nil when all are
// there as they must be. Its error names every topic that is not, with the
// command that mends it.
func (c *Cluster) Ensure(ctx context.Context) error {
	return c.ensure(ctx, c.wants())
}

func (c *Cluster) ensure(ctx context.Context, wants []want) error {
	states, err := c.check(ctx, wants, nil)
	if err != nil {
		return err
	}
	var missing []want
	var problems []error
	for i, s := range states {
		switch {
		case s.Missing():
			missing = append(missing, wants[i])
		case s.Problem != nil:
			problems = append(problems, fmt.Errorf("use topic %s: %w", s.Topic, s.Mend()))
		}
	}
	return errors.Join(append(problems, c.create(ctx, missing)...)...)
}

// uncreated says why a topic could not be made and who could make it.
func (c *Cluster) uncreated(w want, err error) error {
	if errors.Is(err, kafkago.InvalidReplicationFactor) {
		err = fmt.Errorf("%w: kafka.topics.replication is %d; with fewer brokers set it to how many there are, with more", err, c.config.Topics.Replication)
		return fmt.Errorf("create topic %s: %w let somebody who may run\n  %s", w.topic, err, c.createCommand(w))
	}
	return fmt.Errorf("create topic %s: %w; let somebody who may run\n  %s", w.topic, err, c.createCommand(w))
}

// create makes topics and waits until they have leaders. All are made in one
// request: whoever finds the first of them there may need the others.
func (c *Cluster) create(ctx context.Context, wants []want) (problems []error) {
	if len(wants) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, leaderTimeout)
	defer cancel()
	request := &kafkago.CreateTopicsRequest{}
	var names []string
	for _, w := range wants {
		names = append(names, w.topic)
		request.Topics = append(request.Topics, kafkago.TopicConfig{
			Topic: w.topic, NumPartitions: w.partitions, ReplicationFactor: c.config.Topics.Replication, ConfigEntries: w.configs,
		})
	}
	pool := c.connect.transport(names...)
	defer pool.CloseIdleConnections()
	answer, err := c.connect.client(pool).CreateTopics(ctx, request)
	for _, w := range wants {
		why := err
		if err == nil {
			why = answer.Errors[w.topic]
		}
		if why == nil || errors.Is(why, kafkago.TopicAlreadyExists) {
			why = c.awaitLeaders(ctx, w)
		}
		if why != nil {
			problems = append(problems, c.uncreated(w, why))
		}
	}
	return problems
}

func (c *Cluster) awaitLeaders(ctx context.Context, w want) error {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		// Asking for offsets needs the leaders, and a new pool does not know
		// the cluster as it was before.
		if offsets, err := c.EndOffsets(ctx, w.topic); err == nil && len(offsets) >= w.partitions {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("wait for its leaders: %w", ctx.Err())
		}
	}
}

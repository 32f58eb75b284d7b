package broker

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"

	"contactd/pipeline"
)

const (
	// segmentBytes is how much one bad byte can cost.
	segmentBytes = 4 << 20
	// upkeepInterval is how often records beyond the retention are removed.
	upkeepInterval = 5 * time.Minute
	mib            = 1 << 20
)

// size is how many partitions a topic has and how much each keeps.
type size struct {
	partitions int32
	bytes      int64
}

// sizes share 256 MiB, because the broker needs as much memory as it keeps.
// What lies in a file of 4 MiB that is only half expired comes on top.
func sizes() map[string]size {
	return map[string]size{
		pipeline.TopicEvents:   {partitions, 40 * mib},
		pipeline.TopicReplies:  {partitions, 8 * mib},
		pipeline.TopicAlerts:   {1, 16 * mib},
		pipeline.TopicRejected: {1, 24 * mib},
		pipeline.TopicFeedback: {1, 16 * mib},
		pipeline.TopicSignals:  {1, 4 * mib},
	}
}

// otherBytes is what each partition of a foreign topic keeps.
const otherBytes = 4 * mib

// settings are what every topic must have, whoever made it. Compaction is out:
// the broker removes the old file before the new one is on the disk.
func (c Config) settings(topic string) map[string]string {
	bytes, retention := int64(otherBytes), c.Retention
	if topic == pipeline.TopicSignals {
		retention = min(retention, time.Hour)
	}
	if s, ok := sizes()[topic]; ok {
		bytes = s.bytes
	}
	return map[string]string{
		"cleanup.policy":      "delete",
		"segment.bytes":       strconv.Itoa(segmentBytes),
		"retention.ms":        strconv.FormatInt(retention.Milliseconds(), 10),
		"retention.bytes":     strconv.FormatInt(bytes, 10),
		"min.insync.replicas": "1",
	}
}

// createTopics makes contactd's own topics.
func (c Config) createTopics(cluster *kfake.Cluster) error {
	for topic, s := range sizes() {
		err := cluster.CreateTopic(topic, s.partitions, c.settings(topic))
		if err != nil && !errors.Is(err, kerr.TopicAlreadyExists) {
			return fmt.Errorf("create topic %s: %w", topic, err)
		}
	}
	return nil
}

// upkeep gives every topic its settings again, and removes what is beyond the
// retention; the broker does it by itself only once an hour.
func (c Config) upkeep(ctx context.Context, cluster *kfake.Cluster, client *kafkago.Client) error {
	answer, err := client.Metadata(ctx, &kafkago.MetadataRequest{})
	if err != nil {
		return fmt.Errorf("list topics: %w", err)
	}
	for _, t := range answer.Topics {
		if err := c.settle(ctx, cluster, client, t.Name); err != nil {
			return err
		}
	}
	cluster.ApplyRetention()
	return nil
}

func (c Config) settle(ctx context.Context, cluster *kfake.Cluster, client *kafkago.Client, topic string) error {
	found := cluster.TopicInfo(topic)
	if found == nil {
		return nil // removed meanwhile
	}
	want := c.settings(topic)
	var changes []kafkago.IncrementalAlterConfigsRequestConfig
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if have := found.Configs[name]; have == nil || *have != want[name] {
			changes = append(changes, kafkago.IncrementalAlterConfigsRequestConfig{
				Name: name, Value: want[name], ConfigOperation: kafkago.ConfigOperationSet,
			})
		}
	}
	if len(changes) == 0 {
		return nil
	}
	answer, err := client.IncrementalAlterConfigs(ctx, &kafkago.IncrementalAlterConfigsRequest{
		Resources: []kafkago.IncrementalAlterConfigsRequestResource{{
			ResourceType: kafkago.ResourceTypeTopic, ResourceName: topic, Configs: changes,
		}},
	})
	if err != nil {
		return fmt.Errorf("set retention of %s: %w", topic, err)
	}
	for _, r := range answer.Resources {
		if r.Error != nil {
			return fmt.Errorf("set retention of %s: %w", topic, r.Error)
		}
	}
	return nil
}

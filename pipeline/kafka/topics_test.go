package kafka_test

import (
	"strings"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	kafkago "github.com/segmentio/kafka-go"

	"contactd/pipeline"
	"contactd/pipeline/kafka"
)

func newCluster(t testing.TB, c kafka.Config) *kafka.Cluster {
	t.Helper()
	made, err := kafka.NewCluster(c, kafka.Watch{})
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func TestTopicsAreCreatedWithRetentionAndPartitions(t *testing.T) {
	onBoth(t, 0, func(t *testing.T, c kafka.Config, _ string) {
		cluster := newCluster(t, c)
		for range 2 { // the second time they are there
			if err := cluster.Ensure(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		states, err := cluster.Check(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		partitions := make(map[string]int)
		for _, s := range states {
			if s.Problem != nil {
				t.Errorf("%s: %v", s.Topic, s.Problem)
			}
			partitions[s.Topic] = s.Partitions
		}
		for topic, want := range map[string]int{
			pipeline.TopicEvents: c.Topics.Partitions, pipeline.TopicReplies: c.Topics.Partitions,
			pipeline.TopicAlerts: 1, pipeline.TopicRejected: 1, pipeline.TopicFeedback: 1,
			pipeline.TopicSignals: 1,
		} {
			if partitions[topic] != want {
				t.Errorf("%s has %d partitions, want %d", topic, partitions[topic], want)
			}
		}
	})
}

func TestATopicThatMayNotBeCreatedIsToldWithTheCommandThatDoes(t *testing.T) {
	c := apache(t)
	c.Topics.Replication, c.Topics.MinInSync = 3, 2 // there is one broker
	topic := "test." + watermill.NewShortUUID()
	err := newCluster(t, c).EnsureTopic(t.Context(), topic, 6)
	want := "kafka-topics.sh --bootstrap-server " + c.Brokers[0] + " --create --topic " + topic + " --partitions 6 --replication-factor 3" +
		" --config cleanup.policy=delete --config retention.ms=604800000 --config min.insync.replicas=2" +
		" --config unclean.leader.election.enable=false --config max.message.bytes=1048588"
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Fatalf("got  %v\nwant %s", err, want)
	}
	if !strings.Contains(err.Error(), "kafka.topics.replication is 3") {
		t.Errorf("nothing of the setting that fits one broker: %v", err)
	}
}

func TestATopicOnTooFewBrokersIsNotMendedSoThatNothingCanBePublished(t *testing.T) {
	c, topic := apache(t), "test."+watermill.NewShortUUID()
	if err := createTopic(t.Context(), c, topic, 1); err != nil {
		t.Fatal(err)
	}
	c.Topics.Replication, c.Topics.MinInSync = 3, 2
	err := newCluster(t, c).EnsureTopic(t.Context(), topic, 1)
	if err == nil || !strings.Contains(err.Error(), "too few brokers, 1 of 3") || strings.Contains(err.Error(), "add-config min.insync") {
		t.Errorf("got %v", err)
	}
}

func TestABrokerThatHangsUpMayWantOtherSettings(t *testing.T) {
	c := apache(t)
	c.TLS.Enabled = true // it speaks plain text there
	_, err := newCluster(t, c).Check(t.Context())
	if err == nil || !strings.Contains(err.Error(), "kafka.tls") || strings.Contains(err.Error(), "(*Client)") {
		t.Errorf("got %v", err)
	}
}

func TestATopicThatCouldLoseMessagesIsToldWithTheCommandThatMendsIt(t *testing.T) {
	c, topic := apache(t), "test."+watermill.NewShortUUID()
	client, closeClient := rawClient(c)
	defer closeClient()
	answer, err := client.CreateTopics(t.Context(), &kafkago.CreateTopicsRequest{Topics: []kafkago.TopicConfig{{
		Topic: topic, NumPartitions: 1, ReplicationFactor: 1, ConfigEntries: []kafkago.ConfigEntry{
			{ConfigName: "cleanup.policy", ConfigValue: "compact"}, {ConfigName: "retention.ms", ConfigValue: "60000"},
		},
	}}})
	if err != nil || answer.Errors[topic] != nil {
		t.Fatal(err, answer)
	}
	err = newCluster(t, c).EnsureTopic(t.Context(), topic, 1)
	want := "kafka-configs.sh --bootstrap-server " + c.Brokers[0] + " --alter --topic " + topic + " --add-config cleanup.policy=delete,retention.ms=604800000"
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Fatalf("got  %v\nwant %s", err, want)
	}
}

func TestABrokerThatCannotBeReachedIsNamed(t *testing.T) {
	_, err := newCluster(t, single("127.0.0.1:1")).Check(t.Context())
	if err == nil || !strings.HasPrefix(err.Error(), "ask 127.0.0.1:1 for topics: dial tcp") {
		t.Fatalf("got %v", err)
	}
}

func TestEndOffsetsAreBehindTheLastRecords(t *testing.T) {
	onBoth(t, 2, func(t *testing.T, c kafka.Config, topic string) {
		p := newPublisher(t, c, kafka.Watch{})
		for range 3 {
			if err := p.Publish(topic, envelope("x", "one key")); err != nil {
				t.Fatal(err)
			}
		}
		ends, err := newCluster(t, c).EndOffsets(t.Context(), topic)
		if err != nil || len(ends) != 2 || ends[0]+ends[1] != 3 {
			t.Fatalf("got %v, %v", ends, err)
		}
	})
}

func TestTailFromNowOnGivesWhatIsPublishedLater(t *testing.T) {
	onBoth(t, 2, func(t *testing.T, c kafka.Config, topic string) {
		p := newPublisher(t, c, kafka.Watch{})
		if err := p.Publish(topic, envelope("old", "k")); err != nil {
			t.Fatal(err)
		}
		first := make(chan kafka.Record, 100)
		go func() {
			_ = newCluster(t, c).Tail(t.Context(), topic, false, func(r kafka.Record) error {
				first <- r
				return nil
			})
		}()
		limit, tick := time.After(20*time.Second), time.NewTicker(50*time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case r := <-first:
				if string(r.Value) != "new" || r.Key != "k" || r.Err != nil {
					t.Fatalf("got %+v", r)
				}
				return
			case <-tick.C: // until it has begun to read
				if err := p.Publish(topic, envelope("new", "k")); err != nil {
					t.Fatal(err)
				}
			case <-limit:
				t.Fatal("nothing came")
			}
		}
	})
}

package kafka_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	kafkago "github.com/segmentio/kafka-go"

	"contactd/deploy/servers"
	"contactd/pipeline/kafka"
)

// single is the config of one broker without replicas.
func single(address string) kafka.Config {
	c := kafka.Config{Brokers: []string{address}}
	c.Topics.Replication = 1
	return c.WithDefaults()
}

// apache gives the config of the Apache Kafka node that tests use.
func apache(t testing.TB) kafka.Config { return single(servers.Kafka(t).Plain) }

// createTopic makes a topic of any name; contactd itself knows its own only.
func createTopic(ctx context.Context, c kafka.Config, topic string, partitions int) error {
	client, closeClient := rawClient(c)
	defer closeClient()
	answer, err := client.CreateTopics(ctx, &kafkago.CreateTopicsRequest{Topics: []kafkago.TopicConfig{{
		Topic: topic, NumPartitions: partitions, ReplicationFactor: 1,
	}}})
	if err != nil {
		return err
	}
	if err := answer.Errors[topic]; err != nil && !errors.Is(err, kafkago.TopicAlreadyExists) {
		return err
	}
	return nil
}

// rawClient is kafka-go without anything of ours.
func rawClient(c kafka.Config) (*kafkago.Client, func()) {
	transport := &kafkago.Transport{}
	if c.SASL.Mechanism != "" {
		transport.SASL = kafka.Login(c.SASL)
	}
	return &kafkago.Client{Addr: kafkago.TCP(c.Brokers...), Timeout: 10 * time.Second, Transport: transport}, transport.CloseIdleConnections
}

// writeRaw writes a record as somebody else would.
func writeRaw(t testing.TB, c kafka.Config, m kafkago.Message) {
	t.Helper()
	client, closeClient := rawClient(c)
	defer closeClient()
	answer, err := client.Produce(t.Context(), &kafkago.ProduceRequest{
		Topic: m.Topic, Partition: m.Partition, RequiredAcks: kafkago.RequireAll,
		Records: kafkago.NewRecordReader(kafkago.Record{Value: kafkago.NewBytes(m.Value), Headers: m.Headers}),
	})
	if err != nil || answer.Error != nil {
		t.Fatal(err, answer)
	}
}

// commit sets a group's offset of partition 0.
func commit(t testing.TB, c kafka.Config, group, topic string, offset int64) {
	t.Helper()
	client, closeClient := rawClient(c)
	defer closeClient()
	answer, err := client.OffsetCommit(t.Context(), &kafkago.OffsetCommitRequest{
		GroupID: group, GenerationID: -1, Topics: map[string][]kafkago.OffsetCommit{topic: {{Partition: 0, Offset: offset}}},
	})
	if err != nil || answer.Topics[topic][0].Error != nil {
		t.Fatal(err, answer)
	}
}

// password reads the one of a config's password file.
func password(t testing.TB, c kafka.Config) string {
	t.Helper()
	raw, err := os.ReadFile(c.SASL.PasswordFile)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(raw))
}

// creating creates topics when they are first used, because Watermill's suite
// names its own.
type creating struct {
	config     kafka.Config
	partitions int
	mu         sync.Mutex
	known      map[string]bool
}

func (c *creating) ensure(topic string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.known[topic] {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := createTopic(ctx, c.config, topic, c.partitions); err != nil {
		return err
	}
	c.known[topic] = true
	return nil
}

type creatingPublisher struct {
	message.Publisher
	topics *creating
}

func (p creatingPublisher) Publish(topic string, envs ...*message.Message) error {
	if err := p.topics.ensure(topic); err != nil {
		return err
	}
	return p.Publisher.Publish(topic, envs...)
}

type creatingSubscriber struct {
	message.Subscriber
	topics *creating
}

func (s creatingSubscriber) Subscribe(ctx context.Context, topic string) (<-chan *message.Message, error) {
	if err := s.topics.ensure(topic); err != nil {
		return nil, err
	}
	return s.Subscriber.Subscribe(ctx, topic)
}

func (s creatingSubscriber) SubscribeInitialize(topic string) error { return s.topics.ensure(topic) }

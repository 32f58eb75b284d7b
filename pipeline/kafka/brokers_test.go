package kafka_test

import (
	"context"
	"errors"
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

// createTopic makes a topic of any name; contactd itself knows its five only.
func createTopic(ctx context.Context, c kafka.Config, topic string, partitions int) error {
	transport := &kafkago.Transport{MetadataTopics: []string{topic}}
	if c.SASL.Mechanism != "" {
		transport.SASL = kafka.Login(c.SASL)
	}
	defer transport.CloseIdleConnections()
	client := kafkago.Client{Addr: kafkago.TCP(c.Brokers...), Timeout: 10 * time.Second, Transport: transport}
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

package kafka_test

import (
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/ThreeDotsLabs/watermill/pubsub/tests"

	"contactd/pipeline/kafka"
)

// shared is how Watermill's suite meets the adapter on topics of several
// partitions: at least once, in order within each partition only.
var shared = tests.Features{ConsumerGroups: true, Persistent: true}

// ordered is the same on topics of one partition, where the order is one.
var ordered = tests.Features{ConsumerGroups: true, Persistent: true, GuaranteedOrder: true}

// pubSub gives what Watermill's suite asks for, over topics with that many
// partitions. An empty group stands for a new one each time.
func pubSub(c kafka.Config, partitions int, group string) (tests.PubSubConstructor, tests.ConsumerGroupPubSubConstructor) {
	topics := &creating{config: c, partitions: partitions, known: make(map[string]bool)}
	grouped := func(t *testing.T, group string) (message.Publisher, message.Subscriber) {
		publisher, err := kafka.NewPublisher(c, kafka.Watch{})
		if err != nil {
			t.Fatal(err)
		}
		subscriber, err := kafka.NewSubscriber(c, kafka.SubscriberConfig{Group: group, Heartbeat: 150 * time.Millisecond, NackPause: 20 * time.Millisecond}, kafka.Watch{})
		if err != nil {
			t.Fatal(err)
		}
		return creatingPublisher{publisher, topics}, creatingSubscriber{subscriber, topics}
	}
	return func(t *testing.T) (message.Publisher, message.Subscriber) {
		if group == "" {
			return grouped(t, watermill.NewUUID())
		}
		return grouped(t, group)
	}, grouped
}

// suite runs Watermill's suite on a broker. Its TestReconnect is left out: it
// compares what it received with what it noted as published without waiting for
// the notes, and fails when an envelope is quicker. The crash test is its like.
func suite(t *testing.T, c kafka.Config) {
	t.Parallel() // it waits more than it works
	t.Run("with several partitions", func(t *testing.T) {
		alone, grouped := pubSub(c, 8, "suite")
		tests.TestPubSub(t, shared, alone, grouped)
	})
	t.Run("in order on one partition", func(t *testing.T) {
		alone, grouped := pubSub(c, 1, "suite")
		tests.TestPubSub(t, ordered, alone, grouped)
	})
	t.Run("old messages for a new group", func(t *testing.T) {
		alone, _ := pubSub(c, 2, "")
		features := shared
		features.NewSubscriberReceivesOldMessages = true
		tests.TestNewSubscriberReceivesOldMessages(t, tests.TestContext{TestID: tests.NewTestID(), Features: features}, alone)
	})
}

// stress runs many of Watermill's suites side by side.
func stress(t *testing.T, c kafka.Config) {
	t.Parallel()
	alone, grouped := pubSub(c, 4, "stress")
	tests.TestPubSubStressTest(t, shared, alone, grouped)
}

func TestWatermillsSuitePassesOnApacheKafka(t *testing.T)       { suite(t, apache(t)) }
func TestWatermillsStressSuitePassesOnApacheKafka(t *testing.T) { stress(t, apache(t)) }
func TestWatermillsSuitePassesOnTheEmbeddedBroker(t *testing.T) { suite(t, embedded(t)) }
func TestWatermillsStressSuitePassesOnTheEmbeddedBroker(t *testing.T) {
	stress(t, embedded(t))
}

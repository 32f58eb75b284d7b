package kafka_test

import (
	"log/slog"
	"os"
	"testing"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/ThreeDotsLabs/watermill/pubsub/tests"

	"contactd/pipeline/kafka"
)

// features are those that the adapter has: at least once, in order within a
// partition, which Watermill's suite calls order when there is one partition.
var features = tests.Features{
	ConsumerGroups:                   true,
	ExactlyOnceDelivery:              false,
	GuaranteedOrder:                  false,
	Persistent:                       true,
	NewSubscriberReceivesOldMessages: true,
}

// pubSub gives what Watermill's suite asks for, over topics with that many
// partitions.
func pubSub(c kafka.Config, partitions int) (tests.PubSubConstructor, tests.ConsumerGroupPubSubConstructor) {
	topics := &creating{config: c, partitions: partitions, known: make(map[string]bool)}
	grouped := func(t *testing.T, group string) (message.Publisher, message.Subscriber) {
		watch := kafka.Watch{}
		if testing.Verbose() {
			watch.Log = slog.New(slog.NewTextHandler(os.Stderr, nil))
		}
		publisher, err := kafka.NewPublisher(c, watch)
		if err != nil {
			t.Fatal(err)
		}
		subscriber, err := kafka.NewSubscriber(c, kafka.SubscriberConfig{Group: group}, watch)
		if err != nil {
			t.Fatal(err)
		}
		return creatingPublisher{publisher, topics}, creatingSubscriber{subscriber, topics}
	}
	alone := func(t *testing.T) (message.Publisher, message.Subscriber) { return grouped(t, "suite") }
	_ = watermill.NewUUID
	return alone, grouped
}

func TestWatermillsSuitePassesOnApacheKafka(t *testing.T) {
	alone, grouped := pubSub(apache(t), 8)
	tests.TestPubSub(t, features, alone, grouped)
}

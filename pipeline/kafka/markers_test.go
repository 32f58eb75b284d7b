package kafka_test

import (
	"errors"
	"testing"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/twmb/franz-go/pkg/kgo"

	"contactd/pipeline/kafka"
)

func TestMarkersOfTransactionsAreNoMissingRecords(t *testing.T) {
	c, topic := apache(t), "test."+watermill.NewShortUUID()
	if err := createTopic(t.Context(), c, topic, 1); err != nil {
		t.Fatal(err)
	}
	client, err := kgo.NewClient(kgo.SeedBrokers(c.Brokers...), kgo.DefaultProduceTopic(topic), kgo.TransactionalID(topic))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	for range 3 {
		err := errors.Join(client.BeginTransaction(),
			client.ProduceSync(t.Context(), &kgo.Record{Value: []byte("v")}).FirstErr(),
			client.EndTransaction(t.Context(), kgo.TryCommit))
		if err != nil {
			t.Fatal(err)
		}
	}
	s := newSubscriber(t, c, kafka.SubscriberConfig{Group: "g"}, kafka.Watch{Alarm: func(trouble kafka.Trouble) { t.Errorf("alarm: %v", trouble.Err) }})
	envs, err := s.Subscribe(t.Context(), topic)
	if err != nil {
		t.Fatal(err)
	}
	receive(t, envs, 3)
}

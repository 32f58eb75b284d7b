package kafka_test

import (
	"errors"
	"slices"
	"strconv"
	"testing"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/twmb/franz-go/pkg/kgo"

	"contactd/pipeline/kafka"
)

// transactional makes a topic of one partition and a client that writes to it in
// transactions.
func transactional(t *testing.T) (c kafka.Config, topic string, client *kgo.Client) {
	t.Helper()
	c, topic = apache(t), "test."+watermill.NewShortUUID()
	if err := createTopic(t.Context(), c, topic, 1); err != nil {
		t.Fatal(err)
	}
	client, err := kgo.NewClient(kgo.SeedBrokers(c.Brokers...), kgo.DefaultProduceTopic(topic), kgo.TransactionalID(topic))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return c, topic, client
}

func TestMarkersOfTransactionsAreNoMissingRecords(t *testing.T) {
	c, topic, client := transactional(t)
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

// A front end that takes back a transaction has asked for nothing.
func TestWhatATransactionTookBackIsNotDelivered(t *testing.T) {
	c, topic, client := transactional(t)
	var want []string
	for n, end := range []kgo.TransactionEndTry{kgo.TryAbort, kgo.TryCommit, kgo.TryAbort, kgo.TryAbort, kgo.TryCommit} {
		value := strconv.Itoa(n)
		err := errors.Join(client.BeginTransaction(),
			client.ProduceSync(t.Context(), &kgo.Record{Value: []byte(value)}, &kgo.Record{Value: []byte(value)}).FirstErr(),
			client.ProduceSync(t.Context(), &kgo.Record{Value: []byte(value)}).FirstErr(), // a batch of its own
			client.EndTransaction(t.Context(), end))
		if err != nil {
			t.Fatal(err)
		}
		if end == kgo.TryCommit {
			want = append(want, value, value, value)
		}
	}
	s := newSubscriber(t, c, kafka.SubscriberConfig{Group: "g"}, kafka.Watch{Alarm: func(trouble kafka.Trouble) { t.Errorf("alarm: %v", trouble.Err) }})
	envs, err := s.Subscribe(t.Context(), topic)
	if err != nil {
		t.Fatal(err)
	}
	publish := newPublisher(t, c, kafka.Watch{})
	if err := publish.Publish(topic, envelope("last", "k")); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, env := range receive(t, envs, len(want)+1) {
		got = append(got, string(env.Payload))
	}
	if !slices.Equal(got[:len(want)], want) {
		t.Errorf("delivered %q, want %q and the last", got, want)
	}
}

// Who looks at what was asked for must not see what nobody asks for.
func TestWhatATransactionTookBackIsNotShown(t *testing.T) {
	c, topic, client := transactional(t)
	for n, end := range []kgo.TransactionEndTry{kgo.TryCommit, kgo.TryAbort, kgo.TryCommit, kgo.TryAbort} {
		err := errors.Join(client.BeginTransaction(),
			client.ProduceSync(t.Context(), &kgo.Record{Value: []byte(strconv.Itoa(n))}).FirstErr(),
			client.EndTransaction(t.Context(), end))
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := newPublisher(t, c, kafka.Watch{}).Publish(topic, envelope("last", "k")); err != nil {
		t.Fatal(err)
	}
	want := []string{"0", "2", "last"}
	cluster := newCluster(t, c)
	for name, read := range map[string]func(f func(value string) error) error{
		"to who follows the topic": func(f func(string) error) error {
			return cluster.Tail(t.Context(), topic, true, func(r kafka.Record) error { return f(string(r.Value)) })
		},
		"to who reads what it holds": func(f func(string) error) error {
			return cluster.Read(t.Context(), topic, func(r kafka.Record) error { return f(string(r.Value)) })
		},
		"to who compares": func(f func(string) error) error {
			var problem error
			_, err := cluster.Since(t.Context(), topic, nil, func(_ string, _ map[string]string, value []byte) {
				problem = f(string(value))
			})
			return errors.Join(err, problem)
		},
	} {
		t.Run(name, func(t *testing.T) {
			enough := errors.New("enough")
			var got []string
			err := read(func(value string) error {
				if got = append(got, value); value == "last" {
					return enough
				}
				return nil
			})
			if !slices.Equal(got, want) || !errors.Is(err, enough) {
				t.Errorf("shown %q, want %q; %v", got, want, err)
			}
		})
	}
}

package kafka_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"
	kafkago "github.com/segmentio/kafka-go"

	"contactd/deploy/servers"
	"contactd/pipeline"
	"contactd/pipeline/kafka"
)

// onBoth runs a test on both brokers, each with a new topic.
func onBoth(t *testing.T, partitions int, test func(t *testing.T, c kafka.Config, topic string)) {
	for name, config := range map[string]func(testing.TB) kafka.Config{"Apache Kafka": apache, "embedded broker": embedded} {
		t.Run(name, func(t *testing.T) {
			c, topic := config(t), "test."+watermill.NewShortUUID()
			if partitions > 0 {
				if err := createTopic(t.Context(), c, topic, partitions); err != nil {
					t.Fatal(err)
				}
			}
			test(t, c, topic)
		})
	}
}

func newSubscriber(t testing.TB, c kafka.Config, s kafka.SubscriberConfig, w kafka.Watch) *kafka.Subscriber {
	t.Helper()
	made, err := kafka.NewSubscriber(c, s, w)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = made.Close() })
	return made
}

// receive takes and acknowledges n envelopes.
func receive(t testing.TB, envs <-chan *message.Message, n int) []*message.Message {
	t.Helper()
	var got []*message.Message
	limit := time.After(30 * time.Second)
	for len(got) < n {
		select {
		case env, ok := <-envs:
			if !ok {
				t.Fatalf("closed after %d of %d", len(got), n)
			}
			env.Ack()
			got = append(got, env)
		case <-limit:
			t.Fatalf("received %d of %d", len(got), n)
		}
	}
	return got
}

func TestAPublishedEnvelopeComesBackWhole(t *testing.T) {
	onBoth(t, 3, func(t *testing.T, c kafka.Config, topic string) {
		sent := envelope("id-1", "conversation-1")
		sent.Metadata["ce_type"] = "contact.received.v1"
		sent.Metadata[pipeline.MetaLane] = pipeline.LaneEmergency.String()
		if err := newPublisher(t, c, kafka.Watch{}).Publish(topic, sent); err != nil {
			t.Fatal(err)
		}
		envs, err := newSubscriber(t, c, kafka.SubscriberConfig{Group: "g"}, kafka.Watch{}).Subscribe(t.Context(), topic)
		if err != nil {
			t.Fatal(err)
		}
		got := receive(t, envs, 1)[0]
		want := message.Metadata{
			pipeline.MetaKey: "conversation-1", "ce_type": "contact.received.v1",
			pipeline.MetaDigest:    fmt.Sprintf("%x", sha256.Sum256([]byte("id-1"))),
			pipeline.MetaPartition: sent.Metadata[pipeline.MetaPartition], pipeline.MetaOffset: "0",
		}
		if fmt.Sprint(got.Metadata) != fmt.Sprint(want) {
			t.Errorf("metadata %v, want %v", got.Metadata, want)
		}
		if got.UUID != "id-1" || string(got.Payload) != "id-1" {
			t.Errorf("got %s %q", got.UUID, got.Payload)
		}
	})
}

func TestKcatReadsWhatIsPublished(t *testing.T) {
	kcat := servers.Kcat(t)
	onBoth(t, 2, func(t *testing.T, c kafka.Config, topic string) {
		p := newPublisher(t, c, kafka.Watch{})
		var envs []*message.Message
		for i := range 1000 {
			envs = append(envs, envelope(fmt.Sprintf("id-%d", i), fmt.Sprintf("conversation-%d", i%10)))
		}
		if err := p.Publish(topic, envs...); err != nil {
			t.Fatal(err)
		}
		args := []string{"-b", c.Brokers[0], "-C", "-t", topic, "-e", "-q", "-f", "%k %s %h\n"}
		if c.SASL.Mechanism != "" {
			args = append(args, "-X", "security.protocol=sasl_plaintext", "-X", "sasl.mechanism=SCRAM-SHA-512",
				"-X", "sasl.username="+c.SASL.User, "-X", "sasl.password="+password(t, c))
		}
		said, err := exec.CommandContext(t.Context(), kcat, args...).CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, said)
		}
		next := make(map[string]int)
		for line := range strings.Lines(string(said)) {
			var key string
			var n int
			if _, err := fmt.Sscanf(line, "%s id-%d", &key, &n); err != nil || !strings.Contains(line, "sha256=") {
				t.Fatalf("%q: %v", line, err)
			}
			if n < next[key] {
				t.Errorf("%s: %d after %d", key, n, next[key])
			}
			next[key] = n
		}
		if lines := bytes.Count(said, []byte("\n")); lines != 1000 {
			t.Errorf("read %d of 1000", lines)
		}
	})
}

func TestARecordThatNoBrokerTakesIsPermanentAndHoldsUpNoOther(t *testing.T) {
	onBoth(t, 1, func(t *testing.T, c kafka.Config, topic string) {
		large := envelope("large", "k")
		large.Payload = make([]byte, 257<<10)
		err := newPublisher(t, c, kafka.Watch{}).Publish(topic, envelope("before", "k"), large, envelope("after", "k"))
		if !errors.Is(err, kafka.ErrTooLarge) {
			t.Errorf("got %v", err)
		}
		read := readAll(t, c, topic)
		if len(read) != 2 || string(read[0].Value) != "before" || string(read[1].Value) != "after" {
			t.Errorf("stored %d records", len(read))
		}
	})
}

func TestARecordThatTheBrokerRefusesFailsNoneOfItsBatch(t *testing.T) {
	c, topic := apache(t), "test."+watermill.NewShortUUID()
	client := kafkago.Client{Addr: kafkago.TCP(c.Brokers...), Timeout: 10 * time.Second}
	answer, err := client.CreateTopics(t.Context(), &kafkago.CreateTopicsRequest{Topics: []kafkago.TopicConfig{{
		Topic: topic, NumPartitions: 1, ReplicationFactor: 1,
		ConfigEntries: []kafkago.ConfigEntry{{ConfigName: "max.message.bytes", ConfigValue: "2000"}},
	}}})
	if err != nil || answer.Errors[topic] != nil {
		t.Fatal(err, answer)
	}
	large := envelope("large", "k")
	large.Payload = make([]byte, 5000)
	err = newPublisher(t, c, kafka.Watch{}).Publish(topic, envelope("before", "k"), large, envelope("after", "k"))
	if !errors.Is(err, kafkago.MessageSizeTooLarge) {
		t.Errorf("got %v", err)
	}
	if read := readAll(t, c, topic); len(read) != 2 || string(read[0].Value) != "before" || string(read[1].Value) != "after" {
		t.Errorf("stored %d records", len(read))
	}
}

func TestAMissingTopicHoldsUpNoOther(t *testing.T) {
	onBoth(t, 1, func(t *testing.T, c kafka.Config, topic string) {
		p := newPublisher(t, c, kafka.Watch{})
		missing := make(chan error, 1)
		go func() { missing <- p.Publish(topic+".missing", envelope("m", "k")) }()
		if err := p.Publish(topic, envelope("x", "k")); err != nil {
			t.Fatal(err)
		}
		if err := p.Close(); err != nil {
			t.Fatal(err)
		}
		if err := <-missing; !errors.Is(err, kafka.ErrClosed) {
			t.Errorf("got %v", err)
		}
		if err := p.Publish(topic, envelope("y", "k")); !errors.Is(err, kafka.ErrClosed) {
			t.Errorf("after Close: %v", err)
		}
	})
}

func TestAPayloadThatIsNotItsDigestsIsHandedOverAndNotDelivered(t *testing.T) {
	onBoth(t, 1, func(t *testing.T, c kafka.Config, topic string) {
		p := newPublisher(t, c, kafka.Watch{})
		if err := p.Publish(topic, envelope("first", "k")); err != nil {
			t.Fatal(err)
		}
		writeRaw(t, c, kafkago.Message{Topic: topic, Value: []byte("changed"), Headers: []kafkago.Header{
			{Key: pipeline.MetaDigest, Value: bytes.Repeat([]byte("0"), 64)},
		}})
		if err := p.Publish(topic, envelope("last", "k")); err != nil {
			t.Fatal(err)
		}
		damaged, alarms := make(chan kafka.Record, 10), make(chan kafka.Trouble, 10)
		s := newSubscriber(t, c, kafka.SubscriberConfig{Group: "g", Damaged: func(_ context.Context, r kafka.Record) error {
			damaged <- r
			return nil
		}}, kafka.Watch{Alarm: func(trouble kafka.Trouble) { alarms <- trouble }})
		envs, err := s.Subscribe(t.Context(), topic)
		if err != nil {
			t.Fatal(err)
		}
		if got := receive(t, envs, 2); got[0].UUID != "first" || got[1].UUID != "last" {
			t.Errorf("delivered %s, %s", got[0].UUID, got[1].UUID)
		}
		if r := <-damaged; r.Offset != 1 || string(r.Value) != "changed" || r.Err == nil {
			t.Errorf("handed over %+v", r)
		}
		if alarm := <-alarms; alarm.Kind != kafka.Damaged {
			t.Errorf("alarm %+v", alarm)
		}
	})
}

func TestAnOffsetBeyondTheEndOfTheLogIsToldAndAllIsReadAgain(t *testing.T) {
	onBoth(t, 1, func(t *testing.T, c kafka.Config, topic string) {
		if err := newPublisher(t, c, kafka.Watch{}).Publish(topic, envelope("a", "k"), envelope("b", "k")); err != nil {
			t.Fatal(err)
		}
		commit(t, c, "g."+topic, topic, 1000)
		alarms := make(chan kafka.Trouble, 10)
		s := newSubscriber(t, c, kafka.SubscriberConfig{Group: "g"}, kafka.Watch{Alarm: func(trouble kafka.Trouble) { alarms <- trouble }})
		envs, err := s.Subscribe(t.Context(), topic)
		if err != nil {
			t.Fatal(err)
		}
		if got := receive(t, envs, 2); got[0].UUID != "a" || got[1].UUID != "b" {
			t.Errorf("delivered %s, %s", got[0].UUID, got[1].UUID)
		}
		if alarm := <-alarms; alarm.Kind != kafka.OffsetsFell {
			t.Errorf("alarm %+v", alarm)
		}
	})
}

func TestWhatWasAcknowledgedIsNotDeliveredToTheGroupAgain(t *testing.T) {
	onBoth(t, 2, func(t *testing.T, c kafka.Config, topic string) {
		p := newPublisher(t, c, kafka.Watch{})
		for i := range 20 {
			if err := p.Publish(topic, envelope(fmt.Sprint(i), fmt.Sprint(i))); err != nil {
				t.Fatal(err)
			}
		}
		seen := make(map[string]int)
		for range 2 {
			s := newSubscriber(t, c, kafka.SubscriberConfig{Group: "g"}, kafka.Watch{})
			envs, err := s.Subscribe(t.Context(), topic)
			if err != nil {
				t.Fatal(err)
			}
			for _, env := range receive(t, envs, 10) {
				seen[env.UUID]++
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
		}
		// One more of each partition may have been handed out at the close,
		// and is delivered again; none is left out.
		if len(seen) != 20 {
			t.Errorf("delivered %d of 20: %v", len(seen), seen)
		}
	})
}

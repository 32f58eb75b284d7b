package main

import (
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"contactd/channels"
	"contactd/deploy/servers"
	"contactd/pipeline"
	"contactd/pipeline/journal"
	"contactd/pipeline/kafka"
)

// foreignBroker is one that answers every question and, while full, takes no
// record.
func foreignBroker(t *testing.T, full *atomic.Bool) (address string) {
	t.Helper()
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, pipeline.TopicEvents))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Close)
	cluster.ControlKey(int16(kmsg.Produce), func(r kmsg.Request) (kmsg.Response, error, bool) {
		cluster.KeepControl()
		if !full.Load() {
			return nil, nil, false
		}
		answer := r.ResponseKind().(*kmsg.ProduceResponse)
		for _, asked := range r.(*kmsg.ProduceRequest).Topics {
			topic := kmsg.NewProduceResponseTopic()
			topic.Topic, topic.TopicID = asked.Topic, asked.TopicID
			for _, p := range asked.Partitions {
				partition := kmsg.NewProduceResponseTopicPartition()
				partition.Partition, partition.ErrorCode = p.Partition, kerr.KafkaStorageError.Code
				topic.Partitions = append(topic.Partitions, partition)
			}
			answer.Topics = append(answer.Topics, topic)
		}
		return answer, nil, true
	})
	return cluster.ListenAddrs()[0]
}

func TestABrokerThatAnswersAndTakesNothingIsNotReady(t *testing.T) {
	var full atomic.Bool
	full.Store(true)
	mailbox := servers.Dovecot(t, servers.DovecotOptions{})
	mailbox.Deliver(t, "control", "INBOX", mail(1, 0))
	p := startProgram(t, configure(t, fmt.Sprintf("kafka: {brokers: [%q], topics: {replication: 1, partitions: 1}}\n", foreignBroker(t, &full))+
		mailboxConfig("control", mailbox.IMAPS, mailbox.CAFile, "control", servers.DovecotPassword)), "run")
	eventually(t, 30*time.Second, func() bool {
		r := p.readiness()
		return !r.Ready && strings.Contains(r.Broker.Error, "cannot_publish contact.events") && strings.Contains(r.Broker.Error, "Kafka Storage Error")
	}, func() string { return fmt.Sprintf("%+v", p.readiness()) })

	full.Store(false)
	p.awaitReady()
	p.publishes(t, 1)
}

func TestCommandsThatCannotBeReadAreNotReady(t *testing.T) {
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Close)
	var forbidden atomic.Bool
	forbidden.Store(true)
	cluster.ControlKey(int16(kmsg.JoinGroup), func(r kmsg.Request) (kmsg.Response, error, bool) {
		cluster.KeepControl()
		answer := r.ResponseKind().(*kmsg.JoinGroupResponse)
		answer.ErrorCode = kerr.GroupAuthorizationFailed.Code
		return answer, nil, forbidden.Load()
	})
	p := startProgram(t, configure(t, fmt.Sprintf("kafka: {brokers: [%q], topics: {replication: 1, partitions: 1}}\n", cluster.ListenAddrs()[0])), "run")
	eventually(t, 30*time.Second, func() bool {
		r := p.readiness()
		return !r.Ready && strings.Contains(r.Broker.Error, "cannot_read contact.replies") && strings.Contains(r.Broker.Error, "Group Authorization Failed")
	}, func() string { return fmt.Sprintf("%+v", p.readiness()) })
	if p.metric("contactd_kafka_unread_since_timestamp_seconds") == 0 {
		t.Error("no alarm can see it")
	}

	forbidden.Store(false)
	p.awaitReady()
	if since := p.metric("contactd_kafka_unread_since_timestamp_seconds"); since != 0 {
		t.Errorf("since %v", since)
	}
}

func TestAFullDiskOfTheOwnBrokerIsToldBeforeAnythingIsPublished(t *testing.T) {
	cluster, err := kafka.NewCluster(kafka.Config{Brokers: []string{foreignBroker(t, new(atomic.Bool))}}, kafka.Watch{})
	if err != nil {
		t.Fatal(err)
	}
	state := newBrokerState()
	state.topicsAre(nil)
	if err := state.look(t.Context(), cluster); err != nil {
		t.Fatal(err)
	}
	full := errors.New("the disk is full")
	state.room, state.probed = func() error { return full }, time.Time{}
	if err := state.look(t.Context(), cluster); !errors.Is(err, full) {
		t.Errorf("got %v", err)
	}
	full, state.probed = nil, time.Time{}
	if err := state.look(t.Context(), cluster); err != nil {
		t.Errorf("with room again: %v", err)
	}
}

func TestAMessageThatIsNotPublishedForLongIsNotReady(t *testing.T) {
	began := time.Now()
	var passed atomic.Int64
	now := func() time.Time { return began.Add(time.Duration(passed.Load())) }
	j, err := journal.Open(journal.Config{Dir: t.TempDir(), MinFree: -1}, journal.Deps{Now: now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = j.Close() })
	d := &daemon{journal: j, health: pipeline.NewHealth(pipeline.Config{}, nil, time.Now)}
	original := channels.Original{Channel: "email", Account: "control", ID: "1", ReceivedAt: began, Bytes: []byte("mail")}
	if err := j.Accept(t.Context(), []channels.Original{original}, channels.Cursor{}); err != nil {
		t.Fatal(err)
	}
	if r := d.ready(t.Context()); !r.Publishing.Ready {
		t.Errorf("at once: %+v", r.Publishing)
	}
	passed.Store(int64(publishLimit + 30*time.Second))
	r := d.ready(t.Context())
	if want := "publish messages: the oldest of lane unsorted waits for 1m30s"; r.Ready || r.Publishing.Error != want {
		t.Errorf("later: %+v, want %s", r.Publishing, want)
	}
}

func TestWhoAsksTheBrokerHoldsNoPublisherUp(t *testing.T) {
	cluster, err := kafka.NewCluster(kafka.Config{Brokers: []string{"127.0.0.1:1"}}, kafka.Watch{})
	if err != nil {
		t.Fatal(err)
	}
	state, asking, answer := newBrokerState(), make(chan struct{}), make(chan struct{})
	state.room = func() error {
		close(asking)
		<-answer
		return nil
	}
	looked := make(chan error)
	go func() { looked <- state.look(t.Context(), cluster) }()
	<-asking
	told := make(chan struct{})
	go func() {
		state.trouble(kafka.Trouble{Kind: "slow", Topic: "contact.events", Err: errors.New("held up")})
		close(told)
	}()
	select {
	case <-told:
	case <-time.After(5 * time.Second):
		t.Error("the publisher waits for the answer")
	}
	close(answer)
	if err := <-looked; err == nil || !strings.Contains(err.Error(), "held up") {
		t.Errorf("got %v", err)
	}
}

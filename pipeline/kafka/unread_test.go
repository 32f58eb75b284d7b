package kafka_test

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"contactd/pipeline/kafka"
)

func TestAPartitionThatCannotBeReadIsToldToBeOverWhoeverReadsItThen(t *testing.T) {
	b, c := newFaulty(t)
	if err := newPublisher(t, c, kafka.Watch{}).Publish("test", envelope("id", "k")); err != nil {
		t.Fatal(err)
	}
	var allowed atomic.Bool
	synced := make(chan bool, 100)
	b.ControlKey(int16(kmsg.Fetch), func(request kmsg.Request) (kmsg.Response, error, bool) {
		b.KeepControl()
		return forbidden(request.(*kmsg.FetchRequest)), nil, !allowed.Load()
	})
	b.ControlKey(int16(kmsg.SyncGroup), func(kmsg.Request) (kmsg.Response, error, bool) {
		b.KeepControl()
		synced <- true
		return nil, nil, false
	})
	alarms := make(chan kafka.Trouble, 100)
	config, watch := kafka.SubscriberConfig{Group: "g", Heartbeat: 100 * time.Millisecond}, kafka.Watch{Alarm: func(trouble kafka.Trouble) { alarms <- trouble }}
	subscribe := func(w kafka.Watch) {
		t.Helper()
		envs, err := newSubscriber(t, c, config, w).Subscribe(t.Context(), "test")
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			for env := range envs {
				env.Ack()
			}
		}()
	}
	await := func() kafka.Trouble {
		t.Helper()
		select {
		case told := <-alarms:
			return told
		case <-time.After(25 * time.Second):
			t.Fatal("nothing is told")
			return kafka.Trouble{}
		}
	}
	subscribe(watch)
	if told := await(); told.Kind != kafka.CannotRead || told.Partition != 0 || told.Err == nil {
		t.Fatalf("told %+v", told)
	}
	<-synced
	subscribe(kafka.Watch{}) // the group shares its one partition anew
	<-synced
	<-synced
	allowed.Store(true)
	if told := await(); told.Kind != kafka.CannotRead || told.Partition != 0 || told.Err != nil {
		t.Errorf("told %+v", told)
	}
}

func forbidden(request *kmsg.FetchRequest) kmsg.Response {
	answer := request.ResponseKind().(*kmsg.FetchResponse)
	topic, partition := kmsg.NewFetchResponseTopic(), kmsg.NewFetchResponseTopicPartition()
	topic.Topic, partition.ErrorCode = "test", kerr.TopicAuthorizationFailed.Code
	topic.Partitions = append(topic.Partitions, partition)
	answer.Topics = append(answer.Topics, topic)
	return answer
}

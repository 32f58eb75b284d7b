package kafka_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"contactd/pipeline/kafka"
)

func TestCommitsThatFailAreToldOnceAndWhenTheySucceedAgain(t *testing.T) {
	const times = 8
	b, c := newFaulty(t)
	if err := newPublisher(t, c, kafka.Watch{}).Publish("test", envelope("id", "k")); err != nil {
		t.Fatal(err)
	}
	refused, taken := 0, make(chan bool)
	b.answer(kmsg.OffsetCommit, times+1, func(request kmsg.Request) kmsg.Response {
		if refused++; refused > times {
			close(taken)
		}
		return refusal(request.(*kmsg.OffsetCommitRequest), refused <= times)
	})
	var told bytes.Buffer
	s := newSubscriber(t, c, kafka.SubscriberConfig{Group: "g"}, kafka.Watch{Log: slog.New(slog.NewTextHandler(&told, nil))})
	envs, err := s.Subscribe(t.Context(), "test")
	if err != nil {
		t.Fatal(err)
	}
	receive(t, envs, 1)
	select {
	case <-taken:
	case <-time.After(20 * time.Second):
		t.Fatal("it is not tried again")
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if log := told.String(); strings.Count(log, "commit offsets") != 1 || strings.Count(log, "works again") != 1 {
		t.Errorf("told %s", log)
	}
}

func refusal(request *kmsg.OffsetCommitRequest, refused bool) kmsg.Response {
	answer := request.ResponseKind().(*kmsg.OffsetCommitResponse)
	for _, t := range request.Topics {
		topic := kmsg.NewOffsetCommitResponseTopic()
		topic.Topic = t.Topic
		for _, p := range t.Partitions {
			partition := kmsg.NewOffsetCommitResponseTopicPartition()
			if partition.Partition = p.Partition; refused {
				partition.ErrorCode = kerr.GroupAuthorizationFailed.Code
			}
			topic.Partitions = append(topic.Partitions, partition)
		}
		answer.Topics = append(answer.Topics, topic)
	}
	return answer
}

package main

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"contactd/contact"
	"contactd/deploy/servers"
	"contactd/pipeline"
	"contactd/pipeline/kafka"
)

// halfDead is a broker that says where topics end, and what take says to a
// command: an error hangs up.
func halfDead(t *testing.T, take func(kmsg.Request) (answer kmsg.Response, err error, handled bool)) kafka.Config {
	t.Helper()
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, pipeline.TopicEvents, pipeline.TopicReplies))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Close)
	cluster.ControlKey(int16(kmsg.Produce), func(request kmsg.Request) (kmsg.Response, error, bool) {
		cluster.KeepControl()
		return take(request)
	})
	return kafka.Config{Brokers: cluster.ListenAddrs()}
}

func aCommand() contact.Event {
	return contact.Event{ID: "id", Source: "/local/test", Type: contact.ReplyRequestedV1, PartitionKey: "c-3lnpdfsib5r34hnaib72u7ipcb"}
}

func TestACommandOfWhichTheBrokerSaysNothingMayStillCome(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	connect := halfDead(t, func(kmsg.Request) (kmsg.Response, error, bool) {
		interrupt()
		return nil, io.EOF, true // takes it or not
	})
	t.Chdir(configure(t, "kafka: {brokers: [\""+connect.Brokers[0]+"\"]}\n"))
	var told strings.Builder
	p := &program{in: strings.NewReader(""), out: io.Discard, err: &told, getenv: noEnvironment}
	code := p.run(ctx, []string{"reply", "c-3lnpdfsib5r34hnaib72u7ipcb", "hello"})
	for _, want := range []string{"may still come", "before you send it again", "contactd tail --topic contact.replies --from-beginning"} {
		if !strings.Contains(told.String(), want) {
			t.Errorf("want %q in %s", want, told.String())
		}
	}
	if code != 3 {
		t.Errorf("exit %d", code)
	}
}

func TestACommandThatTheBrokerRefusesWasNotSent(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	_, err := publishCommand(ctx, halfDead(t, func(request kmsg.Request) (kmsg.Response, error, bool) {
		interrupt()
		answer := request.ResponseKind().(*kmsg.ProduceResponse)
		topic, partition := kmsg.NewProduceResponseTopic(), kmsg.NewProduceResponseTopicPartition()
		topic.Topic, partition.ErrorCode = pipeline.TopicReplies, 29
		topic.Partitions = append(topic.Partitions, partition)
		answer.Topics = append(answer.Topics, topic)
		return answer, nil, true
	}), aCommand())
	if err == nil || errors.As(err, new(unknownError)) || !strings.Contains(err.Error(), "not sent") || !strings.Contains(err.Error(), "Topic Authorization Failed") {
		t.Errorf("got %v", err)
	}
}

func TestACommandForABrokerThatIsAwayWasNotSent(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	_, err := publishCommand(ctx, kafka.Config{Brokers: []string{servers.FreeAddress(t)}}, aCommand())
	if err == nil || errors.As(err, new(unknownError)) || !strings.Contains(err.Error(), "not sent") || !strings.Contains(err.Error(), "connection refused") {
		t.Errorf("got %v", err)
	}
}

func TestACommandThatIsTakenAtTheLastMomentIsTaken(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	place, err := publishCommand(ctx, halfDead(t, func(kmsg.Request) (kmsg.Response, error, bool) {
		interrupt()
		return nil, nil, false
	}), aCommand())
	if err != nil || place != "contact.replies/0/0" {
		t.Errorf("got %q, %v", place, err)
	}
}

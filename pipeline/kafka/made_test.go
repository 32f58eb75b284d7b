package kafka_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"contactd/pipeline"
	"contactd/pipeline/kafka"
)

// newBrokers are brokers without topics, beside those that are named.
func newBrokers(t *testing.T, topics ...string) (*kfake.Cluster, kafka.Config) {
	t.Helper()
	brokers, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, topics...))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(brokers.Close)
	return brokers, single(brokers.ListenAddrs()[0])
}

// The broker that is asked hears of a topic later than the one that made it.
func TestATopicThatWasJustMadeIsWaitedFor(t *testing.T) {
	brokers, c := newBrokers(t, "just-made")
	asked := 0
	brokers.ControlKey(int16(kmsg.Metadata), func(request kmsg.Request) (kmsg.Response, error, bool) {
		brokers.KeepControl()
		if asked++; asked > 3 {
			return nil, nil, false
		}
		return knowingNone(request.(*kmsg.MetadataRequest)), nil, true
	})
	ends, err := newCluster(t, c).EndOffsets(t.Context(), "just-made")
	if err != nil || len(ends) != 1 {
		t.Errorf("ends %v, %v", ends, err)
	}
}

func TestATopicThatIsMissingIsNamedWithTheWayOut(t *testing.T) {
	_, c := newBrokers(t)
	for topic, want := range map[string]string{
		"contact.evnts":        "look up contact.evnts: [3] Unknown Topic",
		pipeline.TopicRejected: "kafka-topics.sh --bootstrap-server " + c.Brokers[0] + " --create --topic contact.rejected ",
	} {
		t.Run(topic, func(t *testing.T) {
			t.Parallel()
			_, err := newCluster(t, c).EndOffsets(t.Context(), topic)
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("got  %v\nwant %s", err, want)
			}
		})
	}
}

func TestWhoseTimeIsOverIsToldThatTheTopicIsMissing(t *testing.T) {
	_, c := newBrokers(t)
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	if _, err := newCluster(t, c).EndOffsets(ctx, "missing"); err == nil || !strings.Contains(err.Error(), "look up missing: [3] Unknown Topic") {
		t.Errorf("got %v", err)
	}
}

// Messages go to the first topic as soon as it is there, and who asks about them
// reads the others.
func TestNoTopicWaitsForAnotherToBeMade(t *testing.T) {
	brokers, c := newBrokers(t)
	made := map[string]bool{}
	brokers.ControlKey(int16(kmsg.CreateTopics), func(request kmsg.Request) (kmsg.Response, error, bool) {
		brokers.KeepControl()
		for _, topic := range request.(*kmsg.CreateTopicsRequest).Topics {
			made[topic.Topic] = true
		}
		return nil, nil, false
	})
	early := map[string]bool{} // topics that had a leader before all were made
	brokers.ControlKey(int16(kmsg.ListOffsets), func(request kmsg.Request) (kmsg.Response, error, bool) {
		brokers.KeepControl()
		for _, topic := range request.(*kmsg.ListOffsetsRequest).Topics {
			if len(made) < 6 {
				early[topic.Topic] = true
			}
		}
		return nil, nil, false
	})
	if err := newCluster(t, c).Ensure(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(made) != 6 || len(early) > 0 {
		t.Errorf("made %v, of which %v were there before the last", made, early)
	}
}

// knowingNone is the answer of a broker that knows none of the topics.
func knowingNone(request *kmsg.MetadataRequest) kmsg.Response {
	answer := request.ResponseKind().(*kmsg.MetadataResponse)
	for _, each := range request.Topics {
		topic := kmsg.NewMetadataResponseTopic()
		topic.Topic, topic.ErrorCode = each.Topic, kerr.UnknownTopicOrPartition.Code
		answer.Topics = append(answer.Topics, topic)
	}
	return answer
}

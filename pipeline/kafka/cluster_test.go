package kafka

import (
	"testing"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// A topic that was just made has partitions whose leader does not know it yet.
func TestALeaderThatIsJustBeingChosenIsAskedAgain(t *testing.T) {
	const topic = "just-made"
	broker, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(2, topic))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(broker.Close)
	refused := 0
	broker.ControlKey(int16(kmsg.ListOffsets), func(request kmsg.Request) (kmsg.Response, error, bool) {
		broker.KeepControl()
		if refused == 2 {
			return nil, nil, false
		}
		refused++
		return notLeading(request.(*kmsg.ListOffsetsRequest)), nil, true
	})
	cluster, err := NewCluster(Config{Brokers: broker.ListenAddrs()}, Watch{})
	if err != nil {
		t.Fatal(err)
	}
	ends, err := cluster.EndOffsets(t.Context(), topic)
	if err != nil || len(ends) != 2 || refused != 2 {
		t.Errorf("ends %v, %v after %d refusals", ends, err, refused)
	}
}

func notLeading(request *kmsg.ListOffsetsRequest) kmsg.Response {
	answer := request.ResponseKind().(*kmsg.ListOffsetsResponse)
	for _, t := range request.Topics {
		topic := kmsg.NewListOffsetsResponseTopic()
		topic.Topic = t.Topic
		for _, p := range t.Partitions {
			partition := kmsg.NewListOffsetsResponseTopicPartition()
			partition.Partition, partition.ErrorCode = p.Partition, kerr.NotLeaderForPartition.Code
			topic.Partitions = append(topic.Partitions, partition)
		}
		answer.Topics = append(answer.Topics, topic)
	}
	return answer
}

package kafka_test

import (
	"fmt"
	"net"
	"strconv"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"contactd/pipeline"
)

// Publishing waits there, though the topic is as it must be.
func TestAPartitionThatTakesNoRecordIsNamed(t *testing.T) {
	brokers, c := newBrokers(t)
	c.Topics.MinInSync = 2
	if err := newCluster(t, c).Ensure(t.Context()); err != nil {
		t.Fatal(err)
	}
	host, port, _ := net.SplitHostPort(c.Brokers[0])
	number, _ := strconv.Atoi(port)
	brokers.ControlKey(int16(kmsg.Metadata), func(request kmsg.Request) (kmsg.Response, error, bool) {
		brokers.KeepControl()
		answer := request.ResponseKind().(*kmsg.MetadataResponse)
		for node := range int32(2) {
			answer.Brokers = append(answer.Brokers, kmsg.MetadataResponseBroker{NodeID: node, Host: host, Port: int32(number)})
		}
		for _, each := range request.(*kmsg.MetadataRequest).Topics {
			sound := kmsg.MetadataResponseTopicPartition{Replicas: []int32{0, 1}, ISR: []int32{0, 1}}
			topic := kmsg.MetadataResponseTopic{Topic: each.Topic, Partitions: []kmsg.MetadataResponseTopicPartition{sound}}
			switch *each.Topic {
			case pipeline.TopicEvents: // its brokers are down
				topic.Partitions[0].Leader, topic.Partitions[0].ErrorCode = -1, kerr.LeaderNotAvailable.Code
			case pipeline.TopicAlerts: // one is, or is behind
				topic.Partitions[0].ISR = []int32{0}
			}
			answer.Topics = append(answer.Topics, topic)
		}
		return answer, nil, true
	})
	c.Topics.Replication = 2
	topics, err := newCluster(t, c).Check(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	wants := map[string]string{
		pipeline.TopicEvents: "partition 0 has no leader",
		pipeline.TopicAlerts: "partition 0 is in sync on 1 of 2 brokers, and nothing is published to it with fewer than 2",
	}
	for _, each := range topics {
		got := fmt.Sprint(each.Problem)
		if want := wants[each.Topic]; !strings.Contains(got, want) || want == "" && strings.Contains(got, "partition 0") {
			t.Errorf("%s: %s, want %q", each.Topic, got, want)
		}
	}
}

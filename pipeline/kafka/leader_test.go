package kafka_test

import (
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"contactd/pipeline"
	"contactd/pipeline/kafka"
)

// Brokers are restarted one after the other at every update of a cluster.
func TestAnEmergencyFindsANewLeaderAtOnce(t *testing.T) {
	const moves = 6
	brokers, err := kfake.NewCluster(kfake.NumBrokers(3), kfake.SeedTopics(1, "test"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(brokers.Close)
	var asked atomic.Int32
	brokers.ControlKey(int16(kmsg.Produce), func(kmsg.Request) (kmsg.Response, error, bool) {
		brokers.KeepControl()
		asked.Add(1)
		return nil, nil, false
	})
	c := single(brokers.ListenAddrs()[0])
	c.Brokers = brokers.ListenAddrs()
	p := newPublisher(t, c, kafka.Watch{})
	publish := func(id string) {
		t.Helper()
		env := envelope(id, "k")
		env.Metadata[pipeline.MetaLane] = pipeline.LaneEmergency.String()
		if err := p.Publish("test", env); err != nil {
			t.Fatal(err)
		}
	}
	publish("before")
	asked.Store(0)
	for move := range moves {
		for node := range int32(3) {
			if node != brokers.LeaderFor("test", 0) {
				if err := brokers.MoveTopicPartition("test", 0, node); err != nil {
					t.Fatal(err)
				}
				break
			}
		}
		publish(fmt.Sprint(move))
	}
	if n := asked.Load(); n > 3*moves { // one is refused, and one that asked anew is taken
		t.Errorf("%d calls for %d changes of the leader", n, moves)
	}
}

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
	l := newLeaders(t, kmsg.Produce)
	p := newPublisher(t, l.config, kafka.Watch{})
	publish := func(id string) {
		t.Helper()
		env := envelope(id, "k")
		env.Metadata[pipeline.MetaLane] = pipeline.LaneEmergency.String()
		if err := p.Publish("test", env); err != nil {
			t.Fatal(err)
		}
	}
	publish("before")
	l.asked.Store(0)
	for move := range moves {
		l.move()
		publish(fmt.Sprint(move))
	}
	if n := l.asked.Load(); n > 3*moves { // one is refused, and one that asked anew is taken
		t.Errorf("%d calls for %d changes of the leader", n, moves)
	}
}

func TestReadersFindANewLeaderAtOnce(t *testing.T) {
	const moves = 6
	for name, read := range map[string]func(*testing.T, kafka.Config) <-chan string{
		"a member of a group": func(t *testing.T, c kafka.Config) <-chan string {
			envs, err := newSubscriber(t, c, kafka.SubscriberConfig{Group: "g"}, kafka.Watch{}).Subscribe(t.Context(), "test")
			if err != nil {
				t.Fatal(err)
			}
			ids := make(chan string)
			go func() {
				for env := range envs {
					env.Ack()
					ids <- env.UUID
				}
			}()
			return ids
		},
		"who reads without a group": func(t *testing.T, c kafka.Config) <-chan string {
			ids := make(chan string)
			go func() {
				_ = newCluster(t, c).Tail(t.Context(), "test", true, func(r kafka.Record) error {
					ids <- r.Key
					return nil
				})
			}()
			return ids
		},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLeaders(t, kmsg.Fetch)
			p := newPublisher(t, l.config, kafka.Watch{})
			ids := read(t, l.config)
			publish := func() {
				t.Helper()
				if err := p.Publish("test", envelope("id", "k")); err != nil {
					t.Fatal(err)
				}
			}
			publish()
			<-ids
			asked := int32(0)
			for range moves {
				l.asked.Store(0)
				l.move()
				publish()
				<-ids
				asked += l.asked.Load()
			}
			if asked > 4*moves { // one may be under way, one is refused, and one that asked anew has it
				t.Errorf("%d calls for %d changes of the leader", asked, moves)
			}
		})
	}
}

// leaders are brokers of which another leads the topic "test" after each move.
type leaders struct {
	t       *testing.T
	brokers *kfake.Cluster
	config  kafka.Config
	asked   atomic.Int32 // requests of one kind
}

func newLeaders(t *testing.T, counted kmsg.Key) *leaders {
	t.Helper()
	brokers, err := kfake.NewCluster(kfake.NumBrokers(3), kfake.SeedTopics(1, "test"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(brokers.Close)
	l := &leaders{t: t, brokers: brokers, config: single(brokers.ListenAddrs()[0])}
	l.config.Brokers = brokers.ListenAddrs()
	brokers.ControlKey(int16(counted), func(kmsg.Request) (kmsg.Response, error, bool) {
		brokers.KeepControl()
		l.asked.Add(1)
		return nil, nil, false
	})
	return l
}

func (l *leaders) move() {
	l.t.Helper()
	for node := range int32(3) {
		if node != l.brokers.LeaderFor("test", 0) {
			if err := l.brokers.MoveTopicPartition("test", 0, node); err != nil {
				l.t.Fatal(err)
			}
			return
		}
	}
}

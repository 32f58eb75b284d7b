package broker_test

import (
	"syscall"
	"testing"

	"github.com/ThreeDotsLabs/watermill/message"

	"contactd/pipeline"
	"contactd/pipeline/kafka"
	"contactd/pipeline/kafka/broker"
)

func TestWhatIsBeyondTheRetentionIsRemovedAtEachStart(t *testing.T) {
	s := supervise(t, broker.Config{})
	p, err := kafka.NewPublisher(s.Kafka(), kafka.Watch{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = p.Close() }()
	for range 100 { // 25 MiB, where 16 are kept
		if err := p.Publish(pipeline.TopicAlerts, message.NewMessage("x", make([]byte, 250<<10))); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Kill(s.PID(), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if err := p.Publish(pipeline.TopicAlerts, message.NewMessage("x", []byte("after the restart"))); err != nil {
		t.Fatal(err)
	}
	cluster, err := kafka.NewCluster(s.Kafka(), kafka.Watch{})
	if err != nil {
		t.Fatal(err)
	}
	end := errStop{}
	var first int64 = -1
	err = cluster.Tail(t.Context(), pipeline.TopicAlerts, true, func(r kafka.Record) error {
		first = r.Offset
		return end
	})
	if err == nil || first < 30 || first > 50 {
		t.Fatalf("the oldest record is %d: %v", first, err)
	}
}

type errStop struct{}

func (errStop) Error() string { return "stop" }

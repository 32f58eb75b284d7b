package kafka_test

import (
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"contactd/pipeline/kafka"
)

// A firewall that forgets a connection, or a broker that is frozen, answers
// nothing and closes nothing.
func TestALoginThatIsNeverAnsweredHoldsUpNoOther(t *testing.T) {
	b, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, "test"), kfake.EnableSASL(), kfake.Superuser("PLAIN", "contactd", "secret"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	awake := make(chan struct{})
	defer close(awake)
	asleep := false
	b.ControlKey(int16(kmsg.SASLHandshake), func(kmsg.Request) (kmsg.Response, error, bool) {
		b.KeepControl()
		if !asleep {
			asleep = true
			b.SleepControl(func() { <-awake })
		}
		return nil, nil, false
	})
	c := single(b.ListenAddrs()[0])
	c.SASL = kafka.SASL{Mechanism: "plain", User: "contactd", Password: "secret"}
	published := make(chan error, 1)
	p := newPublisher(t, c, kafka.Watch{})
	go func() { published <- p.Publish("test", envelope("id", "k")) }()
	select {
	case err := <-published:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(40 * time.Second):
		t.Error("not published")
	}
}

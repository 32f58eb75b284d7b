package kafka_test

import (
	"errors"
	"strings"
	"testing"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"contactd/pipeline"
	"contactd/pipeline/kafka"
)

// What a user has no right to, brokers leave out when they list topics.
func TestATopicThatTheUserMayNotSeeIsNotCalledMissing(t *testing.T) {
	brokers, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.EnableSASL(), kfake.EnableACLs(), kfake.User("PLAIN", "contactd", "secret"),
		kfake.SeedTopics(6, pipeline.TopicEvents))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(brokers.Close)
	c := single(brokers.ListenAddrs()[0])
	c.SASL = kafka.SASL{Mechanism: "plain", User: "contactd", Password: "secret"}
	topics, err := newCluster(t, c).Check(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, each := range topics {
		if !errors.Is(each.Problem, kafkago.TopicAuthorizationFailed) || !strings.Contains(each.Mend().Error(), "kafka-acls.sh ") {
			t.Errorf("%s: %v", each.Topic, each.Mend())
		}
	}
}

func TestAGroupThatTheUserMayNotJoinIsNamedWithTheWayOut(t *testing.T) {
	group := func(name string) kfake.ACL {
		return kfake.ACL{
			Resource: kmsg.ACLResourceTypeGroup, Name: name, Pattern: kmsg.ACLResourcePatternTypePrefixed, Operation: kmsg.ACLOperationRead, Allow: true,
		}
	}
	brokers, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.EnableSASL(), kfake.EnableACLs(), kfake.User("PLAIN", "contactd", "secret", group("contactd.kent")))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(brokers.Close)
	c := single(brokers.ListenAddrs()[0])
	c.SASL = kafka.SASL{Mechanism: "plain", User: "contactd", Password: "secret"}
	if err := newCluster(t, c).CheckGroup(t.Context(), "contactd.kent", "contact.replies"); err != nil {
		t.Errorf("one that it may join: %v", err)
	}
	err = newCluster(t, c).CheckGroup(t.Context(), "contactd.essex", "contact.replies")
	if err == nil || !strings.Contains(err.Error(), "kafka-acls.sh ") || !strings.Contains(err.Error(), "--group contactd.essex.contact.replies") {
		t.Errorf("got %v", err)
	}
}

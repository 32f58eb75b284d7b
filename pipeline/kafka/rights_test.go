package kafka_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

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

// Brokers show a topic to whoever may do anything with it.
func TestATopicThatTheUserMayNotReadOrWriteIsNamedWithTheWayOut(t *testing.T) {
	may := func(topic string, what kmsg.ACLOperation) kfake.ACL {
		return kfake.ACL{
			Resource: kmsg.ACLResourceTypeTopic, Name: topic, Pattern: kmsg.ACLResourcePatternTypeLiteral, Operation: what, Allow: true,
		}
	}
	const read, write = kmsg.ACLOperationRead, kmsg.ACLOperationWrite
	brokers, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.EnableSASL(), kfake.EnableACLs(),
		kfake.SeedTopics(6, pipeline.TopicEvents, pipeline.TopicReplies), kfake.SeedTopics(1, pipeline.TopicAlerts, pipeline.TopicRejected, pipeline.TopicFeedback, pipeline.TopicSignals),
		kfake.User("PLAIN", "contactd", "secret", may("*", kmsg.ACLOperationDescribeConfigs),
			may(pipeline.TopicEvents, read), may(pipeline.TopicReplies, read), // neither is written
			may(pipeline.TopicAlerts, write), may(pipeline.TopicRejected, read), // the first is not read, the second not written
			may(pipeline.TopicFeedback, kmsg.ACLOperationDescribe), may(pipeline.TopicSignals, write)), // the second is not read
		kfake.Superuser("PLAIN", "admin", "secret"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(brokers.Close)
	c := single(brokers.ListenAddrs()[0])
	c.SASL = kafka.SASL{Mechanism: "plain", User: "admin", Password: "secret"}
	c.Topics.Retention = time.Hour
	cluster := newCluster(t, c)
	before := fmt.Sprint(cluster.EndOffsets(t.Context(), pipeline.TopicEvents))
	for user, want := range map[string]map[string]string{
		"admin":    {},
		"contactd": {pipeline.TopicEvents: "write: ", pipeline.TopicRejected: "write: ", pipeline.TopicSignals: "read: "},
	} {
		c.SASL.User = user
		topics, err := newCluster(t, c).Check(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, each := range topics {
			why, denied := want[each.Topic]
			switch {
			case !denied && each.Problem != nil:
				t.Errorf("%s: %s: %v", user, each.Topic, each.Problem)
			case denied && (each.Problem == nil || !strings.HasPrefix(each.Problem.Error(), why) || !strings.Contains(each.Mend().Error(), "kafka-acls.sh ")):
				t.Errorf("%s: %s: %v, want %s", user, each.Topic, each.Mend(), why)
			}
		}
	}
	if after := fmt.Sprint(cluster.EndOffsets(t.Context(), pipeline.TopicEvents)); after != before {
		t.Errorf("it wrote: %v, before %v", after, before)
	}
}

func TestAGroupThatTheUserMayNotJoinIsNamedWithTheWayOut(t *testing.T) {
	group := func(name string) kfake.ACL {
		return kfake.ACL{
			Resource: kmsg.ACLResourceTypeGroup, Name: name, Pattern: kmsg.ACLResourcePatternTypePrefixed, Operation: kmsg.ACLOperationRead, Allow: true,
		}
	}
	seen := group("contactd.surrey")
	seen.Operation = kmsg.ACLOperationDescribe
	brokers, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.EnableSASL(), kfake.EnableACLs(), kfake.SeedTopics(1, "contact.replies"),
		kfake.User("PLAIN", "contactd", "secret", group("contactd.kent"), seen), kfake.Superuser("PLAIN", "admin", "secret"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(brokers.Close)
	c := single(brokers.ListenAddrs()[0])
	c.SASL = kafka.SASL{Mechanism: "plain", User: "contactd", Password: "secret"}
	if err := newCluster(t, c).CheckGroup(t.Context(), "contactd.kent", "contact.replies"); err != nil {
		t.Errorf("one that it may join: %v", err)
	}
	c.SASL.User = "admin"
	for _, force := range []string{"kent", "essex", "surrey"} {
		commit(t, c, "contactd."+force+".contact.replies", "contact.replies", 7)
	}
	c.SASL.User = "contactd"
	if err := newCluster(t, c).CheckGroup(t.Context(), "contactd.kent", "contact.replies"); err != nil {
		t.Errorf("one that is there: %v", err)
	}
	for _, force := range []string{"essex", "surrey"} { // the one it may see, and not join
		err = newCluster(t, c).CheckGroup(t.Context(), "contactd."+force, "contact.replies")
		if err == nil || !strings.Contains(err.Error(), "kafka-acls.sh ") || !strings.Contains(err.Error(), "--group contactd."+force+".contact.replies") {
			t.Errorf("%s: got %v", force, err)
		}
	}
}

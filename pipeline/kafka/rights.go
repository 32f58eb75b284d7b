package kafka

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	kafkago "github.com/segmentio/kafka-go"
)

// groupOf is the group on the cluster by which a topic is read.
func groupOf(group, topic string) string { return group + "." + topic }

// CheckGroup says why a subscriber of a group could not read a topic, without
// joining.
func (c *Cluster) CheckGroup(ctx context.Context, group, topic string) error {
	pool := c.connect.transport(topic)
	defer pool.CloseIdleConnections()
	name := groupOf(group, topic)
	answer, err := c.connect.client(pool).FindCoordinator(ctx, &kafkago.FindCoordinatorRequest{Key: name, KeyType: kafkago.CoordinatorKeyTypeConsumer})
	if err == nil {
		err = answer.Error
	}
	switch {
	case errors.Is(err, kafkago.GroupAuthorizationFailed):
		return fmt.Errorf("%w; run\n  %s", err, c.allow("--operation", "Read", "--group", name))
	case errors.Is(err, kafkago.GroupCoordinatorNotAvailable): // of a new cluster, which makes it now
		return nil
	default:
		return withoutCall(err)
	}
}

// allowTopic gives the user every right to a topic that contactd needs.
func (c *Cluster) allowTopic(topic string) string {
	return c.allow("--operation", "Read", "--operation", "Write", "--operation", "DescribeConfigs", "--topic", topic)
}

func (c *Cluster) allow(what ...string) string {
	user := cmp.Or(c.config.SASL.User, "NAME")
	return c.command("kafka-acls.sh", append([]string{"--add", "--allow-principal", "User:" + user}, what...)...)
}

package kafka

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
)

// groupOf is the group on the cluster by which a topic is read.
func groupOf(group, topic string) string { return group + "." + topic }

// CheckGroup says why a subscriber of a group could not read a topic, without
// joining: it asks to join for no time, which brokers refuse after they have looked
// at the right.
func (c *Cluster) CheckGroup(ctx context.Context, group, topic string) error {
	pool := c.connect.transport(topic)
	defer pool.CloseIdleConnections()
	name := groupOf(group, topic)
	answer, err := c.connect.client(pool).JoinGroup(ctx, &kafkago.JoinGroupRequest{GroupID: name, ProtocolType: "consumer"})
	if err == nil {
		err = answer.Error
	}
	var code kafkago.Error
	switch {
	case errors.Is(err, kafkago.GroupAuthorizationFailed):
		return fmt.Errorf("%w; run\n  %s", kafkago.GroupAuthorizationFailed, c.allow("--operation", "Read", "--group", name))
	case errors.As(err, &code): // the time is too short, or nobody keeps groups yet, as on a new cluster
		return nil
	default:
		return withoutCall(err)
	}
}

// denied says which right to a topic is missing. Brokers look at the right before
// they look at what is asked for, which neither gives nor leaves anything: a record
// that cannot be there, and to write none. Whatever else they answer is no denial.
func denied(ctx context.Context, client *kafkago.Client, w want) error {
	if w.written {
		none := protocol.RawRecordSet{Reader: bytes.NewReader(make([]byte, 4))} // its length
		answer, err := client.RawProduce(ctx, &kafkago.RawProduceRequest{Topic: w.topic, RequiredAcks: kafkago.RequireAll, RawRecords: none})
		if err == nil && errors.Is(answer.Error, kafkago.TopicAuthorizationFailed) {
			return fmt.Errorf("write: %w", answer.Error)
		}
	}
	if w.read {
		_, _, err := (&source{client: client, topic: w.topic, next: math.MaxInt64}).fetch(ctx)
		if errors.Is(err, kafkago.TopicAuthorizationFailed) {
			return fmt.Errorf("read: %w", kafkago.TopicAuthorizationFailed)
		}
	}
	return nil
}

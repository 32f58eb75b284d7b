package kafka

import "context"

// Login shows tests the login of a config.
type Login = login

// Seal shows tests the record of an envelope.
var Seal = seal

// EnsureTopic is Ensure for one topic of any name.
func (c *Cluster) EnsureTopic(ctx context.Context, topic string, partitions int) error {
	w := c.wants()[0]
	w.topic, w.partitions = topic, partitions
	return c.ensure(ctx, []want{w})
}

package kafka

import "context"

// Follow gives every sound record of a topic that is published from now on to
// f, by every process, until ctx ends. It reconnects for ever, and what is
// published while it cannot read is lost to it: it is for what matters for
// seconds only.
func (c *Cluster) Follow(ctx context.Context, topic string, f func(Record)) {
	for failed := 1; ctx.Err() == nil; failed++ {
		err := c.Tail(ctx, topic, false, func(r Record) error {
			failed = 0
			if r.Err == nil {
				f(r)
			}
			return nil
		})
		if err != nil {
			c.watch.Log.Debug("follow topic", "topic", topic, "err", err.Error())
		}
		pause(ctx, nil, backoff(failed, readBackoff))
	}
}

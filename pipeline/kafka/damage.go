package kafka

import (
	"context"
)

// damageRetries is how often a damaged record is fetched again: a fault of
// memory or of the way passes, one of the disk stays.
const damageRetries = 3

// damage is what is known about the record at next that cannot be believed.
type damage struct {
	found int
	told  bool
}

// damaged deals with a record that is not what was published. It is fetched
// again some times; then it is handed over, and reading goes on once it is taken.
func (p *partition) damaged(ctx context.Context, ending <-chan struct{}, r Record) bool {
	p.move()
	p.damage.found++
	if p.damage.found <= damageRetries {
		pause(ctx, ending, backoff(p.damage.found, quickBackoff))
		return false
	}
	if !p.damage.told {
		p.damage.told = true
		p.share.watch.Metrics.damaged.WithLabelValues(p.topic).Inc()
		p.alarm(Damaged, r.Err)
	}
	if take := p.share.config.Damaged; take != nil {
		err := take(ctx, r)
		if err == nil {
			p.past(r.Offset)
			return true
		}
		p.share.watch.Log.Error("kafka keeps a damaged record, nobody takes it", "topic", p.topic, "partition", p.partition,
			"offset", r.Offset, "err", err.Error())
	}
	pause(ctx, ending, readBackoff)
	return false
}

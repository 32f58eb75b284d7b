package pipeline

import (
	"context"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Acknowledged is what the journal knows of the records that the broker
// acknowledged.
type Acknowledged interface {
	// Ends gives, for each partition of TopicEvents, the offset after the
	// last acknowledged record.
	Ends(ctx context.Context) (map[int]int64, error)
	// RepublishFrom makes everything that was acknowledged in the partition at
	// this offset or behind it ready to be published again, and says how much
	// that is.
	RepublishFrom(ctx context.Context, partition int, offset int64) (int, error)
	// Landed gives some of what was acknowledged in the partition before an
	// offset, highest first; none when there is no more. Far says to go on
	// behind what is quickly found. What could not be published again is left
	// out.
	Landed(ctx context.Context, partition int, before int64, far bool) ([]Landed, error)
	// Displace makes what was lost ready to be published again, and says how
	// much that is.
	Displace(ctx context.Context, partition int, lost []Landing) (int, error)
}

// Broker says how far the partitions of a topic reach, and what lies there.
type Broker interface {
	// EndOffsets gives the offset after the last record of each partition.
	EndOffsets(ctx context.Context, topic string) (map[int]int64, error)
	// Records reads single records of a topic. The caller closes.
	Records(topic string) Records
}

// Records reads single records.
type Records interface {
	// At gives f the headers of the records at these offsets of a partition,
	// lowest first as they are given. Offsets at which none lies are left out:
	// deleted for their age or by compaction, damaged, or behind the end of
	// the log. When some are too low, it returns where the log begins.
	At(ctx context.Context, partition int, offsets []int64, f func(offset int64, headers map[string]string)) (start int64, err error)
	Close() error
}

// Guard watches for a broker that has lost what it had acknowledged (a bad
// disk, an emptied folder, a cluster with too few replicas) and publishes it
// again from the journal, with the same ids. It sees a log that is too short,
// and, where the log has grown again since, other records at the places of
// those that were acknowledged.
type Guard struct {
	Acknowledged Acknowledged
	Broker       Broker
	// Every is the time between two looks. A loss must be seen in two looks
	// in a row: a new leader may report a shorter log for a moment, and while
	// the log grows, by what that leader catches up or by what is published, in
	// growingLooks.
	Every time.Duration
	Log   *slog.Logger

	republished prometheus.Counter
	short       map[int]shortness // partitions that were short at the last look
	comparing
}

// growingLooks is in how many looks in a row a log that grows is too short before
// that is a loss.
const growingLooks = 4

// shortness is of a log that is too short: where it ended at the last look and at
// the first of those in a row, and how many they are.
type shortness struct {
	end, from int64
	looks     int
}

// NewGuard returns a guard that looks every 15 seconds.
func NewGuard(acknowledged Acknowledged, broker Broker, log *slog.Logger, registry prometheus.Registerer) *Guard {
	g := &Guard{
		Acknowledged: acknowledged, Broker: broker, Every: 15 * time.Second, Log: log,
		republished: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "contactd_republished_total",
			Help: "Messages published again because the broker had lost them.",
		}),
		comparing: comparing{proofs: map[int]Landing{}, doubt: true},
	}
	if registry != nil {
		registry.MustRegister(g.republished)
	}
	return g
}

// Run looks until ctx ends.
func (g *Guard) Run(ctx context.Context) {
	tick := time.NewTicker(g.Every)
	defer tick.Stop()
	for {
		if err := g.look(ctx); err != nil && ctx.Err() == nil {
			g.doubt = true
			g.Log.Debug("compare broker with journal", "err", err)
		} else {
			g.compareAll(ctx)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// look compares once. The journal is asked first: what it knows to be
// acknowledged then must be in the broker's answer.
func (g *Guard) look(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, g.Every)
	defer cancel()
	wanted, err := g.Acknowledged.Ends(ctx)
	if err != nil || len(wanted) == 0 {
		return err
	}
	found, err := g.Broker.EndOffsets(ctx, TopicEvents)
	if err != nil {
		return err
	}
	before := g.short
	g.short = map[int]shortness{}
	for partition, want := range wanted {
		end := found[partition] // a partition that is gone holds nothing
		if end >= want {
			continue
		}
		g.doubt = true
		s, again := before[partition]
		if !again {
			s = shortness{end: -1, from: end}
		}
		s.looks++
		s.from = min(s.from, end) // where the log has grown since, something was lost too
		if s.end != end && s.looks < growingLooks {
			s.end = end
			g.short[partition] = s
			continue
		}
		count, err := g.Acknowledged.RepublishFrom(ctx, partition, s.from)
		if err != nil {
			return err
		}
		g.republished.Add(float64(count))
		g.Log.Error("broker has lost acknowledged records, publishing them again from the journal",
			"topic", TopicEvents, "partition", partition, "acknowledged", want, "found", s.from, "messages", count)
	}
	return nil
}

package journal

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics are the journal's counters. What waits is read from the database
// when somebody asks, see gauges.go.
type metrics struct {
	accepted, published, quarantined, nacks, displaced prometheus.Counter
	commit, batch                                      prometheus.Histogram
	replies, braked                                    *prometheus.CounterVec
}

func newMetrics() *metrics {
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Name: "contactd_journal_" + name, Help: help})
	}
	return &metrics{
		accepted:    counter("accepted_total", "Messages accepted, without repetitions."),
		published:   counter("published_total", "Messages acknowledged by Kafka."),
		quarantined: counter("quarantined_total", "Messages put into quarantine."),
		nacks:       counter("nack_total", "Envelopes refused and delivered again."),
		displaced:   counter("displaced_total", "Messages published again because other records lie at their place in Kafka: it had lost them."),
		commit: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "contactd_journal_commit_seconds", Help: "Time of a group commit, sync included.",
			Buckets: prometheus.ExponentialBuckets(0.0001, 2.5, 12),
		}),
		batch: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "contactd_journal_batch_size", Help: "Changes that shared a commit.",
			Buckets: prometheus.ExponentialBuckets(1, 4, 6),
		}),
		replies: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "contactd_replies_total", Help: "Replies that have come to a state.",
		}, []string{"state"}),
		braked: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "contactd_automatic_replies_braked_total", Help: "Automatic replies held back, by the limit that was reached; refused where no reply could be sent at all.",
		}, []string{"limit"}),
	}
}

func (m *metrics) observe(changes int, took time.Duration) {
	m.commit.Observe(took.Seconds())
	m.batch.Observe(float64(changes))
}

// register makes the metrics known; a nil registerer keeps them to itself.
func (m *metrics) register(to prometheus.Registerer, more ...prometheus.Collector) error {
	if to == nil {
		return nil
	}
	for _, c := range append(m.collectors(), more...) {
		if err := to.Register(c); err != nil {
			return err
		}
	}
	return nil
}

// unregister lets the next journal of this process register its own.
func (m *metrics) unregister(from prometheus.Registerer) {
	if from == nil {
		return
	}
	for _, c := range m.collectors() {
		from.Unregister(c)
	}
}

func (m *metrics) collectors() []prometheus.Collector {
	return []prometheus.Collector{m.accepted, m.published, m.quarantined, m.nacks, m.displaced, m.commit, m.batch, m.replies, m.braked}
}

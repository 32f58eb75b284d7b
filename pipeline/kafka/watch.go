package kafka

import (
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Watch is who is told what goes on. Every field may be zero.
type Watch struct {
	Log     *slog.Logger
	Metrics *Metrics
	// Alarm is called when trouble begins that a person should know of, and
	// again, with a nil Err, when it is over. It must not block.
	Alarm func(Trouble)
}

// Kind is a kind of trouble.
type Kind string

// The kinds of trouble.
const (
	// CannotPublish: a lane has failed for some seconds. Nothing is lost,
	// what is published waits.
	CannotPublish Kind = "cannot_publish"
	// CannotRead: a subscriber makes no progress.
	CannotRead Kind = "cannot_read"
	// CannotCommit: a subscriber cannot keep how far it has come. What it has
	// dealt with since is delivered again to whoever reads on after it.
	CannotCommit Kind = "cannot_commit"
	// OffsetsFell: the broker lost records that it had acknowledged, or that
	// were read already. What was published since then must be published
	// again. It is never over by itself.
	OffsetsFell Kind = "offsets_fell"
	// Missed: records are gone that nobody has read. It is never over by itself.
	Missed Kind = "missed"
	// Damaged: a record is not what was published. It is never over by itself.
	Damaged Kind = "damaged"
)

// Trouble is something a person should know of.
type Trouble struct {
	Kind  Kind
	Topic string
	// Lane is of a publisher; Partition is -1 when it concerns all.
	Lane      string
	Partition int
	Since     time.Time
	// Err holds no secret; nil means that the trouble is over.
	Err error
}

func (w Watch) withDefaults() Watch {
	if w.Log == nil {
		w.Log = slog.New(slog.DiscardHandler)
	}
	if w.Metrics == nil {
		w.Metrics = NewMetrics(nil)
	}
	if w.Alarm == nil {
		w.Alarm = func(Trouble) {}
	}
	return w
}

// Metrics of publishers and subscribers; share one among all.
type Metrics struct {
	published *prometheus.CounterVec
	failed    *prometheus.CounterVec
	seconds   *prometheus.HistogramVec
	downSince *prometheus.GaugeVec

	delivered   *prometheus.CounterVec
	redelivered *prometheus.CounterVec
	damaged     *prometheus.CounterVec
	rewound     *prometheus.CounterVec
	unread      *prometheus.GaugeVec
	stalled     *prometheus.CounterVec
	lag         *prometheus.GaugeVec
}

// NewMetrics registers the metrics with reg, or nowhere when it is nil.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "contactd", Subsystem: "kafka", Name: name, Help: help}, labels)
	}
	gauge := func(name, help string, labels ...string) *prometheus.GaugeVec {
		return prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: "contactd", Subsystem: "kafka", Name: name, Help: help}, labels)
	}
	m := &Metrics{
		published: counter("published_total", "Records acknowledged by all in-sync replicas.", "topic", "lane"),
		failed:    counter("publish_errors_total", "Records not acknowledged, to be tried again.", "topic", "lane"),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Namespace: "contactd", Subsystem: "kafka", Name: "publish_seconds",
			Help: "From being asked to publish until acknowledged.",
			// From the fastest acknowledgement to an outage of a minute.
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60},
		}, []string{"lane"}),
		downSince:   gauge("down_since_timestamp_seconds", "Since when nothing could be published; 0 when it can.", "topic", "lane"),
		delivered:   counter("delivered_total", "Records acknowledged by their reader.", "topic"),
		redelivered: counter("redelivered_total", "Records that their reader refused, to be delivered again.", "topic"),
		damaged:     counter("damaged_total", "Records that were not what had been published.", "topic"),
		rewound:     counter("rewound_total", "Partitions read again because the broker had lost records.", "topic"),
		unread:      gauge("unread_since_timestamp_seconds", "Since when a topic, or a partition of it, cannot be read; 0 when it can.", "topic", "partition"),
		stalled:     counter("stalled_total", "Subscribers begun anew because they made no progress.", "topic"),
		lag:         gauge("lag", "Records of a partition not yet acknowledged by their reader.", "topic", "group", "partition"),
	}
	if reg != nil {
		reg.MustRegister(m.published, m.failed, m.seconds, m.downSince,
			m.delivered, m.redelivered, m.damaged, m.rewound, m.unread, m.stalled, m.lag)
	}
	return m
}

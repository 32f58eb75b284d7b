package webchat

import (
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics are the channel's figures. None holds text of a contact.
type metrics struct {
	sessions  *prometheus.CounterVec // begun
	lines     prometheus.Gauge       // connections to sessions
	taken     *prometheus.CounterVec // frames that became originals, by kind
	tick      prometheus.Histogram   // from a frame's arrival to its confirmation
	queued    prometheus.Counter     // confirmed late by the limiter
	refused   *prometheus.CounterVec // by code
	uploads   *prometheus.CounterVec // by scan
	abandoned prometheus.Counter
	confirmed prometheus.Counter // replies
}

func newMetrics(registry prometheus.Registerer) (*metrics, error) {
	opts := func(name, help string) prometheus.Opts {
		return prometheus.Opts{Namespace: "contactd", Subsystem: Kind, Name: name, Help: help}
	}
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts(opts(name, help)))
	}
	counters := func(name, help, label string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts(opts(name, help)), []string{label})
	}
	m := &metrics{
		sessions: counters("sessions_total", "Chats begun.", "site"),
		lines:    prometheus.NewGauge(prometheus.GaugeOpts(opts("connections", "Open connections of people to their chats."))),
		taken:    counters("taken_total", "What people sent and was accepted, by kind.", "kind"),
		tick: prometheus.NewHistogram(prometheus.HistogramOpts{
			Namespace: "contactd", Subsystem: Kind, Name: "confirmation_seconds",
			Help:    "From the arrival of a message to its durable confirmation.",
			Buckets: []float64{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 10},
		}),
		queued:    counter("queued_total", "Messages that were confirmed late because too many came."),
		refused:   counters("refused_total", "What was refused, by code.", "code"),
		uploads:   counters("uploads_total", "Files taken, by what the scanner said.", "scan"),
		abandoned: counter("abandoned_total", "People who vanished in the middle of a chat."),
		confirmed: counter("replies_confirmed_total", "Replies that reached the person's device."),
	}
	if registry == nil {
		return m, nil
	}
	for _, collector := range []prometheus.Collector{m.sessions, m.lines, m.taken, m.tick, m.queued, m.refused, m.uploads, m.abandoned, m.confirmed} {
		if err := registry.Register(collector); err != nil {
			return nil, fmt.Errorf("register metrics: %w", err)
		}
	}
	return m, nil
}

package email

import (
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics are the channel's figures. None holds text of a contact.
type metrics struct {
	searched   *prometheus.GaugeVec   // when a folder was last looked at
	accepted   *prometheus.CounterVec // mails
	lag        prometheus.Histogram   // from the server's receipt to ours
	failures   *prometheus.CounterVec // sessions that ended, by cause
	defective  *prometheus.CounterVec // mails that could not be fetched whole
	unfinished *prometheus.CounterVec // moves and marks that were refused
}

func newMetrics(registry prometheus.Registerer) (*metrics, error) {
	folder := []string{"account", "folder"}
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "contactd", Subsystem: Kind, Name: name, Help: help}, append(folder, labels...))
	}
	m := &metrics{
		searched: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Namespace: "contactd", Subsystem: Kind, Name: "last_search_timestamp_seconds",
			Help: "When the folder was last searched successfully.",
		}, folder),
		accepted: counter("accepted_total", "Mails accepted."),
		lag: prometheus.NewHistogram(prometheus.HistogramOpts{
			Namespace: "contactd", Subsystem: Kind, Name: "receipt_lag_seconds",
			Help:    "From the mail server's receipt of a mail to its acceptance.",
			Buckets: []float64{0.5, 1, 2, 5, 15, 60, 300, 1800, 3600, 21600, 86400},
		}),
		failures:   counter("session_failures_total", "Sessions that ended with an error, by cause.", "cause"),
		defective:  counter("defective_total", "Mails that could not be fetched whole."),
		unfinished: counter("after_refused_total", "Moves and marks after acceptance that the server refused."),
	}
	if registry == nil {
		return m, nil
	}
	for _, collector := range []prometheus.Collector{m.searched, m.accepted, m.lag, m.failures, m.defective, m.unfinished} {
		if err := registry.Register(collector); err != nil {
			return nil, fmt.Errorf("register metrics: %w", err)
		}
	}
	return m, nil
}

// took counts a mail that was accepted.
func (m *metrics) took(account, folder string, receivedAt time.Time) {
	m.accepted.WithLabelValues(account, folder).Inc()
	if !receivedAt.IsZero() {
		m.lag.Observe(max(0, time.Since(receivedAt).Seconds()))
	}
}

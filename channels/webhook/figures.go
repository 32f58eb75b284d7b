package webhook

import (
	"errors"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// figures count deliveries. They hold nothing of a contact.
type figures struct {
	channel    string
	deliveries *prometheus.CounterVec
	seconds    *prometheus.HistogramVec
}

func newFigures(registry prometheus.Registerer, channel string) (figures, error) {
	f := figures{
		channel: channel,
		deliveries: prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: "contactd", Subsystem: "webhook", Name: "deliveries_total",
			Help: "Calls of platforms, by what became of them; bad_signature may mean that a secret was changed.",
		}, []string{"channel", "outcome"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Namespace: "contactd", Subsystem: "webhook", Name: "seconds",
			Help:    "From a delivery's first byte to our answer.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, 1, 5, 10},
		}, []string{"channel"}),
	}
	if registry == nil {
		return f, nil
	}
	if err := register(registry, &f.deliveries); err != nil {
		return f, err
	}
	return f, register(registry, &f.seconds)
}

// register joins a collector that another receiver has registered.
func register[C prometheus.Collector](registry prometheus.Registerer, collector *C) error {
	err := registry.Register(*collector)
	var there prometheus.AlreadyRegisteredError
	if errors.As(err, &there) {
		if same, ok := there.ExistingCollector.(C); ok {
			*collector = same
			return nil
		}
	}
	if err != nil {
		return fmt.Errorf("register metrics: %w", err)
	}
	return nil
}

func (f figures) delivered(outcome string, took time.Duration) {
	f.deliveries.WithLabelValues(f.channel, outcome).Inc()
	f.seconds.WithLabelValues(f.channel).Observe(took.Seconds())
}

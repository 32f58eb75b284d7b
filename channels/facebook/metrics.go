package facebook

import (
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics are the channel's figures. None holds text of a contact.
type metrics struct {
	elements *prometheus.CounterVec // of deliveries, by what became of them
	parked   prometheus.Counter     // deliveries that could not be taken apart
	found    *prometheus.CounterVec // by polling
	todo     *prometheus.GaugeVec   // what is still to be read or fetched
	dropped  *prometheus.CounterVec // files that were not fetched
	usage    *prometheus.GaugeVec   // of the allowance, in percent
	renewed  *prometheus.CounterVec // subscriptions that had to be renewed
}

func newMetrics(registry prometheus.Registerer) (*metrics, error) {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "contactd", Subsystem: Kind, Name: name, Help: help}, labels)
	}
	gauge := func(name, help string) *prometheus.GaugeVec {
		return prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: "contactd", Subsystem: Kind, Name: name, Help: help}, []string{"account"})
	}
	m := &metrics{
		elements: counter("elements_total", "Elements of deliveries, by what became of them.", "object", "kind", "outcome"),
		parked: prometheus.NewCounter(prometheus.CounterOpts{
			Namespace: "contactd", Subsystem: Kind, Name: "parked_deliveries_total", Help: "Deliveries that were kept whole because they could not be taken apart.",
		}),
		found:   counter("polled_total", "What polling offered to the inbox; most of it was delivered before.", "account", "edge"),
		todo:    gauge("todo", "What is still to be read again or fetched."),
		dropped: counter("missed_total", "Files of messages that could not be fetched, and objects that could not be read again.", "account", "cause"),
		usage:   gauge("usage_percent", "Part of Meta's allowance that is used; polling stops at 90."),
		renewed: counter("subscriptions_renewed_total", "Subscriptions that Meta had ended or cut.", "account"),
	}
	if registry == nil {
		return m, nil
	}
	for _, collector := range []prometheus.Collector{m.elements, m.parked, m.found, m.todo, m.dropped, m.usage, m.renewed} {
		if err := registry.Register(collector); err != nil {
			return nil, fmt.Errorf("register metrics: %w", err)
		}
	}
	return m, nil
}

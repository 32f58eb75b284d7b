package twitter

import (
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics are the channel's figures. None holds text of a contact.
type metrics struct {
	elements  *prometheus.CounterVec // by what became of them
	parked    prometheus.Counter     // deliveries that could not be taken apart
	listed    *prometheus.CounterVec // things that X listed, which it counts and bills
	problems  *prometheus.CounterVec // things that X left out of lists
	throttled *prometheus.CounterVec // looks that had to wait
	gaps      *prometheus.CounterVec // looks that X cut short
	renewed   *prometheus.CounterVec // webhooks and subscriptions that X had ended
	usage     *prometheus.GaugeVec   // of the month's posts
	todo      *prometheus.GaugeVec   // files that are still to be fetched
	missed    *prometheus.CounterVec // files that were not fetched
	replays   *prometheus.CounterVec // jobs of delivering again
}

func newMetrics(registry prometheus.Registerer) (*metrics, error) {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "contactd", Subsystem: Kind, Name: name, Help: help}, labels)
	}
	m := &metrics{
		elements: counter("elements_total", "Elements of deliveries and lists, by what became of them.", "kind", "via", "outcome"),
		parked: prometheus.NewCounter(prometheus.CounterOpts{
			Namespace: "contactd", Subsystem: Kind, Name: "parked_deliveries_total", Help: "Deliveries that were kept whole because they could not be taken apart.",
		}),
		listed:    counter("listed_total", "Posts and messages that X listed; it bills each once a day.", "account", "list"),
		problems:  counter("left_out_total", "What X left out of lists, by its reason.", "account", "reason"),
		throttled: counter("throttled_total", "Looks that had to wait for X's window.", "account", "list"),
		renewed:   counter("subscriptions_renewed_total", "Webhooks and subscriptions that X had ended, or that were not there yet.", "account", "what"),
		usage: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Namespace: "contactd", Subsystem: Kind, Name: "usage_posts", Help: "Posts that the project has read this month, and may read.",
		}, []string{"account", "which"}),
		todo: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Namespace: "contactd", Subsystem: Kind, Name: "todo", Help: "Files of messages that are still to be fetched.",
		}, []string{"account"}),
		replays: counter("replays_total", "Jobs by which X delivers again what was missed, by what became of them.", "outcome"),
		missed:  counter("missed_total", "Files of messages that could not be fetched.", "account"),
		gaps:    counter("gaps_total", "Looks at mentions that X cut short, so that some may be missing.", "account"),
	}
	if registry == nil {
		return m, nil
	}
	for _, collector := range []prometheus.Collector{m.elements, m.parked, m.listed, m.problems, m.throttled, m.gaps, m.renewed, m.usage, m.todo, m.missed, m.replays} {
		if err := registry.Register(collector); err != nil {
			return nil, fmt.Errorf("register metrics: %w", err)
		}
	}
	return m, nil
}

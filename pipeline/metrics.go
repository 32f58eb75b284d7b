package pipeline

import (
	"github.com/prometheus/client_golang/prometheus"

	"contactd/channels"
	"contactd/contact"
)

// metrics of the pipeline.
type metrics struct {
	steps    *prometheus.HistogramVec
	rejected prometheus.Counter
	graded   *prometheus.CounterVec
	latency  *prometheus.HistogramVec
	second   *prometheus.CounterVec
	decided  *prometheus.CounterVec

	otherForce prometheus.Counter
}

// newMetrics makes them with a zero for every grade of every channel: a series
// that appears with its first emergency has, to Prometheus, not grown by one.
func newMetrics(registry prometheus.Registerer, of map[string]channels.Reader) metrics {
	buckets := []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 5, 30, 120, 600, 3600}
	m := metrics{
		steps: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "contactd_step_seconds", Help: "How long a step took, by outcome.", Buckets: buckets,
		}, []string{"step", "outcome"}),
		rejected: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "contactd_rejected_total", Help: "Entries that no step could handle.",
		}),
		graded: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "contactd_graded_total", Help: "Messages published, by channel and grade.",
		}, []string{"channel", "grade"}),
		latency: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "contactd_accepted_to_published_seconds", Help: "From acceptance to Kafka's acknowledgement.", Buckets: buckets,
		}, []string{"lane"}),
		second: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "contactd_second_opinions_total", Help: "Second opinions, by what came of them: raised, same, suggested (lower, so nothing changed), failed, stale (too old by the time it could be asked for).",
		}, []string{"outcome"}),
		decided: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "contactd_decided_total", Help: "Grades that people gave, by the grade before and theirs.",
		}, []string{"previous", "grade"}),
		otherForce: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "contactd_commands_of_other_forces_total", Help: "Commands on contact.replies whose force is another: they are passed over.",
		}),
	}
	for channel := range of {
		for _, grade := range contact.Grades() {
			m.graded.WithLabelValues(channel, grade.String())
		}
	}
	if registry != nil {
		registry.MustRegister(m.steps, m.rejected, m.graded, m.latency, m.second, m.decided, m.otherForce)
	}
	return m
}

// asks makes a zero for every outcome of a second opinion.
func (m metrics) asks() {
	for _, outcome := range []string{"raised", "same", "suggested", "failed", "stale"} {
		m.second.WithLabelValues(outcome)
	}
}

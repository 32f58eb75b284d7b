package llm

import "github.com/prometheus/client_golang/prometheus"

// The outcomes of a question, as the metric names them.
const (
	answered = "answered" // and the answer counts
	timedOut = "timeout"
	away     = "unavailable" // network, 5xx, 429, a refused login or payment, no answer of the OpenAI form
	held     = "held"        // not asked: circuit open or budget spent
	wrongly  = "bad_request" // the endpoint does not take the question: 400, 413, 422
	refused  = "refused"     // by the model
	filtered = "filtered"    // by the endpoint's content filter
	cutShort = "cut_short"   // the answer was longer than it may be
	invalid  = "invalid"     // no JSON of the form asked for
	invented = "invented"    // urgent without a quote that stands in the message
)

// metrics of the language model.
type metrics struct {
	outcomes *prometheus.CounterVec
	seconds  prometheus.Histogram
	tokens   *prometheus.CounterVec
	open     prometheus.Gauge
}

func newMetrics(registry prometheus.Registerer) metrics {
	m := metrics{
		outcomes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "contactd_llm_questions_total", Help: "Questions to the language model, by outcome.",
		}, []string{"outcome"}),
		seconds: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "contactd_llm_call_seconds", Help: "How long a call of the language model took, answered or not.",
			Buckets: []float64{.05, .1, .25, .5, 1, 2.5, 5, 10, 30},
		}),
		tokens: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "contactd_llm_tokens_total", Help: "Tokens as the endpoint counts them.",
		}, []string{"kind"}),
		open: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "contactd_llm_circuit_open", Help: "1 while the language model is not asked because it failed too often.",
		}),
	}
	if registry != nil {
		registry.MustRegister(m.outcomes, m.seconds, m.tokens, m.open)
	}
	return m
}

func (m metrics) outcome(outcome string) { m.outcomes.WithLabelValues(outcome).Inc() }

package panel

import (
	"log/slog"

	"github.com/prometheus/client_golang/prometheus"

	"contactd/classifiers"
	"contactd/classifiers/linear"
	"contactd/contact"
)

// Learned is the learned classifier in contact.Opinion.By, before "@".
const Learned = "linear"

// Shadowed tries the configured candidate beside an assessor. One that cannot
// be read is told and left out: it counts for nothing.
func Shadowed(assessor classifiers.Assessor, c linear.Config, log *slog.Logger, metrics prometheus.Registerer) classifiers.Assessor {
	candidate, err := linear.Candidate(c)
	if err != nil {
		log.Error("candidate is not tried", "key", "classifiers.linear.shadow", "err", err)
		return assessor
	}
	if candidate == nil {
		return assessor
	}
	compared := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "contactd_shadow_total", Help: "Messages by the grade that they have alone and the one that they would have with the candidate in classifiers.linear.shadow; \"failed\" when it gave none.",
	}, []string{"live", "shadow"})
	metrics.MustRegister(compared)
	log.Info("candidate is tried beside the learned classifier", "candidate", candidate.Name())
	return classifiers.NewShadow(assessor, candidate, Learned,
		func(live, candidate contact.Grade) { compared.WithLabelValues(live.String(), candidate.String()).Inc() },
		func() { compared.WithLabelValues("", "failed").Inc() })
}

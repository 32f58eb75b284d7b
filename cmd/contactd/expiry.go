package main

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"contactd/classifiers/rules"
)

// How long before and after the end of a rule people are told of it.
const (
	noticeBefore = 14 * 24 * time.Hour
	noticeAfter  = 30 * 24 * time.Hour
)

// notice says what is to be told of an end, nothing when it is far away.
func notice(e rules.Expiry, now time.Time) string {
	left := e.Ends.Sub(now)
	switch {
	case left > noticeBefore, left < -noticeAfter:
		return ""
	case left > 0:
		return "soon"
	default:
		return "ended"
	}
}

// expiringRules is what the daemon needs of the rules to tell of their ends.
type expiringRules interface{ Expiries() []rules.Expiry }

// watchPack tells once a day of what ends in the force's rule pack, until ctx
// ends.
func watchPack(ctx context.Context, pack expiringRules, log *slog.Logger, metrics prometheus.Registerer) {
	ends := prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "contactd_rules_end_timestamp_seconds", Help: "When a rule of the force's pack stops firing, of all of it with rule \"*\".",
	}, []string{"rule"})
	metrics.MustRegister(ends)
	for _, each := range pack.Expiries() {
		name := each.Rule
		if name == "" {
			name = "*"
		}
		ends.WithLabelValues(name).Set(float64(each.Ends.Unix()))
	}
	daily := time.NewTicker(24 * time.Hour)
	defer daily.Stop()
	for {
		for _, each := range pack.Expiries() {
			if what := notice(each, time.Now()); what != "" {
				log.Warn("the force's rule pack ends", "when", what, "part", each.String(), "file", each.File)
			}
		}
		select {
		case <-daily.C:
		case <-ctx.Done():
			return
		}
	}
}

// ending is a notice for a person.
func ending(what string, e rules.Expiry) string {
	if what == "ended" {
		return fmt.Sprintf("no longer fires: %s", e)
	}
	return fmt.Sprintf("ends soon: %s", e)
}

// checkPack says what the force's rule pack holds and what ends in it; nothing
// without a pack.
func checkPack(c rules.Config, now time.Time) (findings []finding) {
	if c.File == "" {
		return nil
	}
	byRules, err := rules.New(c)
	if err != nil {
		return nil // told with the classifiers
	}
	findings = append(findings, finding{what: "rule pack", name: c.File, detail: byRules.Name()})
	for _, each := range byRules.Expiries() {
		if what := notice(each, now); what != "" {
			findings = append(findings, finding{what: "rule pack", name: c.File, detail: ending(what, each)})
		}
	}
	return findings
}

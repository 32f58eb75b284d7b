package main

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"contactd/channels/certificate"
)

// secured is the configuration of a channel whose server may have a certificate.
type secured interface {
	Certificate() (certFile, keyFile string)
}

// certified is a listener with a certificate.
type certified struct{ section, certFile, keyFile string }

// certificates are those of all listeners.
func (c config) certificates() []certified {
	all := []certified{{"http", c.HTTP.CertFile, c.HTTP.KeyFile}, {"webhooks", c.Webhooks.CertFile, c.Webhooks.KeyFile}}
	for _, kind := range channelTable() {
		if its, ok := c.channel(kind).(secured); ok {
			certFile, keyFile := its.Certificate()
			all = append(all, certified{"channels." + kind.name, certFile, keyFile})
		}
	}
	return slices.DeleteFunc(all, func(c certified) bool { return c.certFile == "" })
}

// ending warns of a certificate that works and must be renewed; empty otherwise.
func (c certified) ending() string {
	if ends := certificate.Ending(c.certFile, c.keyFile); ends != "" {
		return c.section + ".cert_file: " + ends
	}
	return ""
}

// warnings are those of all certificates.
func warnings(all []certified) (warnings []string) {
	for _, each := range all {
		if warning := each.ending(); warning != "" {
			warnings = append(warnings, warning)
		}
	}
	return warnings
}

// measureCertificates lets an alarm see which certificates end soon.
func measureCertificates(all []certified, metrics prometheus.Registerer) {
	for _, each := range all {
		metrics.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name:        "contactd_certificate_ends_soon",
			Help:        "Whether the certificate of a listener still works and must be renewed now: 1, else 0.",
			ConstLabels: prometheus.Labels{"listener": each.section},
		}, func() float64 {
			if each.ending() != "" {
				return 1
			}
			return 0
		}))
	}
}

// watchCertificates tells the log once a day which end soon, and which are not
// good, until ctx ends.
func watchCertificates(ctx context.Context, all []certified, log *slog.Logger) {
	daily := time.NewTicker(24 * time.Hour)
	defer daily.Stop()
	for {
		for _, warning := range warnings(all) {
			log.Warn("a certificate ends soon", "why", warning)
		}
		for _, each := range all {
			if err := certificate.Try(each.certFile, each.keyFile); err != nil {
				log.Error("a certificate is not good", "err", fmt.Errorf("%s.%w", each.section, err))
			}
		}
		select {
		case <-daily.C:
		case <-ctx.Done():
			return
		}
	}
}

// checkCertificates warns of those that end soon.
func checkCertificates(c config) (findings []finding) {
	for _, each := range c.certificates() {
		if warning := each.ending(); warning != "" {
			findings = append(findings, finding{what: "certificate", name: each.certFile, warning: warning})
		}
	}
	return findings
}

package main

import (
	"github.com/prometheus/client_golang/prometheus"
)

// listeners are those that run, each with what says why it does not do what it
// should. A listener in trouble stops nobody else: messages are taken on.
func (d *daemon) listeners() map[string]func() error {
	running := map[string]func() error{}
	if d.listener != nil {
		running["http"] = d.listener.Trouble
	}
	if d.started.Load() && d.hooks != nil { // it is made while /readyz answers
		running["webhooks"] = d.hooks.Trouble
	}
	return running
}

// measureListener lets an alarm see whether a listener does what it should.
func (d *daemon) measureListener(name string, trouble func() error) {
	d.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name:        "contactd_listener_ready",
		Help:        "Whether a listener is open, with a good certificate and readable tokens: 1, else 0.",
		ConstLabels: prometheus.Labels{"listener": name},
	}, func() float64 {
		if trouble() != nil {
			return 0
		}
		return 1
	}))
}

// checkListeners reads the certificates and tokens of those that have any, and
// says who gets originals without.
func checkListeners(c config) []finding {
	http := finding{what: "http", name: c.HTTP.Listen, detail: "originals for who has a token", err: c.HTTP.Try()}
	if c.HTTP.TokensFile == "" {
		http.detail = "originals for who asks from this machine, as a proxy on it does that adds no X-Forwarded-For"
	}
	findings := []finding{http}
	if c.Webhooks.CertFile != "" {
		findings = append(findings, finding{what: "webhooks", name: c.Webhooks.Listen, err: c.Webhooks.Try()})
	}
	return findings
}

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

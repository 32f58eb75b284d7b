package main

import (
	"context"

	"contactd/channels/webhook"
	"contactd/cmd/contactd/hooks"
)

// openHooks opens the public listener when a channel is called by its
// platform. It comes last: until Receive runs, receivers answer 503, and it is
// the first to stop.
func (d *daemon) openHooks(context.Context) error {
	var receivers []*webhook.Receiver
	for _, name := range channelNames() {
		if hooked, ok := d.channels[name].(webhook.Hooked); ok {
			receivers = append(receivers, hooked.Webhooks()...)
		}
	}
	if len(receivers) == 0 {
		return nil
	}
	l, err := hooks.Listen(d.config.Webhooks, receivers, d.log)
	if err != nil {
		return err
	}
	d.hooks = l
	d.measureListener("webhooks", l.Trouble)
	go func() {
		if err := l.Serve(); err != nil {
			d.fail("webhooks", err)
		}
	}()
	d.stops = append(d.stops, stop{"webhooks", l.Close})
	if l.Server.Trouble() == nil { // else it was told, and is tried again
		for _, receiver := range receivers {
			d.log.Info("webhook is open", "url", l.URL()+receiver.Path())
		}
	}
	return nil
}

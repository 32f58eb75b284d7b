package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"contactd/channels"
	"contactd/cmd/contactd/hooks"
	"contactd/cmd/contactd/listener"
	"contactd/cmd/contactd/panel"
	"contactd/pipeline"
	"contactd/pipeline/journal"
)

// daemon is the running program: the parts in the order in which they start.
type daemon struct {
	config   config
	log      *slog.Logger
	registry *prometheus.Registry

	journal  *journal.Journal
	health   *pipeline.Health
	panel    panel.Panel
	signals  *pipeline.Signals
	channels map[string]channels.Channel
	broker   broker
	pipeline *pipeline.Pipeline
	listener *listener.Listener
	hooks    *hooks.Listener // nil unless a channel is called by its platform

	certificates []certified

	stops  []stop
	failed chan error // a part that ended by itself
	// started is set when every part has started.
	started atomic.Bool
}

// stop ends one part.
type stop struct {
	what string
	do   func(context.Context) error
}

// stopLimit bounds how long one part may take to stop; it is longer than the
// publisher's last call of ten seconds.
const stopLimit = 20 * time.Second

// startDaemon starts everything. On an error what was started is stopped. When
// ctx ends meanwhile that is no error, and started stays false. The caller calls
// Stop.
func startDaemon(ctx context.Context, c config, log *slog.Logger) (_ *daemon, err error) {
	d := &daemon{config: c, certificates: c.certificates(), log: log, registry: prometheus.NewRegistry(), failed: make(chan error, 16)}
	defer func() {
		if err != nil {
			err = errors.Join(err, d.Stop())
		}
	}()
	d.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	for _, start := range []func(context.Context) error{
		d.openJournal, d.makeChannels, d.listen, d.startBroker, d.startPipeline, d.receive, d.openHooks,
	} {
		err := start(ctx)
		if ctx.Err() != nil {
			if err != nil {
				log.Warn("told to stop while starting", "err", err)
			}
			return d, nil
		}
		if err != nil {
			return nil, err
		}
	}
	d.started.Store(true)
	return d, nil
}

// Wait returns when ctx ends, with nil, or with the error of a part that ended
// by itself.
func (d *daemon) Wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case err := <-d.failed:
		return err
	}
}

// Stop stops the parts in reverse: no new messages, then no new events, then
// what is left is closed. What was accepted and not published is in the
// journal.
func (d *daemon) Stop() error {
	var problems []error
	for i := len(d.stops) - 1; i >= 0; i-- {
		ctx, cancel := context.WithTimeout(context.Background(), stopLimit)
		began := time.Now()
		if err := d.stops[i].do(ctx); err != nil {
			problems = append(problems, fmt.Errorf("stop %s: %w", d.stops[i].what, err))
		}
		cancel()
		d.log.Debug("stopped", "part", d.stops[i].what, "took", time.Since(began))
	}
	d.stops = nil
	return errors.Join(problems...)
}

// run starts a part that works until its context ends. Stopping it waits.
func (d *daemon) run(what string, work func(context.Context) error) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() {
		err := work(ctx)
		if ctx.Err() == nil {
			d.fail(what, err)
		}
		ended <- err
	}()
	d.stops = append(d.stops, stop{what, func(limit context.Context) error {
		cancel()
		select {
		case err := <-ended:
			return err
		case <-limit.Done():
			return errors.New("took too long")
		}
	}})
}

// fail ends the program because a part ended that should not.
func (d *daemon) fail(what string, err error) {
	if err == nil {
		err = errors.New("ended by itself")
	}
	select {
	case d.failed <- fmt.Errorf("run %s: %w", what, err):
	default:
	}
}

func (d *daemon) openJournal(context.Context) error {
	c := d.config.Journal
	c.Dir, c.Shared = d.config.journalDir(), d.config.Node != ""
	j, err := journal.Open(c, journal.Deps{Log: d.log, Metrics: d.registry, Witnessed: true})
	if err != nil {
		return err
	}
	d.journal = j
	d.stops = append(d.stops, stop{"journal", func(context.Context) error { return j.Close() }})
	return nil
}

func (d *daemon) makeChannels(context.Context) (err error) {
	d.health = pipeline.NewHealth(d.config.Pipeline, d.registry, time.Now)
	d.signals = pipeline.NewSignals(d.config.Pipeline, d.config.Force, d.log, time.Now)
	if d.panel, err = panel.New(d.config.Classifiers); err != nil {
		return err
	}
	d.channels, err = makeChannels(d.config, d.journal.Blobs(), d.health, d.log, d.registry,
		outcomes{d.journal}, d.signals, folders{filepath.Join(d.config.DataDir, "channels")}, urgency{d.panel.Panel}, backlog{d}, room{d.journal})
	for name, channel := range d.channels {
		if lister, ok := channel.(accountLister); ok {
			for _, account := range lister.AccountNames() {
				d.health.Expect(name, account)
			}
		}
	}
	return err
}

// room is what the disk has for strangers' files.
type room struct{ journal *journal.Journal }

// Spare implements webchat.Room.
func (r room) Spare() error { return r.journal.Spare() }

// backlog is what nobody has read yet. Before somebody reads it, nobody need
// wait for that.
type backlog struct{ d *daemon }

// Unread implements channels.Backlog.
func (b backlog) Unread(limit int) (int, error) {
	if !b.d.started.Load() {
		return 0, nil
	}
	return b.d.journal.Backlog(limit)
}

// accountLister is a channel that knows the names of its accounts, so that one
// that was never reached is seen.
type accountLister interface{ AccountNames() []string }

func (d *daemon) listen(context.Context) error {
	l, err := listener.Listen(d.config.HTTP, listener.Deps{
		Ready: d.ready, Metrics: d.registry,
		Originals: originals{d.journal}, Log: d.log,
	})
	if err != nil {
		return err
	}
	d.listener = l
	d.measureListener("http", l.Trouble)
	measureCertificates(d.certificates, d.registry)
	d.run("certificates", func(ctx context.Context) error {
		watchCertificates(ctx, d.certificates, d.log)
		return nil
	})
	go func() {
		if err := l.Serve(); err != nil {
			d.fail("listener", err)
		}
	}()
	d.stops = append(d.stops, stop{"listener", l.Close})
	return nil
}

// receive opens the doors, last of all.
func (d *daemon) receive(context.Context) error {
	d.run("channels", func(ctx context.Context) error {
		var all sync.WaitGroup
		for name, channel := range d.channels {
			all.Go(func() {
				if err := channel.Receive(ctx, d.journal); err != nil || ctx.Err() == nil {
					d.fail("channel "+name, err)
				}
			})
		}
		all.Wait()
		<-ctx.Done() // also without a single channel
		return nil
	})
	return nil
}

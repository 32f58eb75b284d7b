package main

import (
	"context"
	"errors"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"

	"contactd/cmd/contactd/garbage"
)

type runCommand struct{}

// Run runs everything in one process until it is told to stop.
func (runCommand) Run(ctx context.Context, p *program, c *commands) error {
	config, err := p.load(c.Config)
	if err != nil {
		return err
	}
	return p.serve(ctx, config)
}

type ingestCommand struct{}

// Run does the same against a cluster that is there.
func (ingestCommand) Run(ctx context.Context, p *program, c *commands) error {
	config, err := p.load(c.Config)
	if err != nil {
		return err
	}
	if len(config.Kafka.Brokers) == 0 {
		return errors.New("ingest: kafka.brokers is empty; set it, or use contactd run, which brings its own broker")
	}
	return p.serve(ctx, config)
}

// serve runs the daemon until ctx ends or a part fails.
func (p *program) serve(ctx context.Context, config config) error {
	outliveReaders()
	garbage.CollectEarly(p.getenv)
	log := config.Log.logger(p.err)
	config.warnRoot(log)
	d, err := startDaemon(ctx, config, log)
	if err != nil {
		return errors.Join(err, config.owned())
	}
	debug.FreeOSMemory() // what starting took
	go garbage.Spare(ctx, p.getenv)
	if d.started.Load() {
		p.greet(ctx, d)
	}
	err = d.Wait(ctx)
	log.Info("stopping")
	if stopped := d.Stop(); stopped != nil {
		err = errors.Join(err, stopped)
	}
	return err
}

// greet says what runs where and, without a configuration, what to do next.
func (p *program) greet(ctx context.Context, d *daemon) {
	p.printf("contactd runs.\n")
	p.printf("  broker   %s\n", d.broker.detail)
	if d.broker.read != "" {
		p.printf("           %s\n", d.broker.read)
	}
	p.printf("  status   %s/readyz%s\n", d.listener.URL(), notYet(d.listener.Server.Trouble()))
	p.printf("  data     %s\n", d.config.DataDir)
	accounts := 0
	for _, name := range channelNames() {
		if lister, ok := d.channels[name].(accountLister); ok {
			names := lister.AccountNames()
			accounts += len(names)
			p.printf("  channel  %s: %s\n", name, shownOr(strings.Join(names, ", "), "no account"))
		}
		if demo, ok := d.channels[name].(demoPage); ok {
			if page := demo.DemoURL(ctx); page != "" {
				p.printf("  try it   %s, and contactd tail in another window\n", page)
			}
		}
	}
	if accounts == 0 || d.config.file == "" {
		p.tellNext(d.config.file)
	}
}

// notYet says that something is tried again.
func notYet(err error) string {
	if err == nil {
		return ""
	}
	return ", not yet: " + err.Error()
}

// tellNext says how to get the first message in.
func (p *program) tellNext(file string) {
	first, state := "edit "+file, "No account is configured, so nothing comes in yet"
	if file == "" {
		first, state = "contactd sample > contactd.yaml", "No configuration was found, so this is a demonstration"
	}
	p.printf(`
%s. What to do next:
  1. %s
  2. under channels.email.accounts, give a mailbox: name, address, user, password_file
  3. contactd check    tries the mailbox without taking anything
  4. contactd run      again: takes each mail and publishes it
  5. contactd tail     in another window: shows the events as they come
`, state, first)
}

// outliveReaders keeps a daemon alive when the program that its output is piped
// to has ended: a log that nobody reads is no reason to take no messages.
func outliveReaders() { signal.Ignore(syscall.SIGPIPE) }

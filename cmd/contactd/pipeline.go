package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"contactd/channels"
	"contactd/classifiers"
	"contactd/cmd/contactd/panel"
	"contactd/pipeline"
	"contactd/pipeline/journal"
	"contactd/pipeline/kafka"
)

// startPipeline joins what reads, judges and publishes what was accepted, and what
// watches over it.
func (d *daemon) startPipeline(ctx context.Context) error {
	watch := kafka.Watch{Log: d.log, Metrics: kafka.NewMetrics(d.registry), Alarm: d.broker.state.trouble}
	publisher, err := kafka.NewPublisher(d.broker.connect, watch)
	if err != nil {
		return fmt.Errorf("make publisher: %w", err)
	}
	replies, err := d.replyDeps(watch)
	if err != nil {
		return errors.Join(err, publisher.Close())
	}
	second, err := d.secondDeps(watch)
	if err != nil {
		return errors.Join(err, publisher.Close())
	}
	together := panel.Shadowed(classifiers.NewTogether(d.panel.Panel), d.config.Classifiers.Linear, d.log, d.registry)
	judges, err := d.panel.Annotated(together, d.config.Classifiers)
	if err != nil {
		return errors.Join(err, publisher.Close())
	}
	second.Notes = judges
	readers := map[string]channels.Reader{}
	for name, channel := range d.channels {
		readers[name] = channel
	}
	c := d.config.Pipeline
	if c.BaseURL == "" {
		c.BaseURL = d.listener.URL()
	}
	d.pipeline, err = pipeline.New(c, pipeline.Deps{
		Unread: d.journal.Unread(), Outbox: d.journal.Outbox(), Ahead: d.journal.Ahead(), Open: journal.EntryOf, Journal: d.journal,
		Readers: readers, Panel: judges, Publisher: publisher,
		Force: d.config.Force, Version: strings.Fields(version())[0],
		Log: d.log, Metrics: d.registry, Replies: replies, Second: second, Decisions: d.journal, Shared: d.config.Node != "",
	})
	if err != nil {
		return errors.Join(fmt.Errorf("make pipeline: %w", err), publisher.Close())
	}
	guard := pipeline.NewGuard(d.journal, d.broker.cluster, d.log, d.registry)
	if err := guard.Begin(ctx); err != nil {
		return errors.Join(fmt.Errorf("look up what was published: %w", err), publisher.Close())
	}
	witness := pipeline.NewWitness(d.journal, d.broker.cluster, d.config.Force, d.log)
	d.run("witness", func(ctx context.Context) error {
		witness.Run(ctx)
		<-ctx.Done()
		return nil
	})
	d.run("pipeline", func(ctx context.Context) error {
		// Places that were given out before are known then. A broker that is away
		// keeps nobody from being judged.
		select {
		case <-witness.Done():
		case <-ctx.Done():
		case <-time.After(witnessPatience):
		}
		return d.pipeline.Run(ctx)
	})
	if len(d.panel.Expiries()) > 0 {
		d.run("rule pack", func(ctx context.Context) error {
			watchPack(ctx, d.panel, d.log, d.registry)
			return nil
		})
	}
	d.run("signals", func(ctx context.Context) error { return d.carrySignals(ctx, replies.Attendants) })
	d.run("health", func(ctx context.Context) error {
		d.health.Announce(ctx, d.pipeline, d.journal)
		return nil
	})
	d.run("guard", func(ctx context.Context) error {
		guard.Run(ctx)
		return nil
	})
	return nil
}

// witnessPatience is how long Kafka may take to tell what it has of the journal
// before messages are given places in their conversations.
const witnessPatience = 3 * time.Second

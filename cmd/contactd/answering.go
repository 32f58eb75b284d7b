package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"contactd/channels"
	"contactd/pipeline"
	"contactd/pipeline/kafka"
)

// commandGroup is the consumer group that reads what the handlers of a force
// ask for; forces that share a cluster do not take each other's. Of several
// processes each reads everything, since only one has the conversation; what
// is asked for while that one is away waits for it.
func commandGroup(force, node string) string {
	if node == "" {
		return "contactd." + force
	}
	return "contactd." + force + ".node." + node
}

// replyDeps gathers what the pipeline needs to carry replies.
func (d *daemon) replyDeps(watch kafka.Watch) (pipeline.ReplyDeps, error) {
	commands, err := kafka.NewSubscriber(d.broker.connect, kafka.SubscriberConfig{
		Group: commandGroup(d.config.Force, d.config.Node),
		Damaged: func(_ context.Context, r kafka.Record) error {
			return d.pipeline.RejectRecord(r.Topic, fmt.Sprintf("%d/%d", r.Partition, r.Offset), r.Value, r.Err)
		},
	}, watch)
	if err != nil {
		return pipeline.ReplyDeps{}, fmt.Errorf("make subscriber: %w", err)
	}
	deps := pipeline.ReplyDeps{
		Journal: d.journal, Due: d.journal.Replies(), Commands: commands,
		Repliers: map[string]channels.Replier{}, Acknowledgers: map[string]channels.Acknowledger{},
	}
	for name, channel := range d.channels {
		if replier, ok := channel.(channels.Replier); ok {
			deps.Repliers[name] = replier
		}
		if acknowledger, ok := channel.(channels.Acknowledger); ok {
			deps.Acknowledgers[name] = acknowledger
		}
		if attendant, ok := channel.(channels.Attendant); ok {
			deps.Attendants = append(deps.Attendants, attendant)
		}
	}
	return deps, nil
}

// carrySignals carries typing and presence both ways until ctx ends.
func (d *daemon) carrySignals(ctx context.Context, attendants []channels.Attendant) error {
	publisher, err := kafka.NewPublisher(d.broker.connect, kafka.Watch{Log: d.log})
	if err != nil {
		return fmt.Errorf("make publisher of signals: %w", err)
	}
	// Closing frees a call that waits for the broker.
	closed := make(chan error, 1)
	context.AfterFunc(ctx, func() { closed <- publisher.Close() })
	listened := make(chan struct{})
	go func() {
		defer close(listened)
		if len(attendants) > 0 {
			d.broker.cluster.Follow(ctx, pipeline.TopicSignals, func(r kafka.Record) { d.signals.Attend(r.Value, attendants) })
		}
	}()
	d.signals.Publish(ctx, publisher)
	<-listened
	return <-closed
}

// outcomes lets channels tell what they learn later, and nothing else of the
// journal.
type outcomes struct{ channels.Outcomes }

// folders are the directories of channels' own state.
type folders struct{ dir string }

// Folder implements channels.Folders.
func (f folders) Folder(name string) (string, error) {
	if name == "" || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
		return "", fmt.Errorf("make folder %q: want lower-case letters, digits, - and _", name)
	}
	dir := filepath.Join(f.dir, name)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("make folder of channel: %w", err)
	}
	return dir, nil
}

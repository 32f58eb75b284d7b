package main

import (
	"context"
	"fmt"

	"contactd/classifiers/llm"
	"contactd/pipeline"
	"contactd/pipeline/kafka"
)

// secondGroup is the consumer group that asks for second opinions: processes
// of one force share the messages.
func secondGroup(force string) string { return "contactd." + force + ".second" }

// newSecond makes the language model that is asked after a message was
// published, or nil when none is configured.
func newSecond(config classifiersConfig) (*llm.Classifier, error) {
	if !config.LLM.Enabled() {
		return nil, nil //nolint:nilnil // nobody to ask is no error
	}
	model, err := llm.New(config.LLM)
	if err != nil {
		return nil, fmt.Errorf("make classifier llm: %w", err)
	}
	return model, nil
}

// secondDeps gathers what the pipeline needs for second opinions.
func (d *daemon) secondDeps(watch kafka.Watch) (pipeline.SecondDeps, error) {
	model, err := newSecond(d.config.Classifiers)
	if err != nil || model == nil {
		return pipeline.SecondDeps{}, err
	}
	events, err := kafka.NewSubscriber(d.broker.connect, kafka.SubscriberConfig{
		Group: secondGroup(d.config.Force),
		// The guard tells of what the broker has lost; its first grade stands.
		Damaged: func(context.Context, kafka.Record) error { return nil },
	}, kafka.Watch{Log: watch.Log, Metrics: watch.Metrics})
	if err != nil {
		return pipeline.SecondDeps{}, fmt.Errorf("make subscriber: %w", err)
	}
	return pipeline.SecondDeps{Judge: model, Events: events, Inbox: d.journal}, nil
}

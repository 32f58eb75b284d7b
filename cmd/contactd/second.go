package main

import (
	"context"
	"fmt"

	"contactd/classifiers/llm"
	"contactd/cmd/contactd/panel"
	"contactd/pipeline"
	"contactd/pipeline/kafka"
)

// modelName is the language model in contact.Opinion.By, before "@".
const modelName = "llm"

// secondGroup is the consumer group that asks for second opinions. Of several
// processes each reads everything and asks about its own conversations, since
// only its journal can give an answer its number there.
func secondGroup(force, node string) string { return commandGroup(force, node) + ".second" }

// secondDeps gathers what the pipeline needs for second opinions.
func (d *daemon) secondDeps(watch kafka.Watch) (pipeline.SecondDeps, error) {
	model, err := panel.Second(d.config.Classifiers, llm.Deps{Log: d.log, Metrics: d.registry})
	if err != nil || model == nil {
		return pipeline.SecondDeps{By: modelName}, err
	}
	events, err := kafka.NewSubscriber(d.broker.connect, kafka.SubscriberConfig{
		Group: secondGroup(d.config.Force, d.config.Node),
		// The guard tells of what the broker has lost; its first grade stands.
		Damaged: func(_ context.Context, r kafka.Record) error {
			d.log.Warn("record cannot be judged once more", "topic", r.Topic, "partition", r.Partition, "offset", r.Offset, "err", r.Err)
			return nil
		},
	}, kafka.Watch{Log: watch.Log, Metrics: watch.Metrics})
	if err != nil {
		return pipeline.SecondDeps{}, fmt.Errorf("make subscriber: %w", err)
	}
	return pipeline.SecondDeps{
		By: modelName, Judge: model, Events: events, Inbox: d.journal, MaxAge: d.config.Classifiers.LLM.WithDefaults().MaxAge,
	}, nil
}

// checkModel asks the language model about a made-up message.
func checkModel(ctx context.Context, c config) finding {
	f := finding{what: "language model", name: c.Classifiers.LLM.Model}
	model, err := panel.Second(c.Classifiers, llm.Deps{})
	if err != nil {
		f.err = err
		return f
	}
	f.detail, f.err = model.Check(ctx)
	return f
}

package main

import (
	"context"
	"fmt"
	"os"

	"contactd/classifiers"
	"contactd/classifiers/linear"
)

type trainCommand struct {
	Data []string `help:"Files of labelled messages (CSV: id, channel, text, grade, category, notes), each by another author: calibration leaves out one after the other." required:"" placeholder:"FILE.csv"`
	Calm []string `help:"Files of ordinary talk that nobody wrote to the police, in the same form: it teaches what is not urgent." placeholder:"FILE.csv"`
	Out  string   `help:"Where the model goes." required:"" placeholder:"FILE"`
}

// Help is shown below the usage.
func (trainCommand) Help() string {
	return `Example:
  contactd train --data a.csv --data b.csv --out weights.bin

The same files in the same order give the same model, to the byte. Use it with classifiers.linear.file. Look at
"contactd eval --cross" first: it shows what such a model finds in files that it has not seen.`
}

// Run trains a model and writes it.
func (t trainCommand) Run(ctx context.Context, p *program, c *commands) error {
	config, err := p.load(c.Config)
	if err != nil {
		return err
	}
	before, err := newFirst(config.Classifiers)
	if err != nil {
		return err
	}
	rows, err := readLabelled(ctx, t.Data, before)
	if err != nil {
		return err
	}
	examples, err := withCalm(ctx, examplesOf(rows), t.Calm, before)
	if err != nil {
		return err
	}
	model := linear.Train(examples)
	content, err := model.Encode()
	if err != nil {
		return err
	}
	if err := os.WriteFile(t.Out, content, 0o600); err != nil {
		return fmt.Errorf("write model: %w", err)
	}
	p.printf("trained %s on %d messages and %d of ordinary talk\n", model.Trained, len(rows), len(examples)-len(rows))
	return nil
}

// withCalm adds the messages of files of ordinary talk.
func withCalm(ctx context.Context, examples []linear.Example, files []string, before []classifiers.Bounded) ([]linear.Example, error) {
	if len(files) == 0 {
		return examples, nil
	}
	rows, err := readLabelled(ctx, files, before)
	for _, example := range examplesOf(rows) {
		example.Calm = true
		examples = append(examples, example)
	}
	return examples, err
}

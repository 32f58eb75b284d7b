package main

import (
	"context"
	"errors"

	"contactd/classifiers/linear"
	"contactd/cmd/contactd/measure"
)

// errLost says that a model must not take the place of another.
var errLost = errors.New("eval --against: this model misses emergencies that the other finds; they are listed above")

// errNothingToLose is of a gate that every model would pass.
var errNothingToLose = errors.New("eval --against: no message is labelled emergency, so that no model could miss one; add --data with some")

// other is the model of --against, nil without it.
func (e evalCommand) other() (*linear.Classifier, error) {
	if e.Against == "" {
		return nil, nil //nolint:nilnil // no other, and no error
	}
	return linear.New(linear.Config{File: modelFile(e.Against)})
}

// modelFile is the file of a model that --model or --against names, empty for
// the shipped one.
func modelFile(name string) string {
	if name == "shipped" {
		return ""
	}
	return name
}

// gate fails if another model finds an emergency that was judged less.
func gate(ctx context.Context, p *program, other *linear.Classifier, judged []measure.Judged) error {
	told, lost, err := measure.Compare(ctx, other, judged)
	if err != nil {
		return err
	}
	p.printf("%s", told)
	if lost > 0 {
		return errLost
	}
	return nil
}

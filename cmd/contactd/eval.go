package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"

	"contactd/classifiers/linear"
	"contactd/cmd/contactd/interrupt"
	"contactd/cmd/contactd/labelled"
	"contactd/cmd/contactd/measure"
	"contactd/cmd/contactd/panel"
	"contactd/contact"
)

type evalCommand struct {
	Data  []string `help:"Files of labelled messages (CSV: id, channel, text, grade, category, notes)." sep:"none" required:"" placeholder:"FILE.csv"`
	Model string   `help:"A model made by train, or 'shipped'; default: the configured one." placeholder:"FILE"`
	Cross bool     `help:"Judge each file by a model trained on the other files."`
	Calm  []string `help:"With --cross: files of ordinary talk to train on too." sep:"none" placeholder:"FILE.csv"`
	JSON  bool     `help:"Write the figures as JSON." name:"json"`
	Miss  bool     `help:"List the emergencies and priorities that were not flagged, with the reasons of their grade." name:"misses"`
	Slow  bool     `help:"List the messages that took longest." name:"slowest"`
	Plots string   `help:"Draw precision and recall, and calibration, into this folder." placeholder:"DIR"`

	Disguises bool `help:"Also judge the emergencies and the low grades as written in disguise, one after the other."`

	Signposts bool   `help:"List the messages that were signposted wrong, or not though they are not for the police."`
	Label     string `help:"Only ask a question of another set: the column that says 1 or 0, yes or no. Each part of the texts is answered by what is learned from the other parts." placeholder:"COLUMN"`
	Text      string `help:"With --label: the column of the text." default:"text" placeholder:"COLUMN"`
	Folds     int    `help:"With --cross: leave out the files in so many parts, in place of one after the other. With --label: how many parts, 5 if not given." placeholder:"N"`
	Kept      string `help:"With --label: answer the texts of this file by all others, in place of each part by the other parts." placeholder:"FILE.csv"`
	Against   string `help:"Exit 1 if another model finds an emergency that this one does not: a file, or 'shipped'." placeholder:"FILE"`
}

// Help is shown below the usage.
func (evalCommand) Help() string {
	return `Examples:
  contactd eval --data own.csv
  contactd eval --cross --data a.csv --data b.csv --data c.csv
  contactd eval --data kept.csv --model new.bin --against shipped
  contactd eval --data disasters.csv --text text --label target

With --against it is a gate: exit 1 says that the new model misses an emergency that the other finds.

Flagged is what a person looks at soon: emergency, unknown or priority. Low are messages labelled scheduled or
resolution. Unknown is always wrong in the macro F1 of all messages, and left out of that of those read. Every figure is of all classifiers together, but with --label: it shows what the features alone are worth on sets
of other people.`
}

// Run judges every message and prints how right that is.
func (e evalCommand) Run(ctx context.Context, p *program, c *commands) error {
	return interrupt.Or(ctx, func() error { return e.measure(ctx, p, c) })
}

func (e evalCommand) measure(ctx context.Context, p *program, c *commands) error {
	if err := e.together(); err != nil {
		return usageError{fmt.Errorf("eval: %w", err)}
	}
	if e.Label != "" {
		return e.ask(p)
	}
	config, err := p.load(c.Config)
	if err != nil {
		return err
	}
	if e.Model != "" {
		config.Classifiers.Linear.File = modelFile(e.Model)
	}
	if e.Plots != "" {
		if err := os.MkdirAll(e.Plots, 0o750); err != nil {
			return fmt.Errorf("eval: --plots: %w", err)
		}
	}
	other, err := e.other() // what is wrong with it is told before all is judged
	if err != nil {
		return err
	}
	first, err := panel.NewFirst(config.Classifiers)
	if err != nil {
		return err
	}
	rows, err := labelled.Read(ctx, e.Data, first.Hear)
	if err != nil {
		return err
	}
	if other != nil && !slices.ContainsFunc(rows, func(row labelled.Row) bool { return row.Grade == contact.Emergency }) {
		return errNothingToLose
	}
	if e.Disguises {
		return e.disguised(ctx, p, config.Classifiers, rows, first)
	}
	var judged []measure.Judged
	err = e.eachModel(ctx, config.Classifiers, rows, first, func(last *linear.Classifier, tested []labelled.Row) error {
		more, err := measure.Judge(ctx, last, tested)
		if err == nil {
			err = measure.Signpost(more, last.Topics(), config.Classifiers.Signpost)
		}
		judged = append(judged, more...)
		return err
	})
	if err != nil {
		return err
	}
	if e.Plots != "" {
		if err := measure.Draw(e.Plots, judged); err != nil {
			return err
		}
	}
	if e.JSON {
		return json.NewEncoder(p.out).Encode(measure.FiguresOf(judged))
	}
	e.tell(p, judged)
	if other != nil {
		return gate(ctx, p, other, judged)
	}
	return nil
}

// tell prints the figures, and the lists that were asked for.
func (e evalCommand) tell(p *program, judged []measure.Judged) {
	figures := measure.FiguresOf(judged)
	p.printf("%s%s", measure.Table(figures), measure.SignpostTable(figures))
	if e.Signposts {
		p.printf("%s", measure.SignpostMisses(judged))
	}
	if e.Miss {
		p.printf("%s", measure.Misses(judged))
	}
	if e.Slow {
		p.printf("%s", measure.Slowest(judged))
	}
}

// together refuses flags that would change nothing beside the others: whoever
// gave them would take the figures for something else.
func (e evalCommand) together() error {
	switch {
	case e.Against != "" && (e.Label != "" || e.Disguises || e.JSON):
		return errors.New("--against goes without --label, --disguises and --json")
	case e.JSON && (e.Miss || e.Slow || e.Signposts):
		return errors.New("--json goes without --misses, --slowest and --signposts")
	case e.Disguises && (e.JSON || e.Miss || e.Slow || e.Signposts || e.Plots != ""):
		return errors.New("--disguises goes without --json, --misses, --slowest, --signposts and --plots")
	case e.Cross && e.Model != "":
		return errors.New("--model goes without --cross, which trains its own")
	case !e.Cross && len(e.Calm) > 0:
		return errors.New("--calm goes with --cross")
	case !e.Cross && e.Label == "" && e.Folds != 0:
		return errors.New("--folds goes with --cross or --label")
	case e.Label == "" && e.Kept != "":
		return errors.New("--kept goes with --label")
	}
	return nil
}

// disguised judges the rows in every disguise and prints what each costs.
func (e evalCommand) disguised(ctx context.Context, p *program, config panel.Config, rows []labelled.Row, first panel.First) error {
	disguised := measure.NewDisguised()
	err := e.eachModel(ctx, config, rows, first, func(last *linear.Classifier, tested []labelled.Row) error {
		return disguised.Judge(ctx, last, tested, first.Hear)
	})
	p.printf("%s", disguised.Table())
	return err
}

var errOneFile = errors.New("eval --cross: want at least two files")

// eachModel hands over what a model is to judge: all rows for the configured
// one, or with Cross each file for a model trained on the others.
func (e evalCommand) eachModel(ctx context.Context, config panel.Config, rows []labelled.Row, first panel.First, judge func(*linear.Classifier, []labelled.Row) error) error {
	if !e.Cross {
		last, err := linear.New(config.Linear)
		if err != nil {
			return err
		}
		return judge(last, rows)
	}
	parts := measure.Parts(rows, e.Folds)
	if len(parts) < 2 {
		return usageError{errOneFile}
	}
	examples, err := labelled.Teaching(ctx, rows, e.Calm, first.Hear, config.Signpost)
	if err != nil {
		return err
	}
	return measure.Cross(parts, rows, examples, judge)
}

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"contactd/classifiers"
	"contactd/classifiers/linear"
	"contactd/cmd/contactd/interrupt"
	"contactd/cmd/contactd/panel"
	"contactd/cmd/contactd/tell"
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
	before, err := panel.First(config.Classifiers)
	if err != nil {
		return err
	}
	rows, err := readLabelled(ctx, e.Data, before)
	if err != nil {
		return err
	}
	if other != nil && !slices.ContainsFunc(rows, func(row labelled) bool { return row.Grade == contact.Emergency }) {
		return errNothingToLose
	}
	if e.Disguises {
		return e.disguised(ctx, p, config, rows, before)
	}
	var judged []judgedRow
	err = e.eachModel(ctx, config, rows, before, func(last *linear.Classifier, tested []labelled) error {
		more, err := judgeRows(ctx, last, tested)
		if err == nil {
			err = signpostRows(more, last.Topics(), config.Classifiers.Signpost)
		}
		judged = append(judged, more...)
		return err
	})
	if err != nil {
		return err
	}
	if e.Plots != "" {
		if err := curves(e.Plots, judged); err != nil {
			return err
		}
	}
	if e.JSON {
		return json.NewEncoder(p.out).Encode(allFigures(judged))
	}
	p.tellFigures(allFigures(judged))
	p.tellSignposts(allFigures(judged))
	if e.Signposts {
		p.tellSignpostMisses(judged)
	}
	if e.Miss {
		for _, row := range judged {
			if row.misses() {
				p.printf("%s %s graded %s: %s [%s]\n", tell.Plain(row.id), row.Grade, row.grade, row.oneLine(), row.explained())
			}
		}
	}
	if e.Slow {
		p.slowest(judged)
	}
	if other != nil {
		return p.gate(ctx, other, judged)
	}
	return nil
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

// judgedRow is a labelled message with the grade that all classifiers give.
type judgedRow struct {
	labelled
	grade   contact.Grade
	learned contact.Opinion
	chances []linear.Chance
	reasons []contact.Reason
	micros  int64 // of all classifiers
	// signpost is the topic that it would be sent to, topic the one that answers
	// its label, helped whether both have the same helper.
	signpost, topic string
	helped          bool
}

// oneLine is the text for a terminal.
func (r judgedRow) oneLine() string {
	return tell.Plain(strings.ReplaceAll(r.Message.Text, "\n", " / "))
}

func (r judgedRow) misses() bool { return raised(r.Grade) && !raised(r.grade) }

// raised is what a person looks at soon.
func raised(g contact.Grade) bool {
	return g == contact.Emergency || g == contact.Priority || g == contact.Unknown
}

// judgeRows lets the learned classifier judge after those before.
func judgeRows(ctx context.Context, last *linear.Classifier, rows []labelled) ([]judgedRow, error) {
	judged := make([]judgedRow, 0, len(rows))
	for _, row := range rows {
		begun := time.Now()
		opinion, err := last.GradeAfter(ctx, row.Message, row.Before)
		if err != nil {
			return nil, err
		}
		j := judgedRow{labelled: row, learned: opinion, grade: opinion.Grade, reasons: opinion.Reasons, micros: time.Since(begun).Microseconds()}
		for _, other := range row.Before {
			j.grade = contact.Highest(j.grade, other.Grade)
			j.reasons = append(j.reasons, other.Reasons...)
			j.micros += other.Micros
		}
		j.chances = last.Chances(row.Message, row.Before)
		judged = append(judged, j)
	}
	return judged, nil
}

// eachModel hands over what a model is to judge: all rows for the configured
// one, or with Cross each file for a model trained on the others.
func (e evalCommand) eachModel(ctx context.Context, config config, rows []labelled, before []classifiers.Bounded, judge func(*linear.Classifier, []labelled) error) error {
	if !e.Cross {
		last, err := linear.New(config.Classifiers.Linear)
		if err != nil {
			return err
		}
		return judge(last, rows)
	}
	parts := e.parts(groupsOf(rows))
	if len(parts) < 2 {
		return usageError{errOneFile}
	}
	examples, err := teaching(ctx, rows, e.Calm, before, config.Classifiers.Signpost)
	if err != nil {
		return err
	}
	all := linear.Read(examples)
	for _, part := range parts {
		others := all.Without(func(e linear.Example) bool { return !e.Calm && !e.Lines && slices.Contains(part, e.Group) })
		tested := slices.DeleteFunc(slices.Clone(rows), func(row labelled) bool { return !slices.Contains(part, row.Group) })
		if err := judge(linear.NewOf(others.TrainToGrade()), tested); err != nil {
			return err
		}
	}
	return nil
}

// parts are the groups that are left out together: each alone, or dealt out to
// so many folds.
func (e evalCommand) parts(groups []string) [][]string {
	if e.Folds <= 0 {
		return slices.Collect(slices.Chunk(groups, 1))
	}
	parts := make([][]string, min(e.Folds, len(groups)))
	for i, group := range groups {
		parts[i%len(parts)] = append(parts[i%len(parts)], group)
	}
	return parts
}

func groupsOf(rows []labelled) []string {
	var groups []string
	for _, row := range rows {
		if !slices.Contains(groups, row.Group) {
			groups = append(groups, row.Group)
		}
	}
	return groups
}

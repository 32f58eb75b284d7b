package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"contactd/classifiers/linear"
	"contactd/cmd/contactd/tell"
	"contactd/contact"
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

// gate judges the rows with another model and fails if that one finds an
// emergency that judged does not: flags what is not flagged, or grades
// emergency what is graded less.
func (p *program) gate(ctx context.Context, other *linear.Classifier, judged []judgedRow) error {
	rows := make([]labelled, len(judged))
	for i, row := range judged {
		rows[i] = row.labelled
	}
	before, err := judgeRows(ctx, other, rows)
	if err != nil {
		return err
	}
	lost, found := 0, 0
	for i, row := range judged {
		switch was := before[i]; {
		case row.Grade != contact.Emergency || row.grade == was.grade:
		case raised(was.grade) && !raised(row.grade), was.grade == contact.Emergency && row.grade != contact.Emergency:
			lost++
			p.printf("lost %s: %s, was %s\n", tell.Plain(row.id), row.grade, was.grade)
		case was.grade.Above(row.grade): // unknown in place of priority: a person looks either way
		default:
			found++
		}
	}
	p.printf("against %s: %d emergencies lost, %d found\n", other.Name(), lost, found)
	if lost > 0 {
		return errLost
	}
	return nil
}

// slowest tells which messages took longest, all classifiers together.
func (p *program) slowest(judged []judgedRow) {
	sorted := slices.SortedFunc(slices.Values(judged), func(a, b judgedRow) int { return int(b.micros - a.micros) })
	for _, row := range sorted[:min(len(sorted), slowestShown)] {
		p.printf("slow %s: %d us for %d bytes\n", tell.Plain(row.id), row.micros, len(row.Message.Text))
	}
}

const slowestShown = 5

// explained is a message that was judged wrongly with the reasons of its
// grade.
func (r judgedRow) explained() string {
	why := ""
	for _, reason := range r.reasons {
		if why != "" {
			why += "; "
		}
		why += fmt.Sprintf("%s (%s)", reason.Rule, reason.Grade)
	}
	return why
}

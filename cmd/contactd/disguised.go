package main

import (
	"context"

	"contactd/classifiers"
	"contactd/classifiers/disguise"
	"contactd/classifiers/linear"
	"contactd/contact"
)

// disguisedCount is how many messages of a kind were judged, and how many of
// them flagged.
type disguisedCount struct{ of, flagged, graded int }

func (c *disguisedCount) add(g contact.Grade) {
	c.of++
	if raised(g) {
		c.flagged++
	}
	if g == contact.Emergency {
		c.graded++
	}
}

// disguised judges plain emergencies and low grades in every disguise and
// prints what each costs.
func (e evalCommand) disguised(ctx context.Context, p *program, config config, rows []labelled, before []classifiers.Bounded) error {
	styles := append([]string{""}, disguise.Styles()...)
	emergencies, lows := make([]disguisedCount, len(styles)), make([]disguisedCount, len(styles))
	err := e.eachModel(ctx, config, rows, before, func(last *linear.Classifier, tested []labelled) error {
		for _, row := range tested {
			if row.kind != "plain" || row.Grade == contact.Priority {
				continue
			}
			for i, style := range styles {
				grade, err := gradeDisguised(ctx, row, style, before, last)
				if err != nil {
					return err
				}
				if row.Grade == contact.Emergency {
					emergencies[i].add(grade)
				} else {
					lows[i].add(grade)
				}
			}
		}
		return nil
	})
	p.printf("%-18s %-28s %s\n", "", "emergencies flagged graded", "low grades flagged graded emergency")
	for i, style := range styles {
		a, b := emergencies[i], lows[i]
		p.printf("%-18s %11d %8.3f %6.3f %11d %8.3f %6.3f\n", style, a.of, ratio(a.flagged, a.of), ratio(a.graded, a.of), b.of, ratio(b.flagged, b.of), ratio(b.graded, b.of))
	}
	return err
}

func gradeDisguised(ctx context.Context, row labelled, style string, before []classifiers.Bounded, last *linear.Classifier) (grade contact.Grade, err error) {
	message := row.Message
	if style != "" {
		if message.Text, err = disguise.Write(message.Text, style, 1); err != nil {
			return grade, err
		}
		message.Authored = message.Text
	}
	opinions, err := heard(ctx, message, before)
	if err != nil {
		return grade, err
	}
	opinion, err := last.GradeAfter(ctx, message, opinions)
	grade = opinion.Grade
	for _, other := range opinions {
		grade = contact.Highest(grade, other.Grade)
	}
	return grade, err
}

func ratio(n, of int) float64 { return float64(n) / float64(max(1, of)) }

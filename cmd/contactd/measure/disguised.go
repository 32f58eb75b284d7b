package measure

import (
	"context"
	"fmt"
	"strings"

	"contactd/classifiers/disguise"
	"contactd/classifiers/linear"
	"contactd/cmd/contactd/labelled"
	"contactd/contact"
)

// Disguised counts how plain emergencies and low grades are judged when they are
// written in disguise, in each style after the other.
type Disguised struct {
	styles            []string // the first is none
	emergencies, lows []count
}

// count is how many messages were judged, and how many of them flagged.
type count struct{ of, flagged, graded int }

// NewDisguised has counted nothing yet.
func NewDisguised() *Disguised {
	styles := append([]string{""}, disguise.Styles()...)
	return &Disguised{styles, make([]count, len(styles)), make([]count, len(styles))}
}

// Judge judges the plain rows in every style.
func (d *Disguised) Judge(ctx context.Context, last *linear.Classifier, rows []labelled.Row, hear labelled.Hear) error {
	for _, row := range rows {
		if row.Kind != "plain" || row.Grade == contact.Priority {
			continue
		}
		counts := d.lows
		if row.Grade == contact.Emergency {
			counts = d.emergencies
		}
		for i, style := range d.styles {
			grade, err := gradeDisguised(ctx, row.Message, style, hear, last)
			if err != nil {
				return err
			}
			counts[i].add(grade)
		}
	}
	return nil
}

func gradeDisguised(ctx context.Context, message contact.Message, style string, hear labelled.Hear, last *linear.Classifier) (grade contact.Grade, err error) {
	if style != "" {
		if message.Text, err = disguise.Write(message.Text, style, 1); err != nil {
			return grade, err
		}
		message.Authored = message.Text
	}
	opinions, err := hear(ctx, message)
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

func (c *count) add(g contact.Grade) {
	c.of++
	if raised(g) {
		c.flagged++
	}
	if g == contact.Emergency {
		c.graded++
	}
}

// Table tells people what each style costs.
func (d *Disguised) Table() string {
	var told strings.Builder
	fmt.Fprintf(&told, "%-18s %-28s %s\n", "", "emergencies flagged graded", "low grades flagged graded emergency")
	for i, style := range d.styles {
		a, b := d.emergencies[i], d.lows[i]
		fmt.Fprintf(&told, "%-18s %11d %8.3f %6.3f %11d %8.3f %6.3f\n", style, a.of, ratio(a.flagged, a.of), ratio(a.graded, a.of), b.of, ratio(b.flagged, b.of), ratio(b.graded, b.of))
	}
	return told.String()
}

func ratio(n, of int) float64 { return float64(n) / float64(max(1, of)) }

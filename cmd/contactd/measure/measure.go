// Package measure says how right classifiers are on labelled messages: it judges
// each by all of them together, as the daemon would, and counts, draws and lists
// what came of it. Reading the messages is left to package labelled, and what
// follows from the figures to the command.
package measure

import (
	"context"
	"time"

	"contactd/classifiers/linear"
	"contactd/cmd/contactd/labelled"
	"contactd/contact"
)

// Judged is a labelled message with the grade that all classifiers give.
type Judged struct {
	labelled.Row
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

// Judge lets the learned classifier judge after those before.
func Judge(ctx context.Context, last *linear.Classifier, rows []labelled.Row) ([]Judged, error) {
	judged := make([]Judged, 0, len(rows))
	for _, row := range rows {
		begun := time.Now()
		opinion, err := last.GradeAfter(ctx, row.Message, row.Before)
		if err != nil {
			return nil, err
		}
		j := Judged{Row: row, learned: opinion, grade: opinion.Grade, reasons: opinion.Reasons, micros: time.Since(begun).Microseconds()}
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

// raised is what a person looks at soon.
func raised(g contact.Grade) bool { return g.Above(contact.Scheduled) }

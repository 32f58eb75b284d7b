package measure

import (
	"context"
	"fmt"
	"strings"

	"contactd/classifiers/linear"
	"contactd/cmd/contactd/labelled"
	"contactd/cmd/contactd/tell"
	"contactd/contact"
)

// Compare judges the rows with another model. lost counts the emergencies that
// one finds and judged does not: flags what is not flagged, or grades emergency
// what is graded less. told lists them.
func Compare(ctx context.Context, other *linear.Classifier, judged []Judged) (told string, lost int, err error) {
	rows := make([]labelled.Row, len(judged))
	for i, row := range judged {
		rows[i] = row.Row
	}
	before, err := Judge(ctx, other, rows)
	if err != nil {
		return "", 0, err
	}
	var list strings.Builder
	found := 0
	for i, row := range judged {
		switch was := before[i]; {
		case row.Grade != contact.Emergency || row.grade == was.grade:
		case raised(was.grade) && !raised(row.grade), was.grade == contact.Emergency && row.grade != contact.Emergency:
			lost++
			fmt.Fprintf(&list, "lost %s: %s, was %s\n", tell.Plain(row.ID), row.grade, was.grade)
		case was.grade.Above(row.grade): // unknown in place of priority: a person looks either way
		default:
			found++
		}
	}
	fmt.Fprintf(&list, "against %s: %d emergencies lost, %d found\n", other.Name(), lost, found)
	return list.String(), lost, nil
}

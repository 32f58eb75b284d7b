package measure

import (
	"fmt"
	"slices"
	"strings"

	"contactd/cmd/contactd/tell"
)

// Misses lists the emergencies and priorities that were not flagged, with the
// reasons of their grade.
func Misses(rows []Judged) string {
	var told strings.Builder
	for _, row := range rows {
		if raised(row.Grade) && !raised(row.grade) {
			fmt.Fprintf(&told, "%s %s graded %s: %s [%s]\n", tell.Plain(row.ID), row.Grade, row.grade, row.oneLine(), row.why())
		}
	}
	return told.String()
}

// SignpostMisses lists the messages that were signposted wrong, or not though
// they are not for the police.
func SignpostMisses(rows []Judged) string {
	var told strings.Builder
	for _, row := range rows {
		if row.topic != row.signpost {
			fmt.Fprintf(&told, "%s graded %s is %s, signpost %q: %s\n", tell.Plain(row.ID), row.grade, tell.Plain(row.Category), row.signpost, row.oneLine())
		}
	}
	return told.String()
}

// slowestShown is how many messages Slowest lists.
const slowestShown = 5

// Slowest lists which messages took longest, all classifiers together.
func Slowest(rows []Judged) string {
	var told strings.Builder
	sorted := slices.SortedFunc(slices.Values(rows), func(a, b Judged) int { return int(b.micros - a.micros) })
	for _, row := range sorted[:min(len(sorted), slowestShown)] {
		fmt.Fprintf(&told, "slow %s: %d us for %d bytes\n", tell.Plain(row.ID), row.micros, len(row.Message.Text))
	}
	return told.String()
}

// oneLine is the text for a terminal.
func (r Judged) oneLine() string {
	return tell.Plain(strings.ReplaceAll(r.Message.Text, "\n", " / "))
}

// why are the reasons of the grade.
func (r Judged) why() string {
	reasons := make([]string, len(r.reasons))
	for i, reason := range r.reasons {
		reasons[i] = fmt.Sprintf("%s (%s)", reason.Rule, reason.Grade)
	}
	return strings.Join(reasons, "; ")
}

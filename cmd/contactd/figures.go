package main

import (
	"errors"
	"fmt"
	"slices"

	"contactd/cmd/contactd/tell"
	"contactd/contact"
)

var errOneFile = errors.New("eval --cross: want at least two files")

// figures are how right the grades of some messages are. Shares are absent
// where there is nothing to share.
type figures struct {
	Of               string   `json:"of"`
	Messages         int      `json:"messages"`
	EmergencyFlagged *float64 `json:"emergency_flagged,omitempty"`
	EmergencyGraded  *float64 `json:"emergency_graded,omitempty"`
	PriorityFlagged  *float64 `json:"priority_flagged,omitempty"`
	LowFlagged       *float64 `json:"low_flagged,omitempty"`
	LowEmergency     *float64 `json:"low_graded_emergency,omitempty"`
	MacroF1          float64  `json:"macro_f1"`
	// MacroF1Read is the same of the messages that were not left to a person
	// by the grade unknown.
	MacroF1Read float64        `json:"macro_f1_read"`
	Calibration float64        `json:"calibration_error"`
	Confusion   map[string]int `json:"confusion"`

	Signposts *signpostFigures `json:"signposts,omitempty"`
}

// allFigures are those of all messages, of each file and of each kind.
func allFigures(rows []judgedRow) []figures {
	all := []figures{figuresOf("all", rows)}
	only := func(of string, in func(judgedRow) bool) {
		all = append(all, figuresOf(of, slices.DeleteFunc(slices.Clone(rows), func(r judgedRow) bool { return !in(r) })))
	}
	var files, kinds []string
	for _, row := range rows {
		if !slices.Contains(files, row.Group) {
			files = append(files, row.Group)
		}
		if !slices.Contains(kinds, row.kind) && row.kind != "" {
			kinds = append(kinds, row.kind)
		}
	}
	slices.Sort(kinds)
	for _, file := range files {
		only(file, func(r judgedRow) bool { return r.Group == file })
	}
	for _, kind := range kinds {
		only("type "+tell.Plain(kind), func(r judgedRow) bool { return r.kind == kind })
	}
	return all
}

func figuresOf(of string, rows []judgedRow) figures {
	f := figures{Of: of, Messages: len(rows), Confusion: map[string]int{}}
	share := func(in, yes func(judgedRow) bool) *float64 {
		n, found := 0, 0
		for _, row := range rows {
			if in(row) {
				n++
				if yes(row) {
					found++
				}
			}
		}
		if n == 0 {
			return nil
		}
		value := float64(found) / float64(n)
		return &value
	}
	is := func(g contact.Grade) func(judgedRow) bool { return func(r judgedRow) bool { return r.Grade == g } }
	low := func(r judgedRow) bool { return !raised(r.Grade) }
	flagged := func(r judgedRow) bool { return raised(r.grade) }
	graded := func(r judgedRow) bool { return r.grade == contact.Emergency }
	f.EmergencyFlagged = share(is(contact.Emergency), flagged)
	f.EmergencyGraded = share(is(contact.Emergency), graded)
	f.PriorityFlagged = share(is(contact.Priority), flagged)
	f.LowFlagged = share(low, flagged)
	f.LowEmergency = share(low, graded)
	f.MacroF1 = macroF1(rows)
	f.MacroF1Read = macroF1(slices.DeleteFunc(slices.Clone(rows), func(r judgedRow) bool { return r.grade == contact.Unknown }))
	f.Calibration = calibrationError(rows)
	f.Signposts = signpostFiguresOf(rows)
	for _, row := range rows {
		f.Confusion[row.Grade.String()+" as "+row.grade.String()]++
	}
	return f
}

// macroF1 is the mean F1 of the four grades that a label may have; unknown is
// always wrong.
func macroF1(rows []judgedRow) float64 {
	var right, given, wanted [5]float64
	for _, row := range rows {
		given[row.grade]++
		wanted[row.Grade]++
		if row.grade == row.Grade {
			right[row.Grade]++
		}
	}
	sum := 0.0
	for _, g := range contact.Grades() {
		if n := given[g] + wanted[g]; g != contact.Unknown && n > 0 {
			sum += 2 * right[g] / n / 4
		}
	}
	return sum
}

// calibrationError is how far the chances of being urgent lie from the share
// of messages that are, over ten classes of chances.
func calibrationError(rows []judgedRow) float64 {
	var sum, urgent, n [10]float64
	for _, row := range rows {
		chance := row.chances[0].Chance
		class := min(int(chance*10), 9)
		n[class]++
		sum[class] += chance
		if row.Grade == contact.Emergency || row.Grade == contact.Priority {
			urgent[class]++
		}
	}
	total := 0.0
	for i := range n {
		total += max(sum[i]-urgent[i], urgent[i]-sum[i])
	}
	return total / float64(max(1, len(rows)))
}

func written(share *float64) string {
	if share == nil {
		return "-"
	}
	return fmt.Sprintf("%.3f", *share)
}

// tellFigures prints a table for people.
func (p *program) tellFigures(all []figures) {
	p.printf("%-18s %6s  %-15s  %-8s  %-15s  %-15s  %s\n", "", "", "emergency", "priority", "low", "macro F1", "")
	p.printf("%-18s %6s  %-7s %-7s  %-8s  %-7s %-7s  %-7s %-7s  %s\n", "of", "rows", "flagged", "graded", "flagged", "flagged", "as emg", "all", "read", "calibration error")
	for _, f := range all {
		p.printf("%-18s %6d  %-7s %-7s  %-8s  %-7s %-7s  %-7.3f %-7.3f  %.3f\n", f.Of, f.Messages,
			written(f.EmergencyFlagged), written(f.EmergencyGraded), written(f.PriorityFlagged),
			written(f.LowFlagged), written(f.LowEmergency), f.MacroF1, f.MacroF1Read, f.Calibration)
	}
}

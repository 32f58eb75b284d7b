package measure

import (
	"slices"

	"contactd/cmd/contactd/tell"
	"contactd/contact"
)

// Figures are how right the grades of some messages are. Shares are absent
// where there is nothing to share.
type Figures struct {
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

	Signposts *SignpostFigures `json:"signposts,omitempty"`
}

// FiguresOf are the figures of all messages, of each file and of each kind.
func FiguresOf(rows []Judged) []Figures {
	all := []Figures{figuresNamed("all", rows)}
	only := func(of string, in func(Judged) bool) {
		all = append(all, figuresNamed(of, slices.DeleteFunc(slices.Clone(rows), func(r Judged) bool { return !in(r) })))
	}
	for _, file := range distinct(rows, func(r Judged) string { return r.Group }) {
		only(file, func(r Judged) bool { return r.Group == file })
	}
	for _, kind := range slices.Sorted(slices.Values(distinct(rows, func(r Judged) string { return r.Kind }))) {
		if kind != "" {
			only("type "+tell.Plain(kind), func(r Judged) bool { return r.Kind == kind })
		}
	}
	return all
}

func figuresNamed(of string, rows []Judged) Figures {
	f := Figures{Of: of, Messages: len(rows), Confusion: map[string]int{}}
	share := func(in, yes func(Judged) bool) *float64 {
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
	is := func(g contact.Grade) func(Judged) bool { return func(r Judged) bool { return r.Grade == g } }
	low := func(r Judged) bool { return !raised(r.Grade) }
	flagged := func(r Judged) bool { return raised(r.grade) }
	graded := func(r Judged) bool { return r.grade == contact.Emergency }
	f.EmergencyFlagged = share(is(contact.Emergency), flagged)
	f.EmergencyGraded = share(is(contact.Emergency), graded)
	f.PriorityFlagged = share(is(contact.Priority), flagged)
	f.LowFlagged = share(low, flagged)
	f.LowEmergency = share(low, graded)
	f.MacroF1 = macroF1(rows)
	f.MacroF1Read = macroF1(slices.DeleteFunc(slices.Clone(rows), func(r Judged) bool { return r.grade == contact.Unknown }))
	f.Calibration = calibrationError(rows)
	f.Signposts = signpostFiguresOf(rows)
	for _, row := range rows {
		f.Confusion[row.Grade.String()+" as "+row.grade.String()]++
	}
	return f
}

// macroF1 is the mean F1 of the four grades that a label may have; unknown is
// always wrong.
func macroF1(rows []Judged) float64 {
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
func calibrationError(rows []Judged) float64 {
	said, urgent, _ := tenths(rows)
	total := 0.0
	for i := range said {
		total += max(said[i]-urgent[i], urgent[i]-said[i])
	}
	return total / float64(max(1, len(rows)))
}

// tenths are, for each tenth of chances, the sum of the chances of being urgent
// that are said of messages, and how many of them are urgent, of n.
func tenths(rows []Judged) (said, urgent, n [10]float64) {
	for _, row := range rows {
		chance := row.chance("urgent")
		tenth := min(int(chance*10), 9)
		n[tenth]++
		said[tenth] += chance
		if row.Grade == contact.Emergency || row.Grade == contact.Priority {
			urgent[tenth]++
		}
	}
	return said, urgent, n
}

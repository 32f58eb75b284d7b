package linear

import (
	"slices"

	"contactd/contact"
)

// The shares of ordinary messages, graded scheduled or resolution, that may
// be graded emergency and that may be put before a person soon, all
// classifiers together. They are what a desk can bear, 0.20 and 0.06, less what
// the rules let through more of messages that nobody saw who wrote them; the
// lowest thresholds that keep to them are taken.
const (
	lowFlagged   = 0.19
	lowEmergency = 0.055
)

// outcome is one example judged by a model that did not see it.
type outcome struct {
	chances [headCount]float64
	floor   contact.Grade // of the classifiers before
	want    contact.Grade
}

// planFor chooses the thresholds by outcomes.
func planFor(outcomes []outcome) Plan {
	var p Plan
	p.Emergency = lowest(outcomes, emergency, lowEmergency, func(floor contact.Grade) bool { return floor == contact.Emergency })
	p.Priority = lowest(outcomes, urgent, lowFlagged, flagged)
	p.Scheduled = bestScheduled(outcomes, p)
	return p
}

func flagged(g contact.Grade) bool { return !contact.Scheduled.Above(g) && g != contact.Scheduled }

// lowest returns the lowest threshold at which no more than a share of the low
// grades pass, those that pass by their floor included.
func lowest(outcomes []outcome, head int, share float64, passed func(floor contact.Grade) bool) float64 {
	var open []float64
	low, already := 0, 0
	for _, o := range outcomes {
		if flagged(o.want) {
			continue
		}
		low++
		if passed(o.floor) {
			already++
			continue
		}
		open = append(open, o.chances[head])
	}
	slices.SortFunc(open, func(a, b float64) int {
		switch {
		case a > b:
			return -1
		case a < b:
			return 1
		}
		return 0
	})
	left := int(share*float64(low)) - already
	const strict = 0.9 // where the floors alone take the share
	if left <= 0 || len(open) == 0 {
		return strict
	}
	return open[min(left, len(open)-1)] + 1e-9
}

// bestScheduled returns the threshold between scheduled and resolution that
// tells them apart best.
func bestScheduled(outcomes []outcome, p Plan) float64 {
	best, at := -1.0, 0.5
	for threshold := 0.1; threshold < 0.9; threshold += 0.01 {
		p.Scheduled = threshold
		grades := make([]contact.Grade, len(outcomes))
		for i, o := range outcomes {
			grades[i] = contact.Highest(o.floor, p.grade(&o.chances))
		}
		if f := macroF1(grades, outcomes); f > best {
			best, at = f, threshold
		}
	}
	return at
}

func macroF1(grades []contact.Grade, outcomes []outcome) float64 {
	var right, given, wanted [5]float64
	for i, o := range outcomes {
		given[grades[i]]++
		wanted[o.want]++
		if grades[i] == o.want {
			right[o.want]++
		}
	}
	sum := 0.0
	for _, g := range []contact.Grade{contact.Emergency, contact.Priority, contact.Scheduled, contact.Resolution} {
		if n := given[g] + wanted[g]; n > 0 {
			sum += 2 * right[g] / n
		}
	}
	return sum / 4
}

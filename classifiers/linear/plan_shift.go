package linear

import (
	"math"

	"contactd/contact"
)

// What a desk can bear, all classifiers together: the shares of ordinary
// messages, graded scheduled or resolution, that are put before a person soon
// and that are graded emergency. 0.20 and 0.06, less what messages that nobody
// saw who wrote rules and signs turn out to take more.
const (
	lowFlagged   = 0.15
	lowEmergency = 0.041
	// calmFlagged is the share of ordinary talk.
	calmFlagged = 0.006
)

// What is wanted of a plan within that: of emergencies the share that is put
// before a person soon and the share that is graded so, of priorities the
// share that is put before a person soon. Above them the plan is taken that
// tells the four grades apart best.
const (
	wantFlagged   = 0.985
	wantEmergency = 0.89
	wantPriority  = 0.885
)

// How far the shifts of emergency, priority and scheduled are tried, against
// resolution.
const (
	shiftFrom, shiftTo = -0.6, 2.6
	shiftStep          = 0.1
)

// shifted tries shifts of the voices of a plan and returns the best.
func shifted(p Plan, outcomes, calm []outcome) Plan {
	best, highest := p, math.Inf(-1)
	n := int(math.Round((shiftTo - shiftFrom) / shiftStep))
	loud, calmLoud := loudness(p, outcomes), loudness(p, calm)
	for e := range n {
		for u := range n {
			for s := range n / 2 {
				shift := [voices]float64{shiftFrom + float64(float64(e)*shiftStep), shiftFrom + float64(float64(u)*shiftStep), shiftFrom + float64(float64(s)*shiftStep), 0}
				worth := worth(given(&shift, loud, outcomes))
				if worth > highest && len(calm) > 0 {
					worth -= 20 * max(0, soonOf(given(&shift, calmLoud, calm))-calmFlagged)
				}
				if worth > highest {
					highest, best = worth, p
					best.Emergency.Shift += shift[0]
					best.Priority.Shift += shift[1]
					best.Scheduled.Shift += shift[2]
				}
			}
		}
	}
	return best
}

// loudness is how loud each grade is for each piece of each outcome.
func loudness(p Plan, outcomes []outcome) [][][voices]float64 {
	loud := make([][][voices]float64, len(outcomes))
	for i, o := range outcomes {
		loud[i] = make([][voices]float64, len(o.pieces))
		for k, r := range o.pieces {
			loud[i][k] = [voices]float64{p.Emergency.loud(r), p.Priority.loud(r), p.Scheduled.loud(r), p.Resolution.loud(r)}
		}
	}
	return loud
}

// given counts the grades that are given with some shifts, by those wanted.
func given(shift *[voices]float64, loud [][][voices]float64, outcomes []outcome) *[5][5]float64 {
	var table [5][5]float64
	for i := range outcomes {
		o := &outcomes[i]
		highest := voices - 1
		for _, piece := range loud[i] {
			first := 0
			for g := 1; g < voices; g++ {
				if piece[g]+shift[g] > piece[first]+shift[first] {
					first = g
				}
			}
			highest = min(highest, first)
		}
		table[o.want][contact.Highest(o.floor, graded[highest])]++
	}
	return &table
}

// soonOf is the share of calm messages that are put before a person soon.
func soonOf(table *[5][5]float64) float64 {
	soon, all := 0.0, 0.0
	for g, n := range table[contact.Resolution] {
		all += n
		if grade := contact.Grade(g); contact.Scheduled.Above(grade) || grade == contact.Scheduled {
			continue
		}
		soon += n
	}
	return soon / max(1, all)
}

// worth is the macro F1 of a table of wanted and given grades, less what it
// lacks of what is wanted and exceeds of what can be borne.
func worth(table *[5][5]float64) float64 {
	share := func(given []contact.Grade, wanted ...contact.Grade) float64 {
		yes, all := 0.0, 0.0
		for _, w := range wanted {
			for _, n := range table[w] {
				all += n
			}
			for _, g := range given {
				yes += table[w][g]
			}
		}
		return yes / max(1, all)
	}
	soon := []contact.Grade{contact.Emergency, contact.Unknown, contact.Priority}
	return macroF1(table) -
		10*max(0, share(soon[:1], contact.Scheduled, contact.Resolution)-lowEmergency) -
		10*max(0, share(soon, contact.Scheduled, contact.Resolution)-lowFlagged) -
		17*max(0, wantFlagged-share(soon, contact.Emergency)) -
		2*max(0, wantEmergency-share(soon[:1], contact.Emergency)) -
		2*max(0, wantPriority-share(soon, contact.Priority))
}

func macroF1(table *[5][5]float64) float64 {
	sum := 0.0
	for _, g := range graded {
		n := 0.0
		for _, other := range graded {
			n += table[g][other] + table[other][g]
		}
		n += table[g][contact.Unknown]
		if n > 0 {
			sum += 2 * table[g][g] / n
		}
	}
	return sum / voices
}

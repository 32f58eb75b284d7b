package linear

import (
	"math"

	"contactd/contact"
)

// What a desk can bear, all classifiers together: the shares of ordinary
// messages, graded scheduled or resolution, that are put before a person soon
// and that are graded emergency. 0.20 and 0.06, less a margin for messages that
// are harder than those learned from.
const (
	lowFlagged   = 0.18
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
	wantPriority  = 0.92
)

// How far the shifts of emergency, priority and scheduled are tried, against
// resolution; of scheduled half as far.
const (
	shiftFrom, shiftTo = -0.6, 2.6
	shiftStep          = 0.1
	shifts             = int((shiftTo - shiftFrom) / shiftStep)
	scheduledShifts    = shifts / 2
)

func shiftAt(step int) float64 { return shiftFrom + float64(float64(step)*shiftStep) }

// confusion counts the grades that are given, by those wanted.
type confusion = [5][5]float64

// shifted tries shifts of the voices of a plan and returns the best.
func shifted(p Plan, outcomes, calm []outcome) Plan {
	best, highest := p, math.Inf(-1)
	loud, calmLoud := loudness(p, outcomes), loudness(p, calm)
	for e := range shifts {
		for u := range shifts {
			tables := given(shiftAt(e), shiftAt(u), loud, outcomes)
			var calmTables *[scheduledShifts]confusion
			for s := range tables {
				worth := worth(&tables[s])
				if worth > highest && len(calm) > 0 {
					if calmTables == nil {
						calmTables = given(shiftAt(e), shiftAt(u), calmLoud, calm)
					}
					worth -= 20 * max(0, soonOf(&calmTables[s])-calmFlagged)
				}
				if worth > highest {
					highest, best = worth, p
					best.Emergency.Shift += shiftAt(e)
					best.Priority.Shift += shiftAt(u)
					best.Scheduled.Shift += shiftAt(s)
				}
			}
		}
	}
	return best
}

// voiced is how loud the grades are for a piece of a message. Scheduled is not
// below resolution from the step of its shift called calm on.
type voiced struct {
	emergency, priority, scheduled, resolution float64
	calm                                       int
}

// loudness is that of each piece of each outcome.
func loudness(p Plan, outcomes []outcome) [][]voiced {
	loud := make([][]voiced, len(outcomes))
	for i, o := range outcomes {
		loud[i] = make([]voiced, len(o.pieces))
		for k, r := range o.pieces {
			v := voiced{emergency: p.Emergency.loud(r), priority: p.Priority.loud(r), scheduled: p.Scheduled.loud(r), resolution: p.Resolution.loud(r)}
			v.calm = firstStep(func(shift float64) bool { return v.scheduled+shift >= v.resolution })
			loud[i][k] = v
		}
	}
	return loud
}

// firstStep is the first of the steps of scheduled that is loud enough: all
// after it are too.
func firstStep(enough func(shift float64) bool) int {
	from, to := 0, scheduledShifts
	for from < to {
		if half := (from + to) / 2; enough(shiftAt(half)) {
			to = half
		} else {
			from = half + 1
		}
	}
	return from
}

// given counts the grades that are given when emergency and priority are
// shifted, for each step of scheduled. With those steps the loudest grade of a
// piece changes at most once, to scheduled; the message has the highest grade of
// its pieces.
func given(emergency, priority float64, loud [][]voiced, outcomes []outcome) *[scheduledShifts]confusion {
	var changes [scheduledShifts + 1]confusion
	for i := range outcomes {
		o := &outcomes[i]
		// The steps at which it is no emergency any more and no priority, and from
		// which on a piece is scheduled.
		emergencyTo, priorityTo, scheduledFrom := 0, 0, scheduledShifts
		for k := range loud[i] {
			v := &loud[i][k]
			e, u := v.emergency+emergency, v.priority+priority
			top := max(e, u)
			step := max(v.calm, firstStep(func(shift float64) bool { return v.scheduled+shift > top }))
			switch {
			case v.resolution > top:
			case u > e:
				priorityTo = max(priorityTo, step)
			default:
				emergencyTo = max(emergencyTo, step)
			}
			scheduledFrom = min(scheduledFrom, step)
		}
		priorityTo = max(priorityTo, emergencyTo)
		scheduledFrom = max(scheduledFrom, priorityTo)
		count := func(g contact.Grade, from, to int) {
			g = contact.Highest(o.floor, g)
			changes[from][o.want][g]++
			changes[to][o.want][g]--
		}
		count(contact.Emergency, 0, emergencyTo)
		count(contact.Priority, emergencyTo, priorityTo)
		count(contact.Resolution, priorityTo, scheduledFrom)
		count(contact.Scheduled, scheduledFrom, scheduledShifts)
	}
	var tables [scheduledShifts]confusion
	var table confusion
	for s := range tables {
		for want := range table {
			for g := range table[want] {
				table[want][g] += changes[s][want][g]
			}
		}
		tables[s] = table
	}
	return &tables
}

// soonOf is the share of calm messages that are put before a person soon.
func soonOf(table *confusion) float64 {
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
func worth(table *confusion) float64 {
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
		25*max(0, wantFlagged-share(soon, contact.Emergency)) -
		2*max(0, wantEmergency-share(soon[:1], contact.Emergency)) -
		2*max(0, wantPriority-share(soon, contact.Priority))
}

func macroF1(table *confusion) float64 {
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

package linear

import (
	"math"

	"contactd/contact"
)

// outcome is one example judged by a model that did not see it.
type outcome struct {
	sums   [headCount]float32
	pieces []ranks
	floor  contact.Grade // of the classifiers before
	want   contact.Grade
}

// voices is the number of grades that a plan gives.
const voices = 4

// graded are the grades that a plan gives, in the order of its voices.
var graded = [voices]contact.Grade{contact.Emergency, contact.Priority, contact.Scheduled, contact.Resolution}

// planFor fits the voices to outcomes, so that they are the logarithms of the
// chances of the grades (multinomial logistic regression), and then shifts
// them to where the grades are best for a desk, ordinary talk among them.
func planFor(outcomes, calm []outcome) Plan {
	return shifted(planOf(fitVoices(outcomes)), outcomes, calm)
}

func planOf(w [voices]voiceRow) Plan {
	voice := func(r voiceRow) Voice { return Voice{Shift: r[0], Urgent: r[1], Emergency: r[2], Police: r[3]} }
	return Plan{voice(w[0]), voice(w[1]), voice(w[2]), voice(w[3])}
}

// voiceRow is the shift of a grade and its weight for each of the ranks.
type voiceRow [4]float64

// The fit: how much weights are drawn to zero, the length of a step of
// gradient descent against the steepest curve, and the number of steps.
const (
	drawn    = 1.0
	maxSteps = 3000
)

// point is an outcome as the voices are fitted to it: its ranks, scaled, and the
// grade that is wanted.
type point struct {
	ranks [3]float64
	want  contact.Grade
}

// pointsOf divides the ranks of outcomes by their mean square so that all steps
// are of one size.
func pointsOf(outcomes []outcome) (points []point, scale voiceRow) {
	scale[0] = 1
	for _, o := range outcomes {
		for k, r := range o.pieces[0] {
			scale[k+1] += float64(float64(r) * float64(r))
		}
	}
	for k := range scale[1:] {
		scale[k+1] = math.Sqrt(scale[k+1]/float64(len(outcomes))) + 1e-9
	}
	points = make([]point, len(outcomes))
	for i, o := range outcomes {
		r := o.pieces[0]
		points[i] = point{[3]float64{float64(r[0]) / scale[1], float64(r[1]) / scale[2], float64(r[2]) / scale[3]}, o.want}
	}
	return points, scale
}

// fitVoices fits by gradient descent with momentum (Nesterov).
func fitVoices(outcomes []outcome) [voices]voiceRow {
	points, scale := pointsOf(outcomes)
	var at, ahead, before [voices]voiceRow
	step := 1 / (2*float64(len(outcomes)) + drawn)
	for n := range maxSteps {
		slope := slopes(&ahead, points)
		before = at
		momentum := float64(n) / float64(n+3)
		for g := range at {
			for k := range at[g] {
				at[g][k] = ahead[g][k] - float64(step*slope[g][k])
				ahead[g][k] = at[g][k] + float64(momentum*(at[g][k]-before[g][k]))
			}
		}
	}
	for g := range at {
		for k := range at[g] {
			at[g][k] /= scale[k]
		}
	}
	return at
}

// slopes are how the loss grows with each number.
func slopes(w *[voices]voiceRow, points []point) (slope [voices]voiceRow) {
	for i := range points {
		p := &points[i]
		var chance [voices]float64
		loudest, sum := math.Inf(-1), 0.0
		for g := range w {
			v := &w[g]
			chance[g] = v[0] + float64(v[1]*p.ranks[0]) + float64(v[2]*p.ranks[1]) + float64(v[3]*p.ranks[2])
			loudest = max(loudest, chance[g])
		}
		for g := range chance {
			if chance[g] -= loudest; chance[g] == 0 {
				chance[g] = 1 // what Exp says too, in more time
			} else {
				chance[g] = math.Exp(chance[g])
			}
			sum += chance[g]
		}
		for g := range chance {
			off := chance[g] / sum
			if graded[g] == p.want {
				off--
			}
			v := &slope[g]
			v[0] += off
			v[1] += float64(off * p.ranks[0])
			v[2] += float64(off * p.ranks[1])
			v[3] += float64(off * p.ranks[2])
		}
	}
	for g := range slope {
		for k := range slope[g][1:] {
			slope[g][k+1] += float64(drawn * w[g][k+1])
		}
	}
	return slope
}

package linear

import (
	"math/rand/v2"
	"testing"

	"contactd/contact"
)

// TestGradesAreCountedAsAShiftedPlanGivesThem: a plan of each shift would give
// the same grades, one message after the other.
func TestGradesAreCountedAsAShiftedPlanGivesThem(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	outcomes := make([]outcome, 400)
	for i := range outcomes {
		o := &outcomes[i]
		o.want = graded[random.IntN(voices)]
		o.floor = append(graded[:], contact.Unknown, contact.Resolution, contact.Resolution)[random.IntN(voices+3)]
		o.pieces = make([]ranks, 1+random.IntN(3))
		for k := range o.pieces {
			// In tenths, so that some are equally loud.
			o.pieces[k] = ranks{float32(random.IntN(40)) / 10, float32(random.IntN(40)) / 10, float32(random.IntN(40)) / 10}
		}
	}
	p := Plan{Emergency: Voice{Emergency: 1}, Priority: Voice{Urgent: 1}, Scheduled: Voice{Police: 1}, Resolution: Voice{Shift: 2}}
	loud := loudness(p, outcomes)
	for e := 0; e < shifts; e += 3 {
		for u := 0; u < shifts; u += 3 {
			for s, got := range given(shiftAt(e), shiftAt(u), loud, outcomes) {
				var want confusion
				for _, o := range outcomes {
					shifted := p
					shifted.Emergency.Shift, shifted.Priority.Shift, shifted.Scheduled.Shift = shiftAt(e), shiftAt(u), shiftAt(s)
					want[o.want][contact.Highest(o.floor, shifted.grade(o.pieces))]++
				}
				if got != want {
					t.Fatalf("shifted by %d, %d and %d: counted %v, given %v", e, u, s, got, want)
				}
			}
		}
	}
}

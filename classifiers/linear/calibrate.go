package linear

import "math"

// calibrate fits slope and shift so that the sums become probabilities
// (Platt, 1999, with the targets of Lin, Lin and Weng, 2007).
func calibrate(sums []float64, yes []bool) (slope, shift float64) {
	positives := 0.0
	for _, y := range yes {
		if y {
			positives++
		}
	}
	high, low := (positives+1)/(positives+2), 1/(float64(len(yes))-positives+2)
	slope, shift = 1, 0
	for range 100 {
		// Newton's method on the log likelihood.
		var gs, gb, hss, hsb, hbb float64
		hss, hbb = 1e-9, 1e-9
		for i, s := range sums {
			target := low
			if yes[i] {
				target = high
			}
			p := 1 / (1 + math.Exp(-(float64(slope*s) + shift)))
			d, w := p-target, p*(1-p)
			gs += float64(d * s)
			gb += d
			hss += float64(w * float64(s*s))
			hsb += float64(w * s)
			hbb += w
		}
		det := float64(hss*hbb) - float64(hsb*hsb)
		if det < 1e-12 {
			break
		}
		ds, db := (float64(hbb*gs)-float64(hsb*gb))/det, (float64(hss*gb)-float64(hsb*gs))/det
		slope, shift = slope-ds, shift-db
		if math.Abs(ds)+math.Abs(db) < 1e-9 {
			break
		}
	}
	return slope, shift
}

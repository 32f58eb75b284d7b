package linear

import "contactd/contact"

// ranks are what a text says to the heads that make its grade: urgent,
// emergency and police.
type ranks [3]float32

func ranksOf(sums *[headCount]float32) ranks {
	return ranks{sums[urgent], sums[emergency], sums[police]}
}

// Plan turns what a text says to the heads into a grade: each grade has a
// voice, and the loudest is taken.
type Plan struct {
	Emergency  Voice `json:"emergency"`
	Priority   Voice `json:"priority"`
	Scheduled  Voice `json:"scheduled"`
	Resolution Voice `json:"resolution"`
}

// Voice is how loud a grade is: Shift, and what each head adds to it.
type Voice struct {
	Shift     float64 `json:"shift"`
	Urgent    float64 `json:"urgent"`
	Emergency float64 `json:"emergency"`
	Police    float64 `json:"police"`
}

func (v *Voice) loud(r ranks) float64 {
	return v.Shift + float64(v.Urgent*float64(r[0])) + float64(v.Emergency*float64(r[1])) + float64(v.Police*float64(r[2]))
}

// grade is the highest grade that any piece of a message is given: a line in
// danger is not outweighed by what stands around it.
func (p *Plan) grade(pieces []ranks) contact.Grade {
	highest := contact.Resolution
	for _, r := range pieces {
		highest = contact.Highest(highest, p.gradeOf(r))
	}
	return highest
}

// gradeOf is the loudest grade, the higher one of two that are equally loud.
func (p *Plan) gradeOf(r ranks) contact.Grade {
	grade, loudest := contact.Emergency, p.Emergency.loud(r)
	if loud := p.Priority.loud(r); loud > loudest {
		grade, loudest = contact.Priority, loud
	}
	if loud := p.Scheduled.loud(r); loud > loudest {
		grade, loudest = contact.Scheduled, loud
	}
	if p.Resolution.loud(r) > loudest {
		grade = contact.Resolution
	}
	return grade
}

package classifiers

import (
	"slices"
	"time"

	"contactd/contact"
)

// merge makes one assessment of the opinions: the highest grade, and reasons
// and categories most serious first; among equals, the earlier seat first.
func merge(opinions []contact.Opinion, at time.Time) contact.Assessment {
	assessment := contact.Assessment{
		Grade:      contact.Unknown,
		Categories: []string{},
		Reasons:    []contact.Reason{},
		JudgedBy:   []string{},
		Opinions:   opinions,
		At:         at,
	}
	if len(opinions) > 0 {
		assessment.Grade = contact.Resolution
	}
	for _, opinion := range opinions {
		assessment.Grade = contact.Highest(assessment.Grade, opinion.Grade)
		assessment.Reasons = append(assessment.Reasons, opinion.Reasons...)
		if opinion.Failed == "" {
			assessment.JudgedBy = append(assessment.JudgedBy, opinion.By)
		}
	}
	slices.SortStableFunc(assessment.Reasons, func(a, b contact.Reason) int { return contact.BySeriousness(a.Grade, b.Grade) })
	assessment.Categories = categories(assessment.Reasons, opinions)
	return assessment
}

// categories lists each category once, by the most serious grade that speaks
// for it. A category that a reason names is graded by its reasons; one that
// only an opinion names, by that opinion.
func categories(reasons []contact.Reason, opinions []contact.Opinion) []string {
	reasoned := func(category string) bool {
		return slices.ContainsFunc(reasons, func(r contact.Reason) bool { return r.Category == category })
	}
	found := []string{}
	add := func(category string) {
		if category != "" && !slices.Contains(found, category) {
			found = append(found, category)
		}
	}
	for _, grade := range contact.Grades() {
		for _, reason := range reasons {
			if reason.Grade == grade {
				add(reason.Category)
			}
		}
		for _, opinion := range opinions {
			if opinion.Grade != grade {
				continue
			}
			for _, category := range opinion.Categories {
				if !reasoned(category) {
					add(category)
				}
			}
		}
	}
	return found
}

package classifiers

import (
	"errors"
	"slices"
	"time"

	"contactd/contact"
)

// Revise adds the opinion of a classifier that judged after the others. The
// grade becomes the higher of the two, and nothing that was said before is
// taken away but a signpost, when it is urgent now; an opinion that failed changes nothing but the list of opinions.
func Revise(before contact.Assessment, opinion contact.Opinion, at time.Time) contact.Assessment {
	opinion = checked(opinion)
	after := before
	after.Shadow = nil // it has seen no more than before
	after.Opinions = append(slices.Clone(before.Opinions), opinion)
	if opinion.Failed != "" {
		return after
	}
	after.At = at
	after.Grade = contact.Highest(before.Grade, opinion.Grade)
	if after.Grade.Above(contact.Scheduled) {
		after.Signpost = nil // nothing urgent is for somebody else
	}
	after.Reasons = append(slices.Clone(before.Reasons), opinion.Reasons...)
	slices.SortStableFunc(after.Reasons, func(a, b contact.Reason) int { return contact.BySeriousness(a.Grade, b.Grade) })
	first, second := before.Categories, opinion.Categories
	if opinion.Grade.Above(before.Grade) {
		first, second = second, first
	}
	after.Categories = slices.Clone(first)
	for _, category := range second {
		if !slices.Contains(after.Categories, category) {
			after.Categories = append(after.Categories, category)
		}
	}
	if !slices.Contains(before.JudgedBy, opinion.By) {
		after.JudgedBy = append(slices.Clone(before.JudgedBy), opinion.By)
	}
	return after
}

// Unavailable marks an error of a classifier that says nothing about the
// message: whoever it asks is away or refuses all. The same message may be
// judged later; after is how long to wait at least.
func Unavailable(err error, after time.Duration) error { return unavailable{err, after} }

type unavailable struct {
	error
	after time.Duration
}

func (u unavailable) Unwrap() error { return u.error }

// IsUnavailable reports whether err was marked by Unavailable, and how long to
// wait.
func IsUnavailable(err error) (after time.Duration, ok bool) {
	var u unavailable
	if !errors.As(err, &u) {
		return 0, false
	}
	return u.after, true
}

// Doubtful is the sign of a later opinion that may raise a grade but is no
// ground for thinking that it is too high.
const Doubtful = "doubtful"

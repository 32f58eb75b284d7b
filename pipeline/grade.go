package pipeline

import (
	"context"

	"contactd/contact"
)

// Assessor judges a message; classifiers.Panel is one. It always answers:
// whatever fails inside counts as Unknown.
type Assessor interface {
	Assess(ctx context.Context, message contact.Message) contact.Assessment
}

// lane chooses how soon a message is published. Automatic mail goes last only
// when nothing in it was judged to need a look.
func lane(m contact.Message, a contact.Assessment) Lane {
	switch {
	case a.Grade == contact.Emergency:
		return LaneEmergency
	case wordless(m):
		return LaneNormal
	case a.Grade == contact.Unknown:
		return LaneUnjudged
	case m.Automatic != contact.Person && !a.Grade.Above(contact.Scheduled):
		return LaneLow
	default:
		return LaneNormal
	}
}

func isGrade(word string) bool {
	var g contact.Grade
	return g.UnmarshalText([]byte(word)) == nil
}

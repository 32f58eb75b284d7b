package classifiers

import (
	"context"
	"slices"
	"strings"
	"time"

	"contactd/contact"
)

// Shadow lets a candidate judge every message beside the classifier whose place
// it may take one day. What it thinks is told and counts for nothing: grade,
// reasons and categories are the assessor's, whatever the candidate does.
type Shadow struct {
	assessor  Assessor
	candidate Informed
	instead   string
	compared  func(live, candidate contact.Grade)
	failed    func()
}

// NewShadow puts a candidate beside the classifier of a name, as Opinion.By
// has it before "@". After each message, compared is told what grade the
// classifiers give it and would give it with the candidate, or failed is called.
func NewShadow(assessor Assessor, candidate Informed, instead string, compared func(live, candidate contact.Grade), failed func()) *Shadow {
	return &Shadow{assessor, candidate, instead, compared, failed}
}

// Assess is the assessor's, with the candidate's opinion as Shadow.
func (s *Shadow) Assess(ctx context.Context, message contact.Message) contact.Assessment {
	assessed := s.assessor.Assess(ctx, message)
	at := slices.IndexFunc(assessed.Opinions, s.replaces)
	if at < 0 {
		return assessed // nobody has judged it, so that there is nothing to compare
	}
	opinion, ok := s.opinion(ctx, message, assessed.Opinions[:at])
	if !ok {
		s.failed()
		return assessed
	}
	assessed.Shadow = &opinion
	s.compared(Compared(assessed, s.instead))
	return assessed
}

func (s *Shadow) replaces(o contact.Opinion) bool { return judgeOf(o) == s.instead }

// judgeOf is who judged, without version.
func judgeOf(o contact.Opinion) string {
	name, _, _ := strings.Cut(o.By, "@")
	return name
}

// opinion asks the candidate. A panic's value may hold the contact's text: it
// goes nowhere.
func (s *Shadow) opinion(ctx context.Context, message contact.Message, before []contact.Opinion) (opinion contact.Opinion, ok bool) {
	defer func() {
		if recover() != nil {
			ok = false
		}
	}()
	begun := time.Now()
	opinion, err := s.candidate.GradeAfter(ctx, message, before)
	if opinion = checked(opinion); err != nil || opinion.Failed != "" {
		return opinion, false
	}
	opinion.Micros = time.Since(begun).Microseconds()
	opinion.Reasons, opinion.Signs = nil, nil // they are told for what counts
	return opinion, true
}

// Compared gives the grade of a message alone, by all opinions, and what it
// would be with the shadow's in place of that of a classifier.
func Compared(assessed contact.Assessment, instead string) (live, candidate contact.Grade) {
	live, candidate = contact.Resolution, contact.Resolution
	for _, o := range assessed.Opinions {
		by := judgeOf(o)
		if by == "together" {
			continue // the shadow has not judged several messages as one
		}
		live = contact.Highest(live, o.Grade)
		if by == instead {
			o = *assessed.Shadow
		}
		candidate = contact.Highest(candidate, o.Grade)
	}
	return live, candidate
}

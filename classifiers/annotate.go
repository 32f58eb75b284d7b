package classifiers

import (
	"cmp"
	"context"
	"slices"

	"contactd/contact"
)

// Annotator adds to the notes on a message what a handler needs beside the
// grade. It sees the assessment and what others have noted before it, but can
// change notes only. It must be safe for concurrent use, wait for nothing
// outside itself and take a time that depends on the length of the message
// alone. It may keep nothing of the message.
type Annotator interface {
	Annotate(message contact.Message, assessed contact.Assessment, notes *contact.Notes)
}

// Assessor says how urgent a message is: a Panel, or Together.
type Assessor interface {
	Assess(ctx context.Context, message contact.Message) contact.Assessment
}

// Annotated is an assessor whose assessments carry notes.
type Annotated struct {
	assessor   Assessor
	annotators []Annotator
}

// NewAnnotated lets the annotators see each assessment of the assessor, in
// their order.
func NewAnnotated(assessor Assessor, annotators ...Annotator) *Annotated {
	return &Annotated{assessor: assessor, annotators: annotators}
}

// Assess is the assessor's, with notes. Whatever happens to an annotator, the
// grade is the assessor's, and the notes of the others stay.
func (a *Annotated) Assess(ctx context.Context, message contact.Message) contact.Assessment {
	assessed := a.assessor.Assess(ctx, message)
	for _, each := range a.annotators {
		assessed.Notes = annotate(each, message, assessed)
	}
	return assessed
}

// Again adds what the annotators notice in the light of a later opinion to what
// was noted before. Nothing is taken away; THRIVE hints are given anew.
func (a *Annotated) Again(message contact.Message, revised contact.Assessment) contact.Assessment {
	before, fresh := revised.Notes, revised
	fresh.Notes = contact.Notes{}
	for _, each := range a.annotators {
		fresh.Notes = annotate(each, message, fresh)
	}
	revised.Notes.Markers = slices.Clone(before.Markers)
	for _, each := range fresh.Markers {
		if !slices.ContainsFunc(before.Markers, func(m contact.Marker) bool { return m.Code == each.Code }) {
			revised.Notes.Markers = append(revised.Notes.Markers, each)
		}
	}
	revised.Notes.Covert = cmp.Or(before.Covert, fresh.Covert)
	revised.Notes.SafeToReply = cmp.Or(before.SafeToReply, fresh.SafeToReply)
	if fresh.SafeToReply != nil && fresh.SafeToReply.Safe == "no" && before.SafeToReply != nil && before.SafeToReply.Safe != "no" {
		revised.Notes.SafeToReply = fresh.SafeToReply // as within one message, one no outweighs any yes
	}
	revised.Notes.Thrive = cmp.Or(fresh.Thrive, before.Thrive)
	return revised
}

// annotate keeps a panic of one annotator from everybody else. Its value may
// hold the contact's text: it goes nowhere.
func annotate(a Annotator, message contact.Message, assessed contact.Assessment) (notes contact.Notes) {
	notes = assessed.Notes
	changed := notes
	defer func() {
		if recover() == nil {
			notes = changed
		}
	}()
	a.Annotate(message, assessed, &changed)
	return notes
}

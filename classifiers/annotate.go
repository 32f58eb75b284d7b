package classifiers

import (
	"context"

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

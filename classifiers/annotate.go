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

// Annotated is a panel whose assessments carry notes.
type Annotated struct {
	panel      *Panel
	annotators []Annotator
}

// NewAnnotated lets the annotators see each assessment of the panel, in their
// order.
func NewAnnotated(panel *Panel, annotators ...Annotator) *Annotated {
	return &Annotated{panel: panel, annotators: annotators}
}

// Assess is the panel's, with notes. Whatever happens to an annotator, the
// grade is the panel's, and the notes of the others stay.
func (a *Annotated) Assess(ctx context.Context, message contact.Message) contact.Assessment {
	assessed := a.panel.Assess(ctx, message)
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

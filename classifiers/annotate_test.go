package classifiers_test

import (
	"testing"

	"contactd/classifiers"
	"contactd/contact"
)

// notes is an annotator that does whatever it is told.
type notes func(assessed contact.Assessment, notes *contact.Notes)

func (n notes) Annotate(_ contact.Message, assessed contact.Assessment, to *contact.Notes) {
	n(assessed, to)
}

func TestAnnotatorsAddNotesAndChangeNoGrade(t *testing.T) {
	panel := classifiers.NewPanel(classifiers.Config{}, says{contact.Emergency, "fire"})
	place := contact.Location{Form: "postcode"}
	annotated := classifiers.NewAnnotated(panel,
		notes(func(_ contact.Assessment, to *contact.Notes) { to.Locations = append(to.Locations, place) }),
		notes(func(_ contact.Assessment, to *contact.Notes) {
			to.Locations = nil
			panic("contact's text")
		}),
		notes(func(assessed contact.Assessment, to *contact.Notes) {
			if len(assessed.Locations) != 1 {
				t.Error("an annotator does not see what others noted before it")
			}
			to.Locations = append(to.Locations, place)
		}),
	)
	got := annotated.Assess(t.Context(), plain)
	if got.Grade != contact.Emergency || len(got.Locations) != 2 || len(got.Reasons) != 1 {
		t.Errorf("%+v", got)
	}
}

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

func TestALaterOpinionAddsToTheNotesAndTakesNothingAway(t *testing.T) {
	annotated := classifiers.NewAnnotated(classifiers.NewPanel(classifiers.Config{}), notes(func(assessed contact.Assessment, to *contact.Notes) {
		for _, category := range assessed.Categories {
			to.Markers = append(to.Markers, contact.Marker{Code: category, By: "later"})
		}
		to.Thrive = &contact.Thrive{By: "later"}
		to.Covert = &contact.Covert{By: "later"}
	}))
	before := contact.Assessment{Grade: contact.Emergency, Categories: []string{"child", "hate"}}
	before.Locations = []contact.Location{{Form: "postcode"}}
	before.Markers = []contact.Marker{{Code: "child", Of: "writer", By: "first"}, {Code: "deaf", By: "first"}}
	before.SafeToReply = &contact.SafeToReply{Safe: "no", By: "first"}
	before.Covert, before.Thrive = &contact.Covert{By: "first"}, &contact.Thrive{By: "first"}
	got := annotated.Again(plain, before)
	if got.Grade != contact.Emergency || len(got.Locations) != 1 || got.SafeToReply.By != "first" || got.Covert.By != "first" || got.Thrive.By != "later" {
		t.Errorf("%+v", got)
	}
	if len(got.Markers) != 3 || got.Markers[0].Of != "writer" || got.Markers[2].Code != "hate" || len(before.Markers) != 2 {
		t.Errorf("%+v", got.Markers)
	}
}

func TestALaterOpinionCanTellThatAReplyIsNotSafeAndNeverThatItIs(t *testing.T) {
	for _, each := range [][3]string{{"yes", "no", "no"}, {"unknown", "no", "no"}, {"no", "yes", "no"}, {"unknown", "yes", "unknown"}} {
		annotated := classifiers.NewAnnotated(classifiers.NewPanel(classifiers.Config{}), notes(func(_ contact.Assessment, to *contact.Notes) {
			to.SafeToReply = &contact.SafeToReply{Safe: each[1]}
		}))
		var before contact.Assessment
		before.SafeToReply = &contact.SafeToReply{Safe: each[0]}
		if got := annotated.Again(plain, before).SafeToReply.Safe; got != each[2] {
			t.Errorf("%v: %s", each, got)
		}
	}
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

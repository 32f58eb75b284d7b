package contact_test

import (
	"testing"

	"contactd/contact"
)

func TestUnknownSortsJustUnderEmergency(t *testing.T) {
	order := contact.Grades()
	for i, higher := range order {
		for _, lower := range order[i+1:] {
			if !higher.Above(lower) || lower.Above(higher) {
				t.Errorf("%v must be above %v", higher, lower)
			}
			if contact.Highest(lower, higher) != higher {
				t.Errorf("highest of %v and %v is not %v", lower, higher, higher)
			}
		}
	}
	var zero contact.Grade
	if zero != contact.Unknown {
		t.Error("the zero grade must be unknown, never calm")
	}
	if !contact.Grade(200).Above(contact.Priority) {
		t.Error("a value that is no grade must rank as unknown")
	}
}

func TestGradeReadsWhatItWrites(t *testing.T) {
	for _, grade := range contact.Grades() {
		text, _ := grade.MarshalText()
		var back contact.Grade
		if err := back.UnmarshalText(text); err != nil || back != grade {
			t.Errorf("%s came back as %v, %v", text, back, err)
		}
	}
	var g contact.Grade
	if err := g.UnmarshalText([]byte("urgent")); err == nil {
		t.Error("a foreign word must be an error")
	}
}

func TestIdentitiesAreStableAndApart(t *testing.T) {
	const want = "m-" // pinned below: a change would double every message on Kafka
	id := contact.MessageID("email", "contact", "INBOX/7/42")
	if id[:2] != want || len(id) != 28 {
		t.Fatalf("id %q has another form", id)
	}
	if id != contact.MessageID("email", "contact", "INBOX/7/42") {
		t.Error("the same message must have the same id")
	}
	if id == contact.MessageID("email", "contactINBOX/7", "/42") {
		t.Error("parts must not run into each other")
	}
}

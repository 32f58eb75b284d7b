package pipeline

import (
	"encoding/json"
	"testing"

	"pgregory.net/rapid"

	"contactd/contact"
	"contactd/contact/contacttest"
)

// FuzzRaised reads originals of contactd's own pseudo-channel as a bad disk
// might give them back: no crash, and events that keep the contract.
func FuzzRaised(f *testing.F) {
	first, err := testSealer().received(testEntry(), testJudged())
	if err != nil {
		f.Fatal(err)
	}
	good, err := json.Marshal(raised{First: first, Opinion: contact.Opinion{By: "llm@test", Grade: contact.Emergency}, At: noon})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add([]byte(`{}`))
	f.Add([]byte(`{"first":{"id":"e","data":{}}}`))
	f.Fuzz(func(t *testing.T, content []byte) {
		e := testEntry()
		e.Original.Channel, e.Original.ID, e.Original.Bytes = AssessmentsChannel, first.ID, content
		alert, event, err := testSealer().raised(e)
		if err != nil {
			return
		}
		if string(content) == string(good) {
			raw, _ := json.Marshal(event)
			contacttest.Valid(t, raw)
			raw, _ = json.Marshal(alert)
			contacttest.Valid(t, raw)
		}
	})
}

func TestASecondOpinionNeverSealsALowerGrade(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		before := rapid.SampledFrom(contact.Grades()).Draw(t, "before")
		said := rapid.SampledFrom(contact.Grades()).Draw(t, "said")
		first := contact.Event{Grade: &before}
		data := contact.Received{Classification: contact.Classification{Assessment: contact.Assessment{Grade: before, JudgedBy: []string{"rules"}}}}
		got := raised{First: first, Opinion: contact.Opinion{By: "llm", Grade: said}}.assessment(data)
		if before.Above(got.Grade) || said.Above(got.Grade) || len(got.JudgedBy) != 2 {
			t.Fatalf("%v and %v give %v", before, said, got)
		}
	})
}

func TestWhatASecondOpinionRaisesIsNoLongerSignposted(t *testing.T) {
	var data contact.Received
	data.Classification.Signpost = &contact.Signpost{Code: "noise"}
	calm := contact.Resolution
	r := raised{First: contact.Event{Grade: &calm}, Opinion: contact.Opinion{Grade: contact.Priority}}
	if got := r.assessment(data); got.Signpost != nil || got.Grade != contact.Priority {
		t.Errorf("%v, %+v", got.Grade, got.Signpost)
	}
}

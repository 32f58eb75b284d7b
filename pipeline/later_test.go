package pipeline

import (
	"encoding/json"
	"testing"
	"time"

	"contactd/contact"
	"contactd/contact/contacttest"
)

// FuzzLater reads originals of contactd's own pseudo-channel as a bad disk
// might give them back: no crash, and events that keep the contract.
func FuzzLater(f *testing.F) {
	first, err := testSealer().received(testEntry(), testJudged())
	if err != nil {
		f.Fatal(err)
	}
	told := published{event: first, standing: *first.Grade, heard: *first.Grade}
	if err := json.Unmarshal(first.Data, &told.data); err != nil {
		f.Fatal(err)
	}
	p := &Pipeline{seal: testSealer(), secondly: SecondDeps{By: "llm"}, now: func() time.Time { return noon }}
	opinion := contact.Opinion{By: "llm@test", Grade: contact.Emergency, Reasons: []contact.Reason{{Rule: "llm.fire", Grade: contact.Emergency}}}
	after := told.data.Classification.Assessment
	after.Grade = contact.Emergency
	whole := map[string]bool{}
	person := p.decision(told.event.Source, grading{cause: "e-1", asked: "/desk e-1", Graded: contact.Graded{
		ContactID: told.data.ContactID, ConversationID: told.data.ConversationID,
		Grade: contact.Resolution, Previous: contact.Priority, Reason: "she is back", Author: "h214", At: noon,
	}}, 1)
	for _, kept := range []*laterOpinion{p.raised(told, after), p.suggested(told, opinion), person} {
		original, err := kept.original(accountOf(told.data))
		if err != nil {
			f.Fatal(err)
		}
		whole[string(original.Bytes)] = true
		f.Add(original.Bytes, original.ID)
	}
	f.Add([]byte(`{}`), "")
	f.Add([]byte(`{"by":"llm","assessed":{"contactId":"m","conversationId":"c"}}`), "m/llm")
	f.Fuzz(func(t *testing.T, content []byte, id string) {
		e := testEntry()
		e.Original.Channel, e.Original.ID, e.Original.Bytes = AssessmentsChannel, id, content
		alert, event, err := testSealer().later(e)
		if err != nil || !whole[string(content)] {
			return
		}
		raw, _ := json.Marshal(event)
		contacttest.Valid(t, raw)
		if alert != nil {
			raw, _ = json.Marshal(alert)
			contacttest.Valid(t, raw)
		}
	})
}

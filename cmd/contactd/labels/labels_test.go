package labels

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"contactd/classifiers/mask"
	"contactd/cmd/contactd/labelled"
	"contactd/contact"
	"contactd/contact/schema"
)

// nowhere is a journal without the message.
type nowhere struct{}

func (nowhere) Message(context.Context, string, string) (contact.Message, error) {
	return contact.Message{}, errors.New("not here")
}

func TestALabelIsOfTheMessagesThatThePersonHadNotDecidedOnBefore(t *testing.T) {
	at := time.Date(2026, 11, 3, 21, 0, 0, 0, time.UTC)
	hear := func(l *Label, id, text string, minute int) {
		raw, err := json.Marshal(contact.Received{
			ContactID: id, Content: contact.Content{Text: text}, Times: contact.Times{IngestedAt: at.Add(time.Duration(minute) * time.Minute)},
			Channel:        contact.ChannelData{Channel: contact.Channel{Kind: "webchat"}},
			Classification: contact.Classification{Assessment: contact.Assessment{Grade: contact.Scheduled}},
		})
		if err != nil {
			t.Fatal(err)
		}
		l.hears(contact.Event{Data: raw})
	}
	decision := contact.Assessed{ContactID: "m-5"}
	decision.Classification.Grade = contact.Emergency
	l := &Label{decision: decision, earlier: map[string]bool{"m-2": true}}
	for n, text := range []string{"hello", "a knife", "he's back", "he's back", "upstairs", "pls", "thanks"} {
		id := fmt.Sprintf("m-%d", n+1)
		if n == 3 {
			id = "m-3" // it comes twice
		}
		if n > 3 {
			id = fmt.Sprintf("m-%d", n)
		}
		hear(l, id, text, n)
	}
	if row := l.row(); row[0] != "m-5" || row[2] != "he's back\nupstairs\npls" || row[3] != "Immediate" || row[5] != "was:scheduled;joined:3;type=handled" {
		t.Errorf("%q", row)
	}
	late := &Label{decision: decision, earlier: map[string]bool{}}
	hear(late, "m-4", "an hour before", 0)
	hear(late, "m-5", "pls", 61)
	if row := late.row(); row[2] != "pls" {
		t.Errorf("%q", row)
	}
}

func TestALabelHasTheWordsOfItsMessageAndOfNoOther(t *testing.T) {
	received := func(id, name, text string) contact.Event {
		raw, err := json.Marshal(contact.Received{ContactID: id, Content: contact.Content{Text: text}, Parties: []contact.Party{{Name: name}}})
		if err != nil {
			t.Fatal(err)
		}
		return contact.Event{Force: "borsetshire", Data: raw}
	}
	of := func(message string, events ...contact.Event) *Label {
		l := &Label{grade: contact.Event{Force: "borsetshire"}, decision: contact.Assessed{ContactID: message}}
		l.decision.Classification.Grade, l.decision.Classification.Categories = contact.Emergency, []string{"stalked by Quill"}
		for _, each := range events {
			l.hears(each)
		}
		return l
	}
	late := of("m-4", received("m-4", "", ""), received("m-4", "", "he has a knife")) // graded before it could be read
	if row := late.row(); row[2] != "he has a knife" {
		t.Errorf("%q", row)
	}
	both := received("m-2", "", "he has a knife") // wrote to two forces, which share a cluster and name their accounts alike
	both.Force = "felpersham"
	labels := []*Label{
		of("m-1", received("m-1", "Zaltana Quill", "quill is here")), of("m-2", both),
		of("m-3", received("m-3", "", "\u00a0\ufffc")), // a photograph
	}
	got := TableOf(t.Context(), labels, nowhere{}, true)
	if len(got.Rows) != 2 || got.Gone != 1 || got.Wordless != 1 || got.Rows[1][2] != "⟪NAME 1⟫ is here" || got.Rows[1][4] != "stalked by ⟪NAME 1⟫" {
		t.Errorf("%+v", got)
	}
}

// FuzzLabel reads what anybody may have put on contact.events: no crash, and a
// label whose message is there is a row that train and eval can read.
func FuzzLabel(f *testing.F) {
	sample, err := schema.Samples().ReadFile("samples/received.json")
	if err != nil {
		f.Fatal(err)
	}
	var event contact.Event
	if err := json.Unmarshal(sample, &event); err != nil {
		f.Fatal(err)
	}
	f.Add(string(event.Data), "m-1", true)
	f.Add(`{"contactId":"m-1","content":{"text":"=1+1, \"x\"\n\u0000"},"classification":{"grade":"emergency"}}`, "m-1", true)
	f.Add(`{"contactId":"m-1","content":null,"parties":[{"name":"\ud800"}]}`, "m-1", false)
	f.Fuzz(func(t *testing.T, data, id string, before bool) {
		l := &Label{earlier: map[string]bool{id: before}}
		l.decision.ContactID, l.decision.Classification.Grade = id, contact.Priority
		for range 2 {
			l.hears(contact.Event{Data: json.RawMessage(data)})
		}
		if l.was == nil {
			return
		}
		row := l.row()
		_ = mask.New().Text(row[2], knownOf(l.people))
		var out strings.Builder
		table := Table{Rows: [][]string{{"id", "channel", "text", "grade", "category", "notes"}, row}}
		if err := table.Write(&out); err != nil {
			t.Fatal(err)
		}
		if rows, err := labelled.Decode(strings.NewReader(out.String())); err != nil || len(rows) != 1 || rows[0].Grade != contact.Priority || rows[0].Kind != "handled" {
			t.Fatalf("%+v, %v: %s", rows, err, out.String())
		}
	})
}

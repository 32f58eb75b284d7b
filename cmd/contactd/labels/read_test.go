package labels

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"contactd/cmd/contactd/events/eventstest"
	"contactd/contact"
)

// topic is contact.events as a test has written it.
type topic struct {
	eventstest.Topic
	t *testing.T
}

func (w *topic) write(force, eventType, conversation, message string, at time.Time, data any) {
	w.t.Helper()
	w.Write(w.t, contact.Event{
		ID: eventType + message + at.String(), Source: force, Type: eventType, Force: force, PartitionKey: conversation, Subject: message, Time: at,
	}, data)
}

func (w *topic) received(conversation, message, text string, flags ...contact.Flag) {
	w.write("here", contact.ReceivedV1, conversation, message, time.Time{}, contact.Received{
		ContactID: message, ConversationID: conversation, Content: contact.Content{Text: text}, Flags: flags, Provenance: contact.Provenance{RawRef: "/originals/7"},
	})
}

func (w *topic) graded(force, conversation, message string, grade contact.Grade, at time.Time) {
	data := contact.Assessed{ContactID: message, ConversationID: conversation, Author: "h214"}
	data.Classification.Grade, data.Classification.JudgedBy = grade, []string{contact.Human}
	w.write(force, contact.AssessedV1, conversation, message, at, data)
}

// rows are the texts and grades of labels.
func rows(t *testing.T, w *topic, since, until time.Time, rest Journal) (table Table, told []string) {
	t.Helper()
	found, lost, err := Read(t.Context(), w, "here", since, until)
	if err != nil || lost.Told("test") != nil {
		t.Fatal(err, lost.Told("test"))
	}
	table = TableOf(t.Context(), found, rest, false)
	for _, row := range table.Rows[1:] {
		told = append(told, row[2]+" "+row[3])
	}
	return table, told
}

func TestTheLastGradeOfAConversationCounts(t *testing.T) {
	night := time.Date(2026, 11, 3, 21, 0, 0, 0, time.UTC)
	w := &topic{t: t}
	for conversation, text := range map[string]string{"c-1": "he is back", "c-2": "thanks", "c-3": "nobody has graded this", "c-4": "of others"} {
		w.received(conversation, "m"+conversation, text)
	}
	w.graded("here", "c-2", "mc-2", contact.Resolution, night.Add(time.Hour))
	w.graded("here", "c-1", "mc-1", contact.Scheduled, night)
	w.graded("here", "c-1", "mc-1", contact.Emergency, night.Add(2*time.Hour))
	w.graded("here", "c-1", "mc-1", contact.Unknown, night.Add(3*time.Hour)) // is no label
	w.graded("elsewhere", "c-4", "mc-4", contact.Priority, night)
	for _, each := range []struct {
		since, until time.Time
		want         []string
	}{
		{want: []string{"thanks Resolution", "he is back Immediate"}},
		{since: night.Add(90 * time.Minute), want: []string{"he is back Immediate"}},
		{until: night.Add(90 * time.Minute), want: []string{"he is back Scheduled", "thanks Resolution"}},
	} {
		if _, got := rows(t, w, each.since, each.until, nowhere{}); !slices.Equal(got, each.want) {
			t.Errorf("since %v until %v: %q, want %q", each.since, each.until, got, each.want)
		}
	}
}

// original is a journal with one message.
type original struct{ message contact.Message }

func (o original) Message(_ context.Context, id, reference string) (contact.Message, error) {
	if id != o.message.ID || reference != "/originals/7" {
		return contact.Message{}, errors.New("not here")
	}
	return o.message, nil
}

func TestATextThatWasCutIsReadFromItsOriginal(t *testing.T) {
	w := &topic{t: t}
	w.received("c-1", "m-1", "he is", contact.Truncated)
	w.graded("here", "c-1", "m-1", contact.Emergency, time.Now())
	for name, test := range map[string]struct {
		rest Journal
		want string
		cut  int
	}{
		"it is there":     {original{contact.Message{ID: "m-1", Text: "he is back\n> hello", Authored: "he is back"}}, "he is back Immediate", 0},
		"it is elsewhere": {nowhere{}, "he is Immediate", 1},
		"it is cut too":   {original{contact.Message{ID: "m-1", Text: "he is b", Flags: []contact.Flag{contact.Truncated}}}, "he is Immediate", 1},
	} {
		table, got := rows(t, w, time.Time{}, time.Time{}, test.rest)
		if !slices.Equal(got, []string{test.want}) || table.Cut != test.cut || strings.Contains(table.Rows[1][5], "cut") != (test.cut > 0) {
			t.Errorf("%s: %q, %d cut", name, table.Rows[1], table.Cut)
		}
	}
}

func TestOfAMessageThatIsGoneThereIsNoLabel(t *testing.T) {
	w := &topic{t: t}
	w.graded("here", "c-1", "m-1", contact.Emergency, time.Now())
	if table, got := rows(t, w, time.Time{}, time.Time{}, nowhere{}); len(got) > 0 || table.Gone != 1 {
		t.Errorf("%+v", table)
	}
	var out strings.Builder
	if err := TableOf(t.Context(), nil, nowhere{}, false).Write(&out); err != nil || out.String() != "id,channel,text,grade,category,notes\n" {
		t.Errorf("%q, %v", out.String(), err)
	}
}

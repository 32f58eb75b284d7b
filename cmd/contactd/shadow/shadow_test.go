package shadow_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"contactd/cmd/contactd/events/eventstest"
	"contactd/cmd/contactd/shadow"
	"contactd/contact"
)

var night = time.Date(2026, 11, 3, 21, 0, 0, 0, time.UTC)

// received writes a message with a grade by the learned classifier and one by the
// candidate, none when it is nil.
func received(t *testing.T, to *eventstest.Topic, force, message string, minute int, live contact.Grade, candidate *contact.Grade) {
	t.Helper()
	data := contact.Received{
		ContactID: message, ConversationID: "c-" + message, Content: contact.Content{Summary: "words of " + message + "\x1b"},
		Times: contact.Times{IngestedAt: night.Add(time.Duration(minute) * time.Minute)},
	}
	data.Classification.Opinions = []contact.Opinion{{By: "linear@1", Grade: live}}
	if candidate != nil {
		data.Classification.Shadow = &contact.Opinion{By: "linear@2", Grade: *candidate}
	}
	to.Write(t, contact.Event{ID: message, Type: contact.ReceivedV1, Force: force, Subject: message}, data)
}

// compared reads what was written, all but what was before a time.
func compared(t *testing.T, from *eventstest.Topic, since time.Time) shadow.Compared {
	t.Helper()
	c, lost, err := shadow.Read(t.Context(), from, "here", since)
	if err != nil || lost.Told("test") != nil {
		t.Fatal(err, lost.Told("test"))
	}
	return c
}

// words are which messages a list names, in its order.
func words(list string) (named []string) {
	for line := range strings.Lines(list) {
		named = append(named, strings.TrimSpace(line[strings.LastIndex(line, " "):]))
	}
	return named
}

func TestWhatTheCandidateWouldHaveGradedOtherwiseIsListedAndCounted(t *testing.T) {
	emergency, scheduled := contact.Emergency, contact.Scheduled
	var topic eventstest.Topic
	received(t, &topic, "here", "late", 9, contact.Priority, &scheduled)
	received(t, &topic, "here", "early", 1, contact.Scheduled, &emergency)
	received(t, &topic, "here", "same", 2, contact.Scheduled, &scheduled)
	received(t, &topic, "here", "alone", 3, contact.Emergency, nil)
	received(t, &topic, "elsewhere", "theirs", 4, contact.Emergency, &scheduled)
	decided := contact.Assessed{ContactID: "late"}
	decided.Classification.Grade, decided.Classification.JudgedBy = contact.Emergency, []string{contact.Human}
	topic.Write(t, contact.Event{ID: "decided", Type: contact.AssessedV1, Force: "here", Subject: "late"}, decided)

	c := compared(t, &topic, time.Time{})
	if got := words(c.Differing(false)); !slices.Equal(got, []string{"early·", "late·"}) {
		t.Errorf("%q", got)
	}
	if got := c.Differing(true); !strings.HasSuffix(got, "  c-late  late  priority, with linear@2 scheduled  a person: emergency — words of late·\n") || strings.Count(got, "\n") != 1 {
		t.Errorf("of lower grades %q", got)
	}
	const want = "priority   with the candidate scheduled  1\nscheduled  with the candidate emergency  1\nscheduled  with the candidate scheduled  1\n"
	if got := c.Counts(); got != want || c.None() {
		t.Errorf("%s", got)
	}
	if got := words(compared(t, &topic, night.Add(2*time.Minute)).Differing(false)); !slices.Equal(got, []string{"late·"}) {
		t.Errorf("since then %q", got)
	}
}

func TestWithoutACandidateNothingIsCompared(t *testing.T) {
	var topic eventstest.Topic
	received(t, &topic, "here", "alone", 3, contact.Emergency, nil)
	if c := compared(t, &topic, time.Time{}); !c.None() || c.Differing(false) != "" || c.Counts() != "" {
		t.Errorf("%q, %q", c.Differing(false), c.Counts())
	}
}

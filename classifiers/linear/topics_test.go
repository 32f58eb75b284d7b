package linear

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"contactd/contact"
)

// forOthers are a few made-up messages for somebody else, in two groups, and
// lines of a directory.
func forOthers() []Example {
	var all []Example
	for n := range 24 {
		for topic, text := range map[string]string{
			"noise":   "music through the wall all night again",
			"parking": "a van is parked across my drive again",
		} {
			all = append(all, Example{
				Message: contact.Message{Text: fmt.Sprintf("%s, number %d", text, n), Channel: contact.Channel{Kind: "email"}},
				Grade:   contact.Resolution, Category: "non_police/" + topic, Topic: topic, Group: fmt.Sprint(n % 2),
			})
		}
	}
	slices.SortStableFunc(all, func(a, b Example) int { return bytes.Compare([]byte(a.Message.Text), []byte(b.Message.Text)) })
	line := func(topic, text string) {
		all = append(all, Example{Message: contact.Message{Text: text}, Topic: topic, Lines: true})
	}
	line("ferry", "when does the ferry sail")
	line("ferry", "dogs on the ferry")
	line("", "the ferry is sinking")
	return all
}

func withTopics(t *testing.T) *Classifier {
	t.Helper()
	content, err := Read(slices.Concat(examples(), forOthers())).Train().Encode()
	if err != nil {
		t.Fatal(err)
	}
	m, err := Decode(content)
	if err != nil {
		t.Fatal(err)
	}
	return NewOf(m)
}

func TestATopicIsNamedAndNothingUrgentIs(t *testing.T) {
	c := withTopics(t)
	if got := c.Topics(); !slices.Equal(got, []string{"ferry", "noise", "parking"}) {
		t.Errorf("topics %v", got)
	}
	for text, want := range map[string]string{
		"again music through the wall":                             "noise",
		"a van is parked across my drive":                          "parking",
		"he is kicking the door and has a knife, hurry, number 30": "",
		"my ex keeps following me and I am scared, number 30":      "",
		"when is the front desk open please, number 30":            "",
	} {
		if got, err := c.Grade(t.Context(), contact.Message{Text: text, Authored: text}); got.Topic != want || err != nil {
			t.Errorf("%q is about %q, want %q (%v)", text, got.Topic, want, err)
		}
	}
}

func TestWithoutExamplesOfTopicsNoneIsNamed(t *testing.T) {
	c := NewOf(Read(examples()).Train())
	got, err := c.Grade(t.Context(), contact.Message{Text: "a van is parked across my drive"})
	if got.Topic != "" || err != nil || len(c.Topics()) > 0 {
		t.Errorf("topic %q of %v, %v", got.Topic, c.Topics(), err)
	}
}

func TestTopicsChangeNoGrade(t *testing.T) {
	with := slices.Concat(examples(), forOthers())
	without := slices.DeleteFunc(slices.Clone(with), func(e Example) bool { return e.Lines })
	for i := range without {
		without[i].Topic = ""
	}
	a, b := Read(with).Train(), Read(without).Train()
	if !slices.Equal(a.Heads, b.Heads) || a.Plan != b.Plan || !bytes.Equal(a.idf, b.idf) || !slices.Equal(a.weights, b.weights) {
		t.Error("what is learned of topics changes what is learned of grades")
	}
}

func TestAModelWithTopicsIsRefusedWhenCutOff(t *testing.T) {
	content, err := Read(slices.Concat(examples(), forOthers())).Train().Encode()
	if err != nil {
		t.Fatal(err)
	}
	for name, broken := range map[string][]byte{"cut off": content[:len(content)-1], "longer": append(bytes.Clone(content), 0), "half": content[:len(content)/2]} {
		if _, err := Decode(broken); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

package thrive

import (
	"testing"

	"contactd/contact"
)

// FuzzForm reads any form and lets it hint at any text.
func FuzzForm(f *testing.F) {
	f.Add(string(defaultForm), "he has a knife, I have it on dashcam")
	f.Add("version: x\nheadings: [{code: a, title: A, hints: [{text: b, rules: [c*], facts: [public]}]}]", "x")
	f.Add("version: x\nheadings: [{code: a, title: A, hints: [{text: b, phrases: [a _ b|é*]}]}]", "a É b")
	f.Fuzz(func(t *testing.T, content, text string) {
		decoded, err := decode("own.yaml", []byte(content))
		if err != nil {
			return
		}
		a, err := compile(decoded, "own.yaml")
		if err != nil {
			return
		}
		var notes contact.Notes
		a.Annotate(contact.Message{Text: text, Authored: text}, contact.Assessment{Reasons: []contact.Reason{{Rule: "c.d"}}}, &notes)
		if notes.Thrive != nil && len(notes.Thrive.Headings) > mostHeadings {
			t.Fatalf("%d headings", len(notes.Thrive.Headings))
		}
	})
}

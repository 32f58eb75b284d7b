package markers

import (
	"testing"

	"contactd/contact"
)

// FuzzPack reads any pack and lets it annotate any text: a force writes the one,
// anybody the other.
func FuzzPack(f *testing.F) {
	f.Add(string(defaultPack), "my mum, 84, has dementia. dont ring me he checks my phone")
	f.Add("version: x\nmarkers: [{code: a, phrases: [a* _ b/c|d], age: {from: 3}, foreign: true}]", "a 4 year old b")
	f.Add("version: x\npeople: [{who: a, words: '|', nouns: '*'}]\ncovert: [{code: b, phrases: [é], whole: true}]", "É")
	f.Add("version: &a x\nasks: [{code: *a}]", "")
	f.Fuzz(func(t *testing.T, content, text string) {
		p, err := decode("own.yaml", []byte(content))
		if err != nil {
			return
		}
		a, err := compile(p, "")
		if err != nil {
			return
		}
		var notes contact.Notes
		a.Annotate(contact.Message{Text: text, Authored: text, Subject: text}, contact.Assessment{}, &notes)
		if len(notes.Markers) > mostMarkers {
			t.Fatalf("%d markers", len(notes.Markers))
		}
	})
}

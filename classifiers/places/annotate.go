package places

import (
	"strings"
	"unicode/utf8"

	"contactd/contact"
)

// Annotator notes the places of messages.
type Annotator struct{}

// New makes an annotator; it needs nothing.
func New() Annotator { return Annotator{} }

// Annotate notes the places in the text, with spans in it, and in the subject,
// without. What stands in quoted history or a signature alone is only
// mentioned.
func (Annotator) Annotate(message contact.Message, _ contact.Assessment, notes *contact.Notes) {
	from, to := authored(message)
	for _, each := range Find(message.Text) {
		if each.Span.Start < from || each.Span.End > to {
			each.Role, each.Confidence = "mentioned", least(each.Confidence)
		}
		notes.Locations = append(notes.Locations, each)
	}
	for _, each := range Find(message.Subject) {
		each.Span = nil
		notes.Locations = append(notes.Locations, each)
	}
	if len(notes.Locations) > mostFound {
		notes.Locations = notes.Locations[:mostFound:mostFound]
	}
}

// authored is where the new part lies in the text, in code points; all of it
// when it cannot be found as one piece.
func authored(message contact.Message) (from, to int) {
	at := -1
	if message.Authored != "" {
		at = strings.Index(message.Text, message.Authored)
	}
	if at < 0 {
		return 0, len(message.Text)
	}
	from = utf8.RuneCountInString(message.Text[:at])
	return from, from + utf8.RuneCountInString(message.Authored)
}

func least(confidence string) string {
	if confidence == "unverified" {
		return confidence
	}
	return "low"
}

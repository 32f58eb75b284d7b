package places

import (
	"contactd/classifiers"
	"contactd/contact"
)

// Annotator notes the places of messages.
type Annotator struct{}

// New makes an annotator; it needs nothing.
func New() Annotator { return Annotator{} }

// Annotate notes the places in the text, with spans in it, and without in the
// subject and in addresses that were sent instead of words. What stands in quoted history or a signature alone is only
// mentioned.
func (Annotator) Annotate(message contact.Message, _ contact.Assessment, notes *contact.Notes) {
	own := classifiers.NewOwn(message)
	for _, each := range find(message.Text, own.Holds) {
		if !own.Holds(*each.Span) {
			each.Role, each.Confidence = "mentioned", least(each.Confidence)
		}
		notes.Locations = append(notes.Locations, each)
	}
	beside := []string{message.Subject}
	for _, field := range message.Fields {
		if field.Name == "link" {
			beside = append(beside, field.Value)
		}
	}
	for _, text := range beside {
		for _, each := range Find(text) {
			each.Span = nil
			notes.Locations = append(notes.Locations, each)
		}
	}
	if len(notes.Locations) > mostFound {
		notes.Locations = notes.Locations[:mostFound:mostFound]
	}
}

func least(confidence string) string {
	if confidence == "unverified" {
		return confidence
	}
	return "low"
}

package main

import "contactd/contact"

// tellNotes shows a person what was noticed beside the grade.
func (p *program) tellNotes(notes contact.Notes) {
	for _, place := range notes.Locations {
		p.printf("  place      %s %q, %s, confidence %s\n", place.Form, place.Value, place.Role, place.Confidence)
	}
	if post := notes.Signpost; post != nil {
		p.printf("  signpost   %s: %s [%s]\n", post.Code, post.Who, post.By)
	}
}

package main

import (
	"slices"
	"strconv"
	"strings"

	"contactd/contact"
)

// tellNotes shows a person what was noticed beside the grade.
func (p *program) tellNotes(notes contact.Notes) {
	for _, place := range notes.Locations {
		p.printf("  place      %s %q, %s, confidence %s\n", place.Form, place.Value, place.Role, place.Confidence)
	}
	for _, each := range notes.Markers {
		p.printf("  marker     %s%s\n", named(each), quotes(each.Spans))
	}
	if notes.Covert != nil {
		p.tellSigns("covert", notes.Covert.Signs)
	}
	if reply := notes.SafeToReply; reply != nil {
		p.printf("  reply      safe: %s\n", reply.Safe)
		p.tellSigns("", reply.Signs)
		p.tellSigns("asks", reply.Asks)
	}
	if notes.Thrive != nil {
		for _, heading := range notes.Thrive.Headings {
			var hints []string
			for _, each := range heading.Hints {
				hints = append(hints, each.Text)
			}
			p.printf("  thrive     %s: %s\n", heading.Title, strings.Join(hints, "; "))
		}
	}
	if post := notes.Signpost; post != nil {
		p.printf("  signpost   %s: %s [%s]\n", post.Code, post.Who, post.By)
	}
}

func (p *program) tellSigns(what string, signs []contact.Sign) {
	for _, each := range signs {
		p.printf("  %-10s %s%s\n", what, each.Code, quotes(each.Spans))
	}
}

// named is a marker with whose it is.
func named(marker contact.Marker) string {
	if marker.Of == "" {
		return marker.Code
	}
	return marker.Code + " (" + marker.Of + ")"
}

// quotes are the pieces of text that spans quote.
func quotes(spans []contact.Span) string {
	var all strings.Builder
	for _, each := range spans {
		all.WriteString(" " + strconv.Quote(each.Quote))
	}
	return all.String()
}

// noticed tells in a few words what must not be overlooked, empty for nothing.
func noticed(notes contact.Notes) string {
	var all []string
	if notes.Covert != nil {
		all = append(all, "covert")
	}
	if notes.SafeToReply != nil && notes.SafeToReply.Safe == "no" {
		all = append(all, "not safe to reply")
	}
	for _, each := range notes.Markers {
		if !slices.Contains(all, named(each)) {
			all = append(all, named(each))
		}
	}
	if len(all) == 0 {
		return ""
	}
	return "  [" + strings.Join(all, ", ") + "]"
}

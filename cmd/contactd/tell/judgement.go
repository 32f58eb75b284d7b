package tell

import (
	"fmt"
	"strconv"
	"strings"

	"contactd/contact"
)

// Judgement tells a grade with its reasons and what was noticed beside it, over
// several lines; with colours, in those of the grades.
func Judgement(a contact.Assessment, colours bool) string {
	tinted := func(_ contact.Grade, text string) string { return text }
	if colours {
		tinted = inColour
	}
	var told strings.Builder
	told.WriteString(tinted(a.Grade, a.Grade.String()))
	if len(a.Categories) > 0 {
		told.WriteString("  (" + strings.Join(a.Categories, ", ") + ")")
	}
	told.WriteString("\n")
	for _, reason := range a.Reasons {
		fmt.Fprintf(&told, "  %s %s [%s]", tinted(reason.Grade, fmt.Sprintf("%-10s", reason.Grade)), reason.Text, reason.Rule)
		for _, span := range reason.Spans {
			told.WriteString(" " + tinted(reason.Grade, strconv.Quote(span.Quote)))
		}
		told.WriteString("\n")
	}
	tellNotes(&told, a.Notes)
	fmt.Fprintf(&told, "judged by %s\n", strings.Join(a.JudgedBy, ", "))
	return told.String()
}

func tellNotes(told *strings.Builder, notes contact.Notes) {
	for _, place := range notes.Locations {
		fmt.Fprintf(told, "  place      %s %q, %s, confidence %s\n", place.Form, place.Value, place.Role, place.Confidence)
	}
	for _, each := range notes.Markers {
		fmt.Fprintf(told, "  marker     %s%s\n", named(each), quotes(each.Spans))
	}
	if notes.Covert != nil {
		tellSigns(told, "covert", notes.Covert.Signs)
	}
	if reply := notes.SafeToReply; reply != nil {
		fmt.Fprintf(told, "  reply      safe: %s\n", reply.Safe)
		tellSigns(told, "", reply.Signs)
		tellSigns(told, "asks", reply.Asks)
	}
	if notes.Thrive != nil {
		for _, heading := range notes.Thrive.Headings {
			var hints []string
			for _, each := range heading.Hints {
				hints = append(hints, each.Text)
			}
			fmt.Fprintf(told, "  thrive     %s: %s\n", heading.Title, strings.Join(hints, "; "))
		}
	}
	if post := notes.Signpost; post != nil {
		fmt.Fprintf(told, "  signpost   %s: %s [%s]\n", post.Code, post.Who, post.By)
	}
}

func tellSigns(told *strings.Builder, what string, signs []contact.Sign) {
	for _, each := range signs {
		fmt.Fprintf(told, "  %-10s %s%s\n", what, each.Code, quotes(each.Spans))
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

package linear

import (
	"strings"

	"contactd/contact"
)

// frame is the category of what a message says to machines and not to people.
const frame = "injection"

// unframed is a text without what the classifiers before take to be said to a
// machine, and whether there is any: it must not drown the rest.
func unframed(text string, before []contact.Opinion) (rest string, framed bool) {
	var spans []contact.Span
	for _, opinion := range before {
		for _, reason := range opinion.Reasons {
			if reason.Category == frame {
				framed = true
				spans = append(spans, reason.Spans...)
			}
		}
	}
	if len(spans) == 0 {
		return "", framed
	}
	var out strings.Builder
	at := 0
	for _, c := range text {
		if !within(at, spans) {
			out.WriteRune(c)
		}
		at++
	}
	return out.String(), framed
}

// within reports whether a code point lies in a span.
func within(at int, spans []contact.Span) bool {
	for _, s := range spans {
		if s.Start <= at && at < s.End {
			return true
		}
	}
	return false
}

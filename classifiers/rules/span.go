package rules

import (
	"strings"

	"contactd/contact"
)

// maxQuote is the longest quote that a span carries, in bytes; a longer piece
// is told by its place alone.
const maxQuote = 1000

// addSpan adds a piece of text to the spans, or widens the one that it
// overlaps. Quotes are copied, so that they do not hold the text in memory.
func addSpan(spans []contact.Span, span contact.Span, quote, text string) []contact.Span {
	for i := range spans {
		known := &spans[i]
		if span.Start >= known.End || known.Start >= span.End {
			continue
		}
		if known.Start <= span.Start && span.End <= known.End {
			return spans
		}
		known.Start, known.End = min(known.Start, span.Start), max(known.End, span.End)
		known.Quote = cut(text, known.Start, known.End)
		return spans
	}
	if len(quote) <= maxQuote {
		span.Quote = strings.Clone(quote)
	}
	return append(spans, span)
}

// cut returns the code points from start to end of text.
func cut(text string, start, end int) string {
	from, to, index := 0, len(text), 0
	for at := range text {
		if index == start {
			from = at
		}
		if index == end {
			to = at
			break
		}
		index++
	}
	if to-from > maxQuote {
		return ""
	}
	return strings.Clone(text[from:to])
}

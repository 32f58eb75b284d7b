package pipeline

import (
	"slices"

	"contactd/contact"
)

// Limits of what is noted beside the grade. Annotators keep to less.
const (
	signLimit    = 20 // markers, and signs of one kind
	headingLimit = 12
	hintLimit    = 10 // of one heading
)

// shortenNotes bounds the notes. It changes copies: they are the assessment's.
func shortenNotes(n *contact.Notes) bool {
	n.Markers = slices.Clone(n.Markers)
	short := first(&n.Markers, signLimit)
	for i := range n.Markers {
		short = shortenSpans(&n.Markers[i].Spans) || short
	}
	if n.Covert != nil {
		copied := *n.Covert
		n.Covert = &copied
		short = shortenSigns(&copied.Signs) || short
	}
	if n.SafeToReply != nil {
		copied := *n.SafeToReply
		n.SafeToReply = &copied
		short = shortenSigns(&copied.Signs) || short
		short = shortenSigns(&copied.Asks) || short
	}
	if n.Signpost != nil {
		copied := *n.Signpost
		n.Signpost = &copied
		short = shortenSpans(&copied.Spans) || short
	}
	if n.Thrive != nil {
		copied := *n.Thrive
		n.Thrive = &copied
		copied.Headings = slices.Clone(copied.Headings)
		short = first(&copied.Headings, headingLimit) || short
		for i := range copied.Headings {
			hints := slices.Clone(copied.Headings[i].Hints)
			short = first(&hints, hintLimit) || short
			for k := range hints {
				short = shortenSpans(&hints[k].Spans) || short
				for s := range hints[k].Spans {
					hints[k].Spans[s].Quote = "" // as the contract says
				}
			}
			copied.Headings[i].Hints = hints
		}
	}
	return cutNotes(n, quoteLimit) || short
}

func shortenSigns(signs *[]contact.Sign) bool {
	*signs = slices.Clone(*signs)
	short := first(signs, signLimit)
	for i := range *signs {
		short = shortenSpans(&(*signs)[i].Spans) || short
	}
	return short
}

func shortenSpans(spans *[]contact.Span) bool {
	*spans = slices.Clone(*spans)
	return first(spans, spanLimit)
}

// cutNotes cuts every quote to limit characters.
func cutNotes(n *contact.Notes, limit int) bool {
	short := false
	eachSpans(*n, func(spans []contact.Span) {
		for i := range spans {
			short = cutAll(limit, &spans[i].Quote) || short
		}
	})
	return short
}

// eachSpans shows the spans of every note that quotes, which THRIVE hints do
// not, those of one thing at a time.
func eachSpans(n contact.Notes, show func([]contact.Span)) {
	for _, each := range n.Markers {
		show(each.Spans)
	}
	if n.Covert != nil {
		for _, each := range n.Covert.Signs {
			show(each.Spans)
		}
	}
	if n.SafeToReply != nil {
		for _, each := range slices.Concat(n.SafeToReply.Signs, n.SafeToReply.Asks) {
			show(each.Spans)
		}
	}
	if n.Signpost != nil {
		show(n.Signpost.Spans)
	}
}

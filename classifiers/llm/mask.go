package llm

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

// maxSubject is how much of a subject is shown, in code points.
const maxSubject = 200

// hidden is a text as the endpoint sees it, and where each part comes from.
type hidden struct {
	shown  string
	pieces []maskPiece
}

// maskPiece is a run of shown bytes with its place in the text. A placeholder
// stands for all of its place.
type maskPiece struct {
	shown, shownEnd int
	from, to        int
	placeholder     bool
}

// placeholder hides what a pattern finds. The first one that fits wins; names
// keep their title.
type placeholder struct {
	pattern *regexp.Regexp
	group   int // what of a match is hidden
	word    string
}

// placeholders are those that need no dictionary: what can be told by its
// form. A name that stands alone cannot.
func placeholders() []placeholder {
	return []placeholder{
		{regexp.MustCompile(`(?i)[\w.+-]+@[\w-]+\.[\w.-]+\w`), 0, "[EMAIL]"},
		{regexp.MustCompile(`(?:\+|\b0)\d(?:[ ()-]?\d){8,12}\b`), 0, "[PHONE]"},
		{regexp.MustCompile(`(?i)\b[a-z]{1,2}\d[a-z\d]? ?\d[a-z]{2}\b`), 0, "[POSTCODE]"},
		{regexp.MustCompile(`(?i)\b[a-z]{2}\d{2} ?[a-z]{3}\b`), 0, "[PLATE]"},
		{regexp.MustCompile(`(?i)\b(?:flat )?\d{1,4}[a-z]?,? (?:[a-z']+ ){1,3}(?:road|rd|street|st|lane|ln|close|avenue|ave|drive|court|way|grove|crescent|terrace|gardens|walk|row|place|square|hill|view|house)\b`), 0, "[ADDRESS]"},
		{regexp.MustCompile(`\b(?:Mr|Mrs|Ms|Miss|Dr|PC|DC|Sgt|Sergeant|Constable)\.? ((?:\p{Lu}[\p{L}'-]+ ?){1,2}\b)`), 1, "[NAME]"},
		{regexp.MustCompile(`(?i)(?:my name is|i am called|his name is|her name is) (\p{L}[\p{L}'-]+(?: \p{L}[\p{L}'-]+)?)`), 1, "[NAME]"},
		{regexp.MustCompile(`\b\d{6,}\b`), 0, "[NUMBER]"},
	}
}

// hide cuts a text to a length, in code points, and hides what the mask finds.
func hide(text string, limit int, mask []placeholder) hidden {
	end := len(text)
	for i := range text {
		if limit == 0 {
			end = i
			break
		}
		limit--
	}
	text = text[:end]
	h := hidden{}
	var shown strings.Builder
	show := func(s string, from, to int, placeholder bool) {
		if s == "" {
			return
		}
		h.pieces = append(h.pieces, maskPiece{shown.Len(), shown.Len() + len(s), from, to, placeholder})
		shown.WriteString(s)
	}
	at := 0
	for at < len(text) {
		from, to, word := next(text, at, mask)
		if word == "" {
			break
		}
		show(text[at:from], at, from, false)
		show(word, from, to, true)
		at = to
	}
	show(text[at:], at, len(text), false)
	h.shown = shown.String()
	return h
}

// next finds the first thing to hide from at on, the longest of those that
// begin there.
func next(text string, at int, mask []placeholder) (from, to int, word string) {
	from = len(text)
	for _, p := range mask {
		found := p.pattern.FindStringSubmatchIndex(text[at:])
		if found == nil {
			continue
		}
		begin, end := at+found[2*p.group], at+found[2*p.group+1]
		if begin < from || begin == from && end > to {
			from, to, word = begin, end, p.word
		}
	}
	return from, to, word
}

// find returns the place in the text of a quote from what was shown.
func (h hidden) find(quote string) (from, to int, ok bool) {
	at := strings.Index(h.shown, quote)
	if at < 0 || quote == "" {
		return 0, 0, false
	}
	return h.origin(at, false), h.origin(at+len(quote), true), true
}

// origin is the place of a shown byte in the text; of the end of a quote when
// end is set. Within a placeholder it is the edge of what that hides.
func (h hidden) origin(at int, end bool) int {
	for _, p := range h.pieces {
		inside := p.shown <= at && at < p.shownEnd
		if end {
			inside = p.shown < at && at <= p.shownEnd
		}
		switch {
		case !inside:
		case p.placeholder && end:
			return p.to
		case p.placeholder:
			return p.from
		default:
			return p.from + at - p.shown
		}
	}
	return 0
}

// points turns bytes of a text into code points.
func points(text string, at int) int { return utf8.RuneCountInString(text[:at]) }

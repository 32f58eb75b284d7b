package linear

import (
	"strings"
	"unicode/utf8"

	"contactd/contact"
)

// Of a text longer than noticedFrom, in bytes, so many sentences are read alone.
// Of shorter ones the windows say enough: in letters of 500 to 1,000 bytes what
// more was found was wrong.
const (
	noticedFrom = 1000
	mostNoticed = 40
)

// noticed calls read with each sentence of a very long text in which the rules
// found a phrase that is for this classifier to weigh. A window around it holds
// several calm sentences, in which a short one drowns.
func noticed(text string, before []contact.Opinion, read func(sentence string)) {
	if len(text) <= noticedFrom {
		return
	}
	from := 0 // in code points
	for count := 0; text != "" && count < mostNoticed; {
		n := sentence(text)
		to := from + utf8.RuneCountInString(text[:n])
		if isToWeigh(before, from, to) {
			read(text[:n])
			count++
		}
		text, from = text[n:], to
	}
}

// isToWeigh reports whether a phrase to be weighed begins between two places.
func isToWeigh(before []contact.Opinion, from, to int) bool {
	for _, opinion := range before {
		for _, reason := range opinion.Reasons {
			if !strings.HasSuffix(reason.Rule, ".weighed") {
				continue
			}
			for _, span := range reason.Spans {
				if from <= span.Start && span.Start < to {
					return true
				}
			}
		}
	}
	return false
}

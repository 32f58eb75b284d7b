// Package places finds what a text says about where: UK postcodes and Eircodes,
// addresses and roads, grid references, coordinates, what3words, UPRN and USRN,
// and telephone numbers, which lead to a place. Each is a candidate as it was
// typed, with its span, its form, what the words around it make it (role) and
// how sure the form is (confidence).
//
//	text ─ words ─▶ a reader per form, at each word ─▶ candidates, in order
//
// Nothing is looked up and nothing corrected: whether the place exists, and
// which of several is meant, is for a gazetteer and the handler. A candidate
// never touches a grade. Time grows with the text alone: every reader looks at
// a bounded number of words.
package places

import (
	"strings"
	"unicode/utf8"

	"contactd/contact"
)

// Version names this package's way of finding places in everything it finds.
const Version = "places@2026.11"

// Limits of what is read and reported.
const (
	textLimit = 256 << 10 // bytes
	mostFound = 20        // candidates; the most that an event carries
)

// found is one candidate while it is looked for: byte offsets in the text, and
// how many words it took.
type found struct {
	contact.Location
	start, end int
	words      int
}

// reader reads one form at a word, nil when it does not begin there.
type reader func(t *text, at int) *found

// readers are asked in this order, of a word with a digit and of another; the
// first that reads something wins its words.
func readers() (figures, letters []reader) {
	return []reader{what3words, coordinates, property, grid, mistyped, postcode, eircode, phone, numberedRoad, road},
		[]reader{what3words, property, grid, mistyped, road}
}

// Find returns the candidates in a text, in its order, at most 20 and each
// stated place once, where most is said of it. Spans count code points.
func Find(message string) []contact.Location {
	return find(message, func(contact.Span) bool { return true })
}

// find is Find; where a place is said more than once, what own tells to be the
// contact's own words goes first.
func find(message string, own func(contact.Span) bool) []contact.Location {
	t := read(message[:whole(message, textLimit)])
	figures, letters := readers()
	var list []contact.Location
	index, counted := 0, 0 // code points before byte counted
	seen := map[string]int{}
	for at := 0; at < len(t.words) && len(list) < mostFound; {
		begin := letters
		if t.words[at].figures {
			begin = figures
		}
		took := 1
		for _, each := range begin {
			candidate := each(t, at)
			if candidate == nil {
				continue
			}
			took = candidate.words
			candidate.Value = t.raw[candidate.start:candidate.end]
			key := candidate.Form + " " + strings.ToLower(strings.Join(strings.Fields(candidate.Value), ""))
			if candidate.Role == "" {
				candidate.Role = t.role(at)
			}
			index += utf8.RuneCountInString(t.raw[counted:candidate.start])
			end := index + utf8.RuneCountInString(candidate.Value)
			candidate.Span = &contact.Span{Start: index, End: end}
			counted, index = candidate.end, end
			candidate.Source, candidate.By = "informant", Version
			if before, again := seen[key]; !again {
				seen[key] = len(list)
				list = append(list, candidate.Location)
			} else if weight(candidate.Location, own) > weight(list[before], own) {
				list[before] = candidate.Location
			}
			break
		}
		at += took
	}
	return list
}

// weight is how much a mention says of a place.
func weight(l contact.Location, own func(contact.Span) bool) (weight int) {
	switch l.Role {
	case "caller":
		weight = 3
	case "home":
		weight = 2
	case "incident":
		weight = 1
	}
	if own(*l.Span) {
		weight += 4
	}
	return weight
}

// whole is how much of a text is read: at most limit bytes, whole characters.
func whole(message string, limit int) int {
	if len(message) <= limit {
		return len(message)
	}
	for limit > 0 && !utf8.RuneStart(message[limit]) {
		limit--
	}
	return limit
}

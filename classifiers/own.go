package classifiers

import (
	"cmp"
	"strings"
	"unicode/utf8"

	"contactd/contact"
)

// Own are a message's own words: what its writer says now, without the quoted
// history and the signature. Annotators read them, and Span leads back to the
// message's text. It is good for one message and one goroutine.
type Own struct {
	// Words are the own words, those of the message's new part.
	Words  string
	text   string
	pieces []piece // found when first asked for
	sought bool
}

// piece is a part of the own words that stands in the text as it is, in code
// points.
type piece struct{ from, to, at int }

// NewOwn returns the own words of a message.
func NewOwn(message contact.Message) Own {
	return Own{Words: cmp.Or(message.Authored, message.Text), text: message.Text}
}

// Span is where the piece of Words between two code points stands in the
// message's text, without its quote; false when it does not stand there in one
// piece, as where lines of an answer are put between lines of a quote.
func (o *Own) Span(start, end int) (contact.Span, bool) {
	for _, each := range o.places() {
		if each.from <= start && end <= each.to {
			return contact.Span{Start: start - each.from + each.at, End: end - each.from + each.at}, true
		}
	}
	return contact.Span{}, false
}

// Quote is a copy of a span of the message's text, at most so many characters.
func (o *Own) Quote(span contact.Span, most int) string {
	return cut(o.text, span.Start, min(span.End, span.Start+most))
}

// Holds reports whether a span of the message's text is among the own words.
func (o *Own) Holds(span contact.Span) bool {
	for _, each := range o.places() {
		if span.Start < each.at+each.to-each.from && each.at < span.End {
			return true
		}
	}
	return false
}

// places are where the own words stand in the text: in one piece, or else line
// by line, in the order of both.
func (o *Own) places() []piece {
	if o.sought {
		return o.pieces
	}
	o.sought = true
	text := o.text
	if at := standing(text, o.Words); at >= 0 {
		o.pieces = []piece{{0, utf8.RuneCountInString(o.Words), utf8.RuneCountInString(text[:at])}}
		return o.pieces
	}
	from, passed, counted := 0, 0, 0 // code points of Words, bytes and code points of the text
	for line := range strings.Lines(o.Words) {
		size := utf8.RuneCountInString(line)
		wanted := strings.TrimRight(line, "\r\n")
		if strings.TrimSpace(wanted) == "" {
			from += size
			continue
		}
		if at := standing(text[passed:], wanted); at >= 0 {
			counted += utf8.RuneCountInString(text[passed : passed+at])
			length := utf8.RuneCountInString(wanted)
			o.pieces = append(o.pieces, piece{from, from + length, counted})
			passed, counted = passed+at+len(wanted), counted+length
		}
		from += size
	}
	return o.pieces
}

// standing is where words stand in text from the beginning of a line, or behind
// the question of a form, to the end of one: within a line they may be somebody
// else's. Where they stand so nowhere it is the first place, -1 without any.
func standing(text, words string) int {
	first := -1
	for from := 0; from <= len(text); {
		at := strings.Index(text[from:], words)
		if at < 0 {
			break
		}
		at += from
		if first < 0 {
			first = at
		}
		before, behind := strings.TrimRight(text[:at], " \t"), strings.TrimLeft(text[at+len(words):], " \t\r")
		if (before == "" || strings.HasSuffix(before, "\n") || strings.HasSuffix(before, ":")) && (behind == "" || behind[0] == '\n') {
			return at
		}
		from = at + 1
	}
	return first
}

// cut returns a copy of the code points from start to end.
func cut(text string, start, end int) string {
	from, to, index := len(text), len(text), 0
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
	return strings.Clone(text[from:to])
}

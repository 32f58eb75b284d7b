package places

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// text is a message cut at white space.
type text struct {
	raw   string
	words []word
	none  word // what stands outside
	road  int  // the first word for a road that is not behind
}

// word is a piece of a text without the punctuation around it.
type word struct {
	start, end int    // bytes in the text, punctuation left out
	as         string // as typed
	low        string // in lower case, "" when longer than any word that matters
	comma      bool   // a comma, or the end of a line, follows
	stop       bool   // a sentence or paragraph ends after it
	figures    bool   // a digit is in it
	road       roadWord
}

// wordLimit is how long a piece may be, in bytes, to be read as a word or a
// link at all.
const wordLimit = 512

func read(raw string) *text {
	const usual = 5 // bytes a word, with its space
	t := &text{raw: raw, words: make([]word, 0, len(raw)/usual+1), none: word{stop: true, comma: true}}
	for at := 0; at < len(raw); {
		if size := spaceAt(raw, at); size > 0 {
			if n := len(t.words); raw[at] == '\n' && n > 0 {
				last := &t.words[n-1]
				last.stop = last.stop || at > 0 && raw[at-1] == '\n'
				last.comma = true
			}
			at += size
			continue
		}
		end := at + 1
		for end < len(raw) && spaceAt(raw, end) == 0 {
			end++
		}
		t.add(at, end)
		at = end
	}
	return t
}

// spaceAt is how many bytes the white space takes that stands at a place, 0 for
// anything else, the inside of a character too.
func spaceAt(raw string, at int) int {
	if c := raw[at]; c < utf8.RuneSelf {
		if c == ' ' || '\t' <= c && c <= '\r' {
			return 1
		}
		return 0
	}
	if r, size := utf8.DecodeRuneInString(raw[at:]); unicode.IsSpace(r) {
		return size
	}
	return 0
}

// before and after are what a word may be wrapped in. Telephones put marks of
// direction around a number that is pasted.
const (
	before     = "\"'“‘(<[{*_,;:!?¿¡" + directions
	after      = "\"'”’)>]}*_,;:!?.…" + directions
	directions = "\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
)

func (t *text) add(start, end int) {
	piece := t.raw[start:end]
	if len(piece) > wordLimit {
		t.words = append(t.words, word{start: start, end: end, as: "", low: "", stop: true})
		return
	}
	trimmed := piece
	if !plain(piece[0]) {
		trimmed = strings.TrimLeft(piece, before)
	}
	from := start + len(piece) - len(trimmed)
	if !plain(piece[len(piece)-1]) {
		trimmed = strings.TrimRight(trimmed, after)
	}
	tail := t.raw[from+len(trimmed) : end]
	low := strings.ToLower(trimmed)
	t.words = append(t.words, word{
		start: from, end: from + len(trimmed), as: trimmed, low: low, road: asRoad(low), figures: figures(trimmed),
		comma: tail != "" && strings.ContainsAny(tail, ",;"), stop: tail != "" && strings.ContainsAny(tail, ".!?…"),
	})
}

// at returns a word, an empty one outside the text.
func (t *text) at(i int) *word {
	if i < 0 || i >= len(t.words) {
		return &t.none
	}
	return &t.words[i]
}

// preceded reports whether one of the n words before stands in the list.
func (t *text) preceded(at, n int, list string) bool {
	for i := at - 1; i >= at-n && i >= 0; i-- {
		if among(t.words[i].low, list) {
			return true
		}
	}
	return false
}

// among reports whether a word is one of a list, written with spaces around.
func among(word, list string) bool {
	if word == "" {
		return false
	}
	for at := 0; ; {
		i := strings.Index(list[at:], word)
		if i < 0 {
			return false
		}
		i += at
		if list[i-1] == ' ' && list[i+len(word)] == ' ' {
			return true
		}
		at = i + 1
	}
}

func digits(s string) bool {
	for i := range len(s) {
		if !isDigit(s[i]) {
			return false
		}
	}
	return s != ""
}

// figures reports whether a word holds a digit.
func figures(s string) bool {
	for i := range len(s) {
		if isDigit(s[i]) {
			return true
		}
	}
	return false
}

// plain reports whether a byte is a letter or a digit, which nothing wraps.
func plain(c byte) bool { return isLetter(c) || isDigit(c) }

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isLetter(c byte) bool { return 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z' }

// capital reports whether a word begins with a capital letter.
func capital(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return unicode.IsUpper(r)
}

// letters reports whether a word holds letters, apostrophes and hyphens alone.
func letters(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsMark(r) && r != '\'' && r != '’' && r != '-'
	})
}

// numbered reports whether the words before a number call it that of something
// else: "order number M1 2AB", but not "post code", nor "an incident at".
func (t *text) numbered(at int) bool {
	for i := at - 1; i >= at-2 && i >= 0; i-- {
		switch low := t.words[i].low; {
		case among(low, " at in on near to from of by outside around behind opposite "), low == "code" && among(t.at(i-1).low, " post postal "):
			return false
		case among(low, numbering):
			return true
		}
	}
	return false
}

// numbering are words that call what follows a number of something else.
const numbering = " order ref ref: reference tracking invoice account acc booking case crime log incident cad urn ticket policy card serial model part sku code pin id no. parcel consignment customer imei vin "

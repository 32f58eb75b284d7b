package mask

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// plainly is a text with the spaces, hyphens and figures of other keyboards, and
// of pages that text is copied from, as those that forms are made of, and
// without marks and what nobody sees: a number that is struck through is one.
// Back leads from a byte in it to the one in the text.
func plainly(text string) (plain string, back func(int) int) {
	var out strings.Builder
	places := make([]int, 0, len(text)+1)
	for at, r := range text {
		if unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf) {
			continue
		}
		_, size := utf8.DecodeRuneInString(text[at:])
		if c := plainOf(r); c != 0 {
			out.WriteByte(c)
			places = append(places, at)
			continue
		}
		out.WriteString(text[at : at+size])
		for i := range size {
			places = append(places, at+i)
		}
	}
	places = append(places, len(text))
	return out.String(), func(at int) int { return places[at] }
}

// plainOf is the ASCII character that stands for another, 0 for none.
func plainOf(r rune) byte {
	switch {
	case r < utf8.RuneSelf:
		return 0
	case unicode.IsSpace(r):
		return ' '
	case unicode.Is(unicode.Pd, r):
		return '-'
	}
	// Those of other shapes: wide, bold, in a circle.
	if same := norm.NFKD.PropertiesString(string(r)).Decomposition(); len(same) == 1 {
		return same[0]
	}
	if unicode.IsDigit(r) {
		// Each script has its ten in a row, from nought on.
		for _, row := range unicode.Nd.R16 {
			if low := rune(row.Lo); low <= r && r <= rune(row.Hi) {
				return '0' + byte((r-low)%10)
			}
		}
	}
	return 0
}

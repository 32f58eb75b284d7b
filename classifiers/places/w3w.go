package places

import (
	"strings"
	"unicode"

	"contactd/contact"
)

// what3words reads three words with dots between. They count after ///, in a
// link of the vendor, or when called what3words: three dotted words alone are
// a careless sentence or the name of a host. Look-alikes are common, so it
// stays unverified and as typed.
func what3words(t *text, at int) *found {
	w := &t.words[at]
	if strings.Count(w.as, ".") < 2 {
		return nil
	}
	address, named := w.as, false
	for _, prefix := range []string{"https://", "http://", "www."} {
		address = strings.TrimPrefix(address, prefix)
	}
	for _, host := range []string{"w3w.co/", "what3words.com/"} {
		if rest, ok := strings.CutPrefix(address, host); ok {
			address, named = rest, true
		}
	}
	if rest, ok := strings.CutPrefix(address, "///"); ok {
		address, named = rest, true
	}
	if !threeWords(address) {
		return nil
	}
	if !named && !t.preceded(at, 6, " /// what3words w3w what3words: w3w: what3word whatthreewords w3words ") &&
		!(t.preceded(at, 6, " what ") && t.preceded(at, 5, " 3 three ") && t.preceded(at, 4, " words ")) {
		return nil
	}
	end := w.end
	return &found{Location: contact.Location{Form: "w3w", Confidence: "unverified"}, start: end - len(address), end: end, words: 1}
}

func threeWords(s string) bool {
	parts := strings.Split(s, ".")
	if len(parts) != 3 {
		return false
	}
	for _, part := range parts {
		if len(part) < 2 || len(part) > 60 || strings.ContainsFunc(part, func(r rune) bool {
			return !unicode.IsLetter(r) && !unicode.IsMark(r)
		}) {
			return false
		}
	}
	return true
}

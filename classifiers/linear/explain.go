package linear

import (
	"cmp"
	"slices"
	"strings"

	"contactd/contact"
)

// What a reason points at: so many pieces of the text, so many signs.
const (
	mostPieces = 3
	mostSigns  = 3
)

// telling finds what spoke most for a head: pieces of the message's text, in
// its order, and signs that the classifiers before noticed. It reads the text
// again, so it is for messages that are urgent, which are few. Words are
// weighed alone and with their neighbours; runs of characters, which mostly
// say the same, are left out.
func (j *judging) telling(m *Model, message contact.Message, before []contact.Opinion, head int) ([]contact.Span, []string) {
	return j.pieces(m, message.Text, head), j.signs(m, before, head)
}

// piece is a run of tokens with what it says.
type piece struct {
	first, last int
	says        float32
}

func (j *judging) pieces(m *Model, text string, head int) []contact.Span {
	j.reader.read(text)
	tokens := j.reader.text.Tokens
	says := make([]float32, len(tokens))
	j.reader.eachWord(func(i int, word, pair uint64) {
		says[i] += m.says(word, head)
		if i > 0 {
			half := m.says(pair, head) / 2
			says[i-1] += half
			says[i] += half
		}
	})
	var found []piece
	for i, s := range says {
		if s <= 0 {
			continue
		}
		if n := len(found); n > 0 && found[n-1].last == i-1 {
			found[n-1].last, found[n-1].says = i, found[n-1].says+s
			continue
		}
		found = append(found, piece{i, i, s})
	}
	slices.SortStableFunc(found, func(a, b piece) int { return cmp.Compare(b.says, a.says) })
	found = found[:min(len(found), mostPieces)]
	slices.SortFunc(found, func(a, b piece) int { return cmp.Compare(a.first, b.first) })
	spans := make([]contact.Span, 0, len(found))
	for _, p := range found {
		first, last := tokens[p.first], tokens[p.last]
		spans = append(spans, contact.Span{
			Start: int(first.Start), End: int(last.End), Quote: text[first.ByteStart:last.ByteEnd],
		})
	}
	return spans
}

// says is what one feature says to a head, in stored units.
func (m *Model) says(hash uint64, head int) float32 {
	b := bucketOf(hash)
	idf, known := m.telling(b, keyOf(hash))
	if !known {
		return 0
	}
	return idf * float32(m.weights[int(b)*headCount+head])
}

// signs are those that spoke most for the head, most first.
func (j *judging) signs(m *Model, before []contact.Opinion, head int) []string {
	type sign struct {
		name string
		says int8
	}
	var found []sign
	for _, opinion := range before {
		for _, name := range opinion.Signs {
			if w := m.weights[int(bucketOf(hashOf('s', name)))*headCount+head]; w > 0 {
				found = append(found, sign{name, w})
			}
		}
	}
	slices.SortStableFunc(found, func(a, b sign) int { return cmp.Compare(b.says, a.says) })
	var names []string
	for _, s := range found[:min(len(found), mostSigns)] {
		names = append(names, strings.ReplaceAll(s.name, "_", " "))
	}
	return names
}

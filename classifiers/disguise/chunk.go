package disguise

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"contactd/classifiers/fold"
)

// chunk is what stands between spaces, or several such of one letter each.
type chunk struct {
	first, end int32 // tokens
	word       int32 // the known word that it is, or -1
	kind       kind
	spelled    bool // single letters set apart by spaces
	apart      bool // single letters set apart by signs
	joined     bool // two pieces of a word
}

type kind uint8

const (
	plain   kind = iota // a word, a number, another script
	respelt             // a spelling of a word
	rare                // a word that is hardly ever written
	unknown             // letters that are no word
	odd                 // signs or figures among letters
)

// What tells words from what is none. A word that was written seldom may be
// meant for another one; one without a vowel is no word unless it is common,
// and may be meant for another unless it is usual. So many letters are several
// words.
const (
	seldom      = 5
	common      = 30
	usual       = 500
	runTogether = 20
)

// cut parts the text into chunks.
func (r *Reader) cut() {
	r.chunks = r.chunks[:0]
	tokens := r.in.Tokens
	for i := 0; i < len(tokens); {
		end := i + 1
		for end < len(tokens) && !r.spaced(end) {
			end++
		}
		r.chunks = append(r.chunks, r.look(int32(i), int32(end)))
		i = end
	}
	r.joinLetters()
	r.joinPieces()
}

// spaced reports whether a space stands before token i.
func (r *Reader) spaced(i int) bool {
	for _, c := range r.text[r.in.Tokens[i-1].ByteEnd:r.in.Tokens[i].ByteStart] {
		if unicode.IsSpace(c) {
			return true
		}
	}
	return false
}

// look judges what tokens without space are.
func (r *Reader) look(first, end int32) chunk {
	c := chunk{first: first, end: end, word: -1}
	tokens := r.in.Tokens[first:end]
	if len(tokens) == 1 {
		c.kind, c.word = r.lookAt(&tokens[0])
		return c
	}
	if isAddress(r.text[tokens[0].ByteStart:tokens[len(tokens)-1].ByteEnd]) {
		return c
	}
	single, letters := 0, 0
	for i := range tokens {
		t := &tokens[i]
		if t.Marks&(fold.Foreign|fold.Pictured) != 0 {
			return c
		}
		if t.Marks&fold.Letter != 0 {
			letters++
			if t.To-t.From == 1 {
				single++
			}
		}
		kind, word := r.lookAt(t)
		if t.To-t.From <= 2 && (kind == respelt || word >= 0 && r.vocabulary.written(word).count < usual) {
			kind = unknown
		}
		c.kind = max(c.kind, kind)
	}
	switch {
	case single == len(tokens) && single >= 3:
		c.kind, c.apart = odd, true
	case single == len(tokens) && r.gap(first) != '&':
		c.kind, c.apart = unknown, true
	case letters > 0 && r.signed(tokens), single >= 3:
		c.kind = odd
	case c.kind == respelt:
		c.kind = plain
	}
	return c
}

// isAddress reports whether a chunk is one of the web or of mail.
func isAddress(chunk string) bool {
	_, domain, mail := strings.Cut(chunk, "@")
	return mail && strings.Contains(domain, ".") || strings.Contains(chunk, "://") || strings.HasPrefix(chunk, "www.")
}

// gap is the sign behind token i.
func (r *Reader) gap(i int32) rune {
	sign, _ := utf8.DecodeRuneInString(r.text[r.in.Tokens[i].ByteEnd:])
	return sign
}

// signed reports whether signs that no plain word has stand between tokens.
func (r *Reader) signed(tokens []fold.Token) bool {
	dot := false
	for i := 1; i < len(tokens); i++ {
		for _, c := range r.text[tokens[i-1].ByteEnd:tokens[i].ByteStart] {
			dot = dot || c == '.'
		}
	}
	for i := 1; i < len(tokens); i++ {
		if tokens[i-1].Marks&tokens[i].Marks&fold.Letter == 0 {
			continue
		}
		for _, c := range r.text[tokens[i-1].ByteEnd:tokens[i].ByteStart] {
			switch c {
			case '*', '$', '!', '|', '€', '#':
				return true
			case '@':
				return !dot
			}
		}
	}
	return false
}

// lookAt judges one token, and gives the word that it is or is a spelling of.
func (r *Reader) lookAt(t *fold.Token) (kind, int32) {
	word := r.in.Letters[t.From:t.To]
	switch {
	case t.Marks&fold.Letter == 0, t.Marks&(fold.Foreign|fold.Pictured) != 0:
		return plain, -1
	case t.Marks&fold.Digit != 0:
		if meant, ok := r.vocabulary.spelt[string(word)]; ok {
			return respelt, meant
		}
		return figured(word, t.Marks), -1
	}
	found := r.vocabulary.find(word)
	if found < 0 {
		switch {
		case len(word) == 1:
			return plain, -1
		case len(word) >= runTogether:
			return odd, -1
		}
		return unknown, -1
	}
	meant, count := r.vocabulary.words[found].meant, r.vocabulary.written(found).count
	switch vowel := hasVowel(word); {
	case meant > 0:
		return respelt, int32(meant) - 1
	case len(word) == 1:
		return plain, found
	case !vowel && count < common:
		return unknown, -1
	case !vowel && count < usual, count <= seldom:
		return rare, found
	}
	return plain, found
}

// figured judges letters and figures in one word. Letters after a number, or a
// number after letters, are mostly what they seem: 7pm, m25, 4SW.
func figured(word []byte, marks fold.Mark) kind {
	turns := 0
	for i := 1; i < len(word); i++ {
		if isFigure(word[i]) != isFigure(word[i-1]) {
			turns++
		}
	}
	if turns == 1 && word[0] != '0' || turns == 2 && isFigure(word[0]) && marks&fold.Capital != 0 {
		return unknown
	}
	return odd
}

// characters are those of a chunk: folded letters, and the signs between and
// right beside them.
func (r *Reader) characters(c chunk) []byte {
	r.chars = r.chars[:0]
	for i := c.first; i < c.end; i++ {
		t := r.in.Tokens[i]
		if i > c.first {
			for _, sign := range r.text[r.in.Tokens[i-1].ByteEnd:t.ByteStart] {
				r.sign(sign)
			}
		}
		r.chars = append(r.chars, r.in.Letters[t.From:t.To]...)
	}
	first, last := r.in.Tokens[c.first], r.in.Tokens[c.end-1]
	if sign, _ := utf8.DecodeLastRuneInString(r.text[:first.ByteStart]); isLetterlike(sign) {
		r.chars = slices.Insert(r.chars, 0, leadOf(sign))
	}
	if sign, _ := utf8.DecodeRuneInString(r.text[last.ByteEnd:]); sign == '$' || sign == '*' {
		r.chars = append(r.chars, byte(sign))
	}
	return r.chars
}

// isLetterlike reports whether a sign before a word may be its first letter.
func isLetterlike(sign rune) bool {
	return sign == '@' || sign == '$' || sign == '|' || sign == '€' || sign == '*'
}

func leadOf(c rune) byte {
	if c == '€' {
		return 'e'
	}
	return byte(c)
}

func (r *Reader) sign(c rune) {
	switch {
	case unicode.IsSpace(c), unicode.In(c, unicode.Mn, unicode.Cf):
	case c == '€':
		r.chars = append(r.chars, 'e')
	case c < utf8.RuneSelf:
		r.chars = append(r.chars, byte(c))
	default:
		r.chars = append(r.chars, hole)
	}
}

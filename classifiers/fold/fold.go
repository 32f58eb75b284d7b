// Package fold reads a text as words in one plain form, so that a disguise or
// an accent does not hide one: lower case, one width, no invisible characters,
// no accents, look-alikes of other scripts as the Latin letters they imitate.
// Every word keeps its place in the text. What the words mean is the business
// of the classifiers that use it.
package fold

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Token is one word of a text: its folded letters and its place in the text.
type Token struct {
	From, To           int32 // bytes in Text.Letters
	Start, End         int32 // code points in the text, end exclusive
	ByteStart, ByteEnd int32 // bytes in the text, end exclusive
	// Possessor is how many folded bytes stand before a final 's, or 0.
	Possessor int32
	Marks     Mark
	// Joint is what a symbol written between this word and the one before,
	// without a space, may stand for: a letter, JoinOnly, or 0 for none.
	Joint byte
	// Lead is the letter that a symbol right before the word may stand for.
	Lead byte
}

// Mark is what is known about a token beyond its letters.
type Mark uint16

// The marks.
const (
	AfterStop Mark = 1 << iota // a sentence or paragraph ended before it
	AfterEdge                  // a sentence or a line ended before it
	Wide                       // more than one space before it
	Colon                      // a colon follows
	Digit                      // holds a digit
	Letter                     // holds a letter
	Latin                      // holds a letter of the Latin script
	Lookalike                  // holds a letter of another script that looks Latin
	Foreign                    // holds a letter of another script that does not
	Accented                   // holds a Latin letter that English does not use
	Capital                    // begins with a capital
	Shouted                    // has a second capital
	Pictured                   // is an emoji's word
	separates                  // of a character, not a token: belongs to no word
)

// JoinOnly marks a symbol that stands for no letter, as in k-n-i-f-e.
const JoinOnly = '\x00' + 1

// Text is a text as words. It is scratch: reset by Fold, its memory used
// again.
type Text struct {
	// Letters are those of all tokens, one after the other.
	Letters []byte
	// Tokens are the words in the order of the text.
	Tokens []Token
	// Cut is set when the text was longer than the limit.
	Cut bool
	// Pieces is set when something may be a word in pieces: a sign right
	// before a word, or three single letters in a row.
	Pieces bool
}

// Word returns the folded letters of a token.
func (t *Text) Word(i int) []byte { return t.Letters[t.Tokens[i].From:t.Tokens[i].To] }

// folder walks one text. Every code point lies in at most one token, and
// tokens come in the order of the text, so that spans map back exactly.
type folder struct {
	out     *Text
	emoji   map[rune]string
	current *Token // the last of out.Tokens while open
	open    bool
	// What stood since the last token.
	spaces  int
	breaks  int
	stopped bool
	gap     byte // the last symbol, 0 after a space
	gaps    int  // how many characters stood between
	singles int  // how many of the last tokens are single letters
	// unspaced is set where spaces that nobody sees part the words.
	unspaced bool
}

// Fold writes the words of text into out, at most limit code points. An emoji
// that has a word is read as that word.
func Fold(out *Text, text string, emoji map[rune]string, limit int) {
	out.Letters, out.Tokens, out.Cut, out.Pieces = out.Letters[:0], out.Tokens[:0], false, false
	f := folder{out: out, emoji: emoji, unspaced: unspaced(text)}
	index := 0
	for at := 0; at < len(text); index++ {
		if index >= limit {
			out.Cut = true
			break
		}
		switch c := text[at]; {
		case 'a' <= c && c <= 'z':
			run := plainRun(text[at:][:min(len(text)-at, limit-index)])
			f.add(at, run, index, Letter|Latin)
			f.current.End += int32(run - 1)
			out.Letters = append(out.Letters, text[at:at+run]...)
			at += run
			index += run - 1
		case c == ' ':
			f.close()
			f.gaps++
			f.gap = 0
			f.spaces++
			at++
		case c < utf8.RuneSelf:
			f.ascii(c, text, at, index)
			at++
		default:
			r, size := utf8.DecodeRuneInString(text[at:])
			f.wide(r, text, at, size, index)
			at += size
		}
	}
	f.close()
}

// unspaced reports whether a text has no space that is seen, and several that
// are not: those stand between its words then, and not within one.
func unspaced(text string) bool {
	if strings.IndexByte(text, ' ') >= 0 {
		return false
	}
	hidden := 0
	for _, r := range text {
		if isZeroWidth(r) {
			hidden++
		}
	}
	return hidden > 3
}

// isZeroWidth reports whether words may be parted by r unseen.
func isZeroWidth(r rune) bool {
	switch r {
	case '\u00AD', '\u200B', '\u200C', '\u2060', '\uFEFF':
		return true
	}
	return false
}

// plainRun is how many small ASCII letters text begins with.
func plainRun(text string) int {
	for i := range len(text) {
		if text[i]-'a' > 'z'-'a' {
			return i
		}
	}
	return len(text)
}

// ascii takes one ASCII character that is no small letter.
func (f *folder) ascii(c byte, text string, at, index int) {
	switch {
	case 'A' <= c && c <= 'Z':
		f.addCapital(at, 1, index, Letter|Latin)
		f.out.Letters = append(f.out.Letters, c+'a'-'A')
	case '0' <= c && c <= '9':
		f.add(at, 1, index, Digit)
		f.out.Letters = append(f.out.Letters, c)
	case c == '\'' || c == '`':
		f.apostrophe(text[at+1:])
	default:
		f.separate(rune(c), text[at+1:])
	}
}

// wide takes one character beyond ASCII.
func (f *folder) wide(r rune, text string, at, size, index int) {
	if word, ok := f.emoji[r]; ok {
		f.close()
		f.add(at, size, index, Letter|Latin|Pictured)
		f.out.Letters = append(f.out.Letters, word...)
		f.close()
		return
	}
	if isApostrophe(r) {
		f.apostrophe(text[at+size:])
		return
	}
	before := len(f.out.Letters)
	letters, marks := appendFolded(f.out.Letters, r)
	switch {
	case marks == 0 && f.unspaced && isZeroWidth(r):
		f.separate(' ', text[at+size:])
	case marks == 0: // invisible: as if it were not there
	case len(letters) == before:
		f.separate(r, text[at+size:])
	case isSign(r):
		f.close()
		f.add(at, size, index, marks)
		f.out.Letters = letters
		f.close()
	case unicode.IsUpper(r):
		f.addCapital(at, size, index, marks)
		f.out.Letters = letters
	default:
		f.add(at, size, index, marks)
		f.out.Letters = letters
	}
}

// isSign reports whether r is a word by itself: Chinese and Japanese put no
// spaces between words.
func isSign(r rune) bool { return r >= 0x3040 && unicode.In(r, unicode.Han, unicode.Hiragana) }

// add extends the open token, or opens one, by the character at the place. It
// is called before the letters are appended.
func (f *folder) add(at, size, index int, marks Mark) {
	if !f.open {
		f.begin(at, index)
	}
	f.current.Marks |= marks &^ separates
	f.current.End = int32(index + 1)
	f.current.ByteEnd = int32(at + size)
}

func (f *folder) addCapital(at, size, index int, marks Mark) {
	if !f.open {
		marks |= Capital
	} else if f.current.Marks&Capital != 0 {
		marks |= Shouted
	}
	f.add(at, size, index, marks)
}

func (f *folder) begin(at, index int) {
	first := len(f.out.Tokens) == 0
	f.out.Tokens = append(f.out.Tokens, Token{})
	f.current = &f.out.Tokens[len(f.out.Tokens)-1]
	f.current.From, f.current.Start, f.current.ByteStart = int32(len(f.out.Letters)), int32(index), int32(at)
	if !first {
		if f.stopped || f.breaks > 1 {
			f.current.Marks |= AfterStop | AfterEdge
		}
		if f.breaks > 0 {
			f.current.Marks |= AfterEdge
		}
		if f.spaces > 1 || f.breaks > 0 {
			f.current.Marks |= Wide
		}
		if f.gaps == 1 && f.spaces == 0 {
			f.current.Joint = joint(f.gap)
		}
	}
	if f.current.Joint == 0 && f.gap != 0 {
		if c := joint(f.gap); c > JoinOnly {
			f.current.Lead = c
		}
	}
	f.open = true
}

// close ends the open token, if any, and forgets what stood before it.
func (f *folder) close() {
	if !f.open {
		return
	}
	f.current.To = int32(len(f.out.Letters))
	if n := f.current.Possessor; n > 0 && f.current.To-f.current.From != n+1 {
		f.current.Possessor = 0
	}
	if f.current.To-f.current.From == 1 {
		f.singles++
	} else {
		f.singles = 0
	}
	if f.current.Joint|f.current.Lead != 0 || f.singles >= 3 {
		f.out.Pieces = true
	}
	f.open, f.stopped, f.spaces, f.breaks, f.gap, f.gaps = false, false, 0, 0, 0, 0
}

// apostrophe drops one inside a word ("he's", "can't") and separates else.
func (f *folder) apostrophe(rest string) {
	if next, _ := utf8.DecodeRuneInString(rest); f.open && unicode.IsLetter(next) {
		if next == 's' || next == 'S' {
			f.current.Possessor = int32(len(f.out.Letters)) - f.current.From
		}
		return
	}
	f.separate('\'', rest)
}

// separate takes a character that belongs to no word.
func (f *folder) separate(r rune, rest string) {
	f.close()
	f.gaps++
	f.gap = 0
	switch {
	case r == '\n':
		f.breaks++
	case unicode.IsSpace(r):
		f.spaces++
	case r == '.' || r == '!' || r == '?' || r == '…' || r == '。':
		if next, _ := utf8.DecodeRuneInString(rest); len(rest) == 0 || unicode.IsSpace(next) {
			f.stopped = true
		}
		f.symbol(r)
	case r == ':':
		if n := len(f.out.Tokens); n > 0 && f.gaps <= 2 && f.spaces == 0 {
			f.out.Tokens[n-1].Marks |= Colon
		}
	default:
		f.symbol(r)
	}
}

func (f *folder) symbol(r rune) {
	if r < utf8.RuneSelf {
		f.gap = byte(r)
	} else if r == '€' {
		f.gap = 'e'
	}
}

// joint is the letter that a symbol inside a word may stand for.
func joint(symbol byte) byte {
	switch symbol {
	case '@':
		return 'a'
	case '$':
		return 's'
	case '!', '|':
		return 'i'
	case 'e':
		return 'e'
	case '.', '-', '_', '*', '/', '+', '~', ',':
		return JoinOnly
	}
	return 0
}

func isApostrophe(r rune) bool {
	switch r {
	case '’', '‘', 'ʼ', '´', '＇', '′':
		return true
	}
	return false
}

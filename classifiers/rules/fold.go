package rules

import (
	"unicode"
	"unicode/utf8"
)

// token is one word of a text: its folded letters and its place in the text.
type token struct {
	from, to           int32 // bytes in folded.letters
	start, end         int32 // code points in the text, end exclusive
	byteStart, byteEnd int32 // bytes in the text, end exclusive
	// possessor is how many folded bytes stand before a final 's, or 0.
	possessor int32
	marks     mark
	// joint is what a symbol written between this word and the one before,
	// without a space, may stand for: a letter, joinOnly, or 0 for none.
	joint byte
	// lead is the letter that a symbol right before the word may stand for.
	lead byte
}

// mark is what is known about a token beyond its letters.
type mark uint16

const (
	afterStop mark = 1 << iota // a sentence or paragraph ended before it
	afterEdge                  // a sentence or a line ended before it
	wide                       // more than one space before it
	colon                      // a colon follows
	digit                      // holds a digit
	letter                     // holds a letter
	latin                      // holds a letter of the Latin script
	lookalike                  // holds a letter of another script that looks Latin
	foreign                    // holds a letter of another script that does not
	accented                   // holds a Latin letter that English does not use
	capital                    // begins with a capital
	shouted                    // has a second capital
	pictured                   // is an emoji's word
	separates                  // of a character, not a token: belongs to no word
)

// joinOnly marks a symbol that stands for no letter, as in k-n-i-f-e.
const joinOnly = '\x00' + 1

// folded is a text as words: lower case, one width, no invisible characters,
// no accents, look-alikes of other scripts as the Latin letters they imitate.
// It is scratch: reset by fold, its memory used again.
type folded struct {
	letters []byte
	tokens  []token
	// cut is set when the text was longer than the limit.
	cut bool
	// pieces is set when something may be a word in pieces: a sign right
	// before a word, or three single letters in a row.
	pieces bool
}

// folder walks one text. Every code point lies in at most one token, and
// tokens come in the order of the text, so that spans map back exactly.
type folder struct {
	out     *folded
	emoji   map[rune]string
	current *token // the last of out.tokens while open
	open    bool
	// What stood since the last token.
	spaces  int
	breaks  int
	stopped bool
	gap     byte // the last symbol, 0 after a space
	gaps    int  // how many characters stood between
	singles int  // how many of the last tokens are single letters
}

// fold writes the words of text into out, at most limit code points.
func fold(out *folded, text string, emoji map[rune]string, limit int) {
	out.letters, out.tokens, out.cut, out.pieces = out.letters[:0], out.tokens[:0], false, false
	f := folder{out: out, emoji: emoji}
	index := 0
	for at := 0; at < len(text); index++ {
		if index >= limit {
			out.cut = true
			break
		}
		switch c := text[at]; {
		case 'a' <= c && c <= 'z':
			run := plainRun(text[at:][:min(len(text)-at, limit-index)])
			f.add(at, run, index, letter|latin)
			f.current.end += int32(run - 1)
			out.letters = append(out.letters, text[at:at+run]...)
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
		f.addCapital(at, 1, index, letter|latin)
		f.out.letters = append(f.out.letters, c+'a'-'A')
	case '0' <= c && c <= '9':
		f.add(at, 1, index, digit)
		f.out.letters = append(f.out.letters, c)
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
		f.add(at, size, index, letter|latin|pictured)
		f.out.letters = append(f.out.letters, word...)
		f.close()
		return
	}
	if isApostrophe(r) {
		f.apostrophe(text[at+size:])
		return
	}
	before := len(f.out.letters)
	letters, marks := appendFolded(f.out.letters, r)
	switch {
	case marks == 0: // invisible: as if it were not there
	case len(letters) == before:
		f.separate(r, text[at+size:])
	case unicode.IsUpper(r):
		f.addCapital(at, size, index, marks)
		f.out.letters = letters
	default:
		f.add(at, size, index, marks)
		f.out.letters = letters
	}
}

// add extends the open token, or opens one, by the character at the place. It
// is called before the letters are appended.
func (f *folder) add(at, size, index int, marks mark) {
	if !f.open {
		f.begin(at, index)
	}
	f.current.marks |= marks &^ separates
	f.current.end = int32(index + 1)
	f.current.byteEnd = int32(at + size)
}

func (f *folder) addCapital(at, size, index int, marks mark) {
	if !f.open {
		marks |= capital
	} else if f.current.marks&capital != 0 {
		marks |= shouted
	}
	f.add(at, size, index, marks)
}

func (f *folder) begin(at, index int) {
	first := len(f.out.tokens) == 0
	f.out.tokens = append(f.out.tokens, token{})
	f.current = &f.out.tokens[len(f.out.tokens)-1]
	f.current.from, f.current.start, f.current.byteStart = int32(len(f.out.letters)), int32(index), int32(at)
	if !first {
		if f.stopped || f.breaks > 1 {
			f.current.marks |= afterStop | afterEdge
		}
		if f.breaks > 0 {
			f.current.marks |= afterEdge
		}
		if f.spaces > 1 || f.breaks > 0 {
			f.current.marks |= wide
		}
		if f.gaps == 1 && f.spaces == 0 {
			f.current.joint = joint(f.gap)
		}
	}
	if f.current.joint == 0 && f.gap != 0 {
		if c := joint(f.gap); c > joinOnly {
			f.current.lead = c
		}
	}
	f.open = true
}

// close ends the open token, if any, and forgets what stood before it.
func (f *folder) close() {
	if !f.open {
		return
	}
	f.current.to = int32(len(f.out.letters))
	if n := f.current.possessor; n > 0 && f.current.to-f.current.from != n+1 {
		f.current.possessor = 0
	}
	if f.current.to-f.current.from == 1 {
		f.singles++
	} else {
		f.singles = 0
	}
	if f.current.joint|f.current.lead != 0 || f.singles >= 3 {
		f.out.pieces = true
	}
	f.open, f.stopped, f.spaces, f.breaks, f.gap, f.gaps = false, false, 0, 0, 0, 0
}

// apostrophe drops one inside a word ("he's", "can't") and separates else.
func (f *folder) apostrophe(rest string) {
	if next, _ := utf8.DecodeRuneInString(rest); f.open && unicode.IsLetter(next) {
		if next == 's' || next == 'S' {
			f.current.possessor = int32(len(f.out.letters)) - f.current.from
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
		if n := len(f.out.tokens); n > 0 && f.gaps <= 2 && f.spaces == 0 {
			f.out.tokens[n-1].marks |= colon
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
		return joinOnly
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

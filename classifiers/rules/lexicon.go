package rules

import "contactd/classifiers/fold"

// symbol is a set of words that some phrase accepts at one place. A word of a
// text is read as all the symbols that hold it.
type symbol uint32

// sense numbers a set of symbols that some word is read as. Many words share
// one, so that what follows from a sense is worked out when rules are compiled.
type sense int32

// noSense is the sense of a word that no phrase uses.
const noSense sense = 0

// meaning is what a word is known as.
type meaning struct {
	sense  sense
	tongue tongue
}

// tongue says to which language a word points, if it does.
type tongue uint8

const (
	noTongue tongue = iota
	english
	welsh
	other
)

// lexicon knows every word that the rules use, with its other spellings.
type lexicon struct {
	words words
	// numbers is the sense of anyNumber.
	numbers sense
	// stems are grouped by their first three letters, longest first; starts
	// has the group by startOf, to tell most words at once that no stem fits.
	// Group 0 is empty.
	stems  [][]stem
	starts [26 * 26 * 26]uint16
}

// stem is a beginning of words, with the sense of all words that begin so.
type stem struct {
	text string
	meaning
}

// maxReading bounds the words that are looked at for spelling tricks, in
// bytes; no word of the rules is longer.
const maxReading = 40

// reader reads single words; it is scratch for one goroutine.
type reader struct {
	*lexicon
	// senses are those of the last token other than noSense: one, or more for
	// a word that is also read in another way.
	senses []sense
	word   []byte
}

// read collects the senses of a token in r.senses and says to which language
// it points.
func (r *reader) read(letters []byte, t *fold.Token) tongue {
	word := letters[t.From:t.To]
	r.senses = r.senses[:0]
	points := r.readWord(word, t.Marks)
	if '0' <= word[0] && word[0] <= '9' {
		r.add(r.numbers)
	}
	if t.Possessor > 0 {
		r.plain(word[:t.Possessor])
	}
	if t.Marks&fold.Colon != 0 && len(word) <= maxReading {
		r.word = append(append(r.word[:0], word...), ':')
		r.plain(r.word)
	}
	return points
}

// readWord tries the word as it is, and then, if it is unknown, what digits in
// place of letters and letters held down too long may stand for.
func (r *reader) readWord(word []byte, marks fold.Mark) tongue {
	if points, ok := r.plain(word); ok {
		return points
	}
	if len(word) > maxReading {
		return noTongue
	}
	if points, ok := r.squeezed(word); ok {
		return points
	}
	if marks&fold.Digit == 0 || marks&fold.Letter == 0 {
		return noTongue
	}
	for _, one := range [...]byte{'i', 'l'} {
		r.word = appendLetters(r.word[:0], word, one)
		if points, ok := r.plain(r.word); ok {
			return points
		}
		if points, ok := r.squeezed(r.word); ok {
			return points
		}
	}
	return noTongue
}

// plain looks the word up, first as a whole and then by its beginning.
func (r *reader) plain(word []byte) (tongue, bool) {
	if found, ok := r.words.find(word); ok {
		r.add(found.sense)
		return found.tongue, true
	}
	found, ok := r.stem(word)
	r.add(found.sense)
	return found.tongue, ok
}

func (r *reader) add(s sense) {
	if s != noSense {
		r.senses = append(r.senses, s)
	}
}

// stem returns the sense of the longest stem that word begins with, which
// includes those of the shorter ones.
func (l *lexicon) stem(word []byte) (meaning, bool) {
	if len(word) < minStem {
		return meaning{}, false
	}
	for _, s := range l.stems[l.starts[startOf(word)]] {
		if len(word) >= len(s.text) && string(word[:len(s.text)]) == s.text {
			return s.meaning, true
		}
	}
	return meaning{}, false
}

// startOf numbers the first three letters; other characters fall together
// with some letter, which only costs a look-up.
func startOf(word []byte) int {
	return (int(word[0])%26*26+int(word[1])%26)*26 + int(word[2])%26
}

// squeezed tries the word with each run of a letter cut to two and to one.
func (r *reader) squeezed(word []byte) (tongue, bool) {
	runs := countRuns(word)
	if runs == 0 {
		return noTongue, false
	}
	const most = 3 // runs that are tried both ways; further ones are cut to one
	var buffer [maxReading]byte
	for choice := range 1 << min(runs, most) {
		if points, ok := r.plain(appendSqueezed(buffer[:0], word, choice)); ok {
			return points, true
		}
	}
	return noTongue, false
}

func countRuns(word []byte) int {
	runs := 0
	for i := 1; i < len(word); i++ {
		if word[i] == word[i-1] && (i == 1 || word[i-2] != word[i]) {
			runs++
		}
	}
	return runs
}

// appendSqueezed cuts the n-th run of word to one letter, or to two when bit n
// of the choice is not set.
func appendSqueezed(out, word []byte, choice int) []byte {
	run := -1
	for i, c := range word {
		switch {
		case i == 0 || word[i-1] != c:
			out = append(out, c)
		case i == 1 || word[i-2] != c: // the second of a run
			run++
			if run < 3 && choice&(1<<run) == 0 {
				out = append(out, c)
			}
		}
	}
	return out
}

// appendLetters appends word with its digits as the letters they look like.
func appendLetters(out, word []byte, one byte) []byte {
	for _, c := range word {
		switch c {
		case '0':
			c = 'o'
		case '1':
			c = one
		case '3':
			c = 'e'
		case '4':
			c = 'a'
		case '5':
			c = 's'
		case '7':
			c = 't'
		case '8':
			c = 'b'
		case '9':
			c = 'g'
		}
		out = append(out, c)
	}
	return out
}

// slips are the words one keeps writing for another: a letter left out, or two
// letters swapped. The first letter is taken to be right.
func slips(word string) []string {
	var found []string
	for i := 1; i < len(word); i++ {
		found = append(found, word[:i]+word[i+1:])
		if i+1 < len(word) && word[i] != word[i+1] {
			found = append(found, word[:i]+string(word[i+1])+string(word[i])+word[i+2:])
		}
	}
	return found
}

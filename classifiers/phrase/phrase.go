// Package phrase finds phrases that people can read and write in a folded
// text: accents, capitals, apostrophes and disguises are the business of fold.
// In a phrase a word ending in * stands for all that begin so, a/b for either
// word, and _ for up to three words between; | divides phrases. What a phrase
// means is the business of whoever wrote it.
package phrase

import (
	"errors"
	"fmt"
	"math/bits"
	"strings"

	"contactd/classifiers/fold"
)

// gapLimit is how many words _ may stand for.
const gapLimit = 3

// Set is a compiled set of phrases, each with a number that the writer chose.
// It is safe for concurrent use.
type Set struct {
	exact, prefix index
}

// index finds lines by the letters that their first word is, or begins with.
type index struct {
	lines map[string][]line
	// sizes has, for the first two letters of a word, a bit for each length
	// that is worth looking up: most words of a text begin no phrase.
	sizes [1 << 10]uint64
}

// maxLetters is the longest word of a phrase, so that its length has a bit.
const maxLetters = 63

type line struct {
	id    int
	steps []step
	// next has a bit for each letter that the word after the first may begin
	// with; 0 when any may come. It spares most lines a closer look.
	next uint32
}

func newLine(id int, steps []step) line {
	l := line{id: id, steps: steps}
	if len(steps) > 1 && steps[1].gap == 0 {
		for _, each := range steps[1].words {
			l.next |= 1 << (each.letters[0] & 31)
		}
	}
	return l
}

// step is one word of a phrase, after up to gap others.
type step struct {
	words []alternative
	gap   int
}

type alternative struct {
	letters string
	open    bool // more letters may follow
}

// Hit is a phrase found: its number and its place in the text, in code points
// and as tokens, Last included.
type Hit struct {
	ID, Start, End int
	First, Last    int
}

// Add adds the phrases of a list under one number.
func (s *Set) Add(id int, list string) error {
	for _, each := range strings.Split(list, "|") {
		steps, err := compile(each)
		if err != nil {
			return fmt.Errorf("phrase %q: %w", strings.TrimSpace(each), err)
		}
		for _, first := range steps[0].words {
			in := &s.exact
			if first.open {
				in = &s.prefix
			}
			in.add(first.letters, first.open, newLine(id, steps))
		}
	}
	return nil
}

func compile(text string) ([]step, error) {
	var steps []step
	gap := 0
	for _, word := range strings.Fields(strings.ReplaceAll(text, "&", " ")) {
		if word == "_" {
			gap = gapLimit
			continue
		}
		next := step{gap: gap}
		for _, each := range strings.Split(word, "/") {
			letters, open := strings.CutSuffix(each, "*")
			var folded fold.Text
			fold.Fold(&folded, letters, nil, len(letters)+1)
			switch {
			case len(folded.Tokens) != 1:
				return nil, fmt.Errorf("%q is not one word", each)
			case len(folded.Word(0)) > maxLetters:
				return nil, fmt.Errorf("%q is longer than %d letters", each, maxLetters)
			}
			next.words = append(next.words, alternative{string(folded.Word(0)), open})
		}
		steps, gap = append(steps, next), 0
	}
	switch {
	case len(steps) == 0:
		return nil, errors.New("want at least one word")
	case steps[0].gap > 0 || gap > 0:
		return nil, errors.New("a phrase neither begins nor ends with _")
	}
	return steps, nil
}

// Find returns every place where a phrase begins, in the order of the text.
func (s *Set) Find(text *fold.Text) []Hit { return s.Append(nil, text) }

// Append appends what Find returns.
func (s *Set) Append(hits []Hit, text *fold.Text) []Hit {
	for i := range text.Tokens {
		word := text.Word(i)
		if s.exact.worth(word)>>min(len(word), maxLetters+1)&1 != 0 {
			for _, each := range s.exact.lines[string(word)] {
				hits = each.at(text, i, hits)
			}
		}
		for sizes := s.prefix.worth(word); sizes != 0; sizes &= sizes - 1 {
			n := bits.TrailingZeros64(sizes)
			if n > len(word) {
				break
			}
			for _, each := range s.prefix.lines[string(word[:n])] {
				hits = each.at(text, i, hits)
			}
		}
	}
	return hits
}

// add puts a line below the letters of its first word; more may follow when
// it is open.
func (x *index) add(letters string, open bool, l line) {
	if x.lines == nil {
		x.lines = map[string][]line{}
	}
	x.lines[letters] = append(x.lines[letters], l)
	if len(letters) > 1 {
		x.sizes[place(letters[0], letters[1])] |= 1 << len(letters)
		return
	}
	x.sizes[place(letters[0], 0)] |= 1 << 1
	for second := byte(1); open && second < 32; second++ {
		x.sizes[place(letters[0], second)] |= 1 << 1
	}
}

// worth has a bit for each length of the word's beginning that may be known.
func (x *index) worth(word []byte) uint64 {
	switch len(word) {
	case 0:
		return 0
	case 1:
		return x.sizes[place(word[0], 0)]
	}
	return x.sizes[place(word[0], word[1])]
}

// place is where a word that begins so is looked up; some share one.
func place(first, second byte) int { return int(first&31)<<5 | int(second&31) }

// at adds a hit when the phrase, whose first word is that at i, goes on.
func (l line) at(text *fold.Text, i int, hits []Hit) []Hit {
	if l.next != 0 && (i+1 == len(text.Tokens) || l.next>>(text.Letters[text.Tokens[i+1].From]&31)&1 == 0) {
		return hits
	}
	last := follow(l.steps[1:], text, i)
	if last < 0 {
		return hits
	}
	return append(hits, Hit{l.id, int(text.Tokens[i].Start), int(text.Tokens[last].End), i, last})
}

// follow is the last word of the steps behind a word, -1 where they do not
// follow it. What a gap leaves out first may have to be tried again.
func follow(steps []step, text *fold.Text, at int) int {
	if len(steps) == 0 {
		return at
	}
	for j := at + 1; j <= at+1+steps[0].gap && j < len(text.Tokens); j++ {
		if steps[0].matches(text.Word(j)) {
			if last := follow(steps[1:], text, j); last >= 0 {
				return last
			}
		}
	}
	return -1
}

func (s step) matches(word []byte) bool {
	for _, each := range s.words {
		if string(word) == each.letters || each.open && strings.HasPrefix(string(word), each.letters) {
			return true
		}
	}
	return false
}

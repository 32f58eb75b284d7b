// Package phrase finds phrases that people can read and write in a folded
// text: accents, capitals, apostrophes and disguises are the business of fold.
// In a phrase a word ending in * stands for all that begin so, a/b for either
// word, and _ for up to three words between; | divides phrases. What a phrase
// means is the business of whoever wrote it.
package phrase

import (
	"errors"
	"fmt"
	"strings"

	"contactd/classifiers/fold"
)

// gapLimit is how many words _ may stand for.
const gapLimit = 3

// Set is a compiled set of phrases, each with a number that the writer chose.
// It is safe for concurrent use.
type Set struct {
	exact, prefix map[string][]line
}

type line struct {
	id    int
	steps []step
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

// Hit is a phrase found: its number and its place in the text, in code points.
type Hit struct {
	ID, Start, End int
}

// Add adds the phrases of a list under one number.
func (s *Set) Add(id int, list string) error {
	if s.exact == nil {
		s.exact, s.prefix = map[string][]line{}, map[string][]line{}
	}
	for _, each := range strings.Split(list, "|") {
		steps, err := compile(each)
		if err != nil {
			return fmt.Errorf("phrase %q: %w", strings.TrimSpace(each), err)
		}
		for _, first := range steps[0].words {
			index := s.exact
			if first.open {
				index = s.prefix
			}
			index[first.letters] = append(index[first.letters], line{id, steps})
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
			if len(folded.Tokens) != 1 {
				return nil, fmt.Errorf("%q is not one word", each)
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
func (s *Set) Find(text *fold.Text) []Hit {
	var hits []Hit
	for i := range text.Tokens {
		word := text.Word(i)
		for _, each := range s.exact[string(word)] {
			hits = each.at(text, i, hits)
		}
		for n := 1; n <= min(len(word), 16); n++ {
			for _, each := range s.prefix[string(word[:n])] {
				hits = each.at(text, i, hits)
			}
		}
	}
	return hits
}

// at adds a hit when the phrase, whose first word is that at i, goes on.
func (l line) at(text *fold.Text, i int, hits []Hit) []Hit {
	at := i
	for _, next := range l.steps[1:] {
		found := false
		for skip := 0; skip <= next.gap && !found; skip++ {
			if j := at + 1 + skip; j < len(text.Tokens) && next.matches(text.Word(j)) {
				at, found = j, true
			}
		}
		if !found {
			return hits
		}
	}
	return append(hits, Hit{l.id, int(text.Tokens[i].Start), int(text.Tokens[at].End)})
}

func (s step) matches(word []byte) bool {
	for _, each := range s.words {
		if string(word) == each.letters || each.open && strings.HasPrefix(string(word), each.letters) {
			return true
		}
	}
	return false
}

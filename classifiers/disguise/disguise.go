// Package disguise reads what is written so that a filter, or somebody who
// looks over a shoulder, does not: figures and signs for letters, letters set
// apart or run together, vowels left out, words spelt as they sound, whole
// texts backwards. It writes a folded text anew in plain words, each at its
// place in the text; a text without disguise is left as it is. What the words
// mean is for others.
//
//	folded text ─ chunks ─ disguised? ─▶ words each may be ─▶ the likeliest row of words
//
// A word is looked for among those of plain messages as through a noisy
// channel: of all words the one is taken that is most likely meant, given how
// it is written and what stands before it. Write is the other direction, for
// measuring.
package disguise

import (
	"sync"

	"contactd/classifiers/fold"
)

// Reader reads texts in disguise. It is scratch for one goroutine.
type Reader struct {
	search
	lattice
	text   string
	in     *fold.Text
	chunks []chunk
	chars  []byte
	budget int
	tally
}

// tally is what was found in a text.
type tally struct {
	words   int // that hold letters
	changed int // written anew
	unread  int // neither known nor written anew
	// tricks is how unlikely it is that those written anew are written as they
	// are: a negative logarithm.
	tricks float32
}

// shared is the vocabulary of all readers, which it takes a while to read.
var shared = sync.OnceValue(func() *vocabulary {
	v, err := readVocabulary(shippedWords, shippedSpellings)
	if err != nil {
		panic(err) // the files lie in the binary, and a test reads them
	}
	return v
})

// New makes a reader.
func New() *Reader {
	return &Reader{search: search{vocabulary: shared(), swaps: swaps()}}
}

// mostRead is how many words of a text are looked for at most. Each takes some
// ten microseconds. mostWork is how many beginnings of words are followed where
// no spaces are: of each letter there are a few, but signs in a row can be any.
const (
	mostRead = 400
	mostWork = 1 << 18
)

// Read writes a folded text anew in plain words and reports whether that
// changed any; if not, out is not to be used. Text is what in was folded from.
func (r *Reader) Read(out, in *fold.Text, text string) bool {
	r.in, r.text, r.budget, r.work, r.tally = in, text, mostRead, mostWork, tally{}
	if r.whole(out) {
		return true
	}
	r.cut()
	if !r.disguised() {
		return false
	}
	out.Letters, out.Tokens, out.Cut, out.Pieces = append(out.Letters[:0], in.Letters...), out.Tokens[:0], in.Cut, false
	r.choose()
	r.write(out)
	return r.changed > 0 && !r.foreign()
}

// A text is in disguise when an odd word stands in it, or a word that is none
// for each so many words.
const unknownShare = 6

// disguised reports whether enough speaks for a disguise, and notes which
// chunks are to be read.
func (r *Reader) disguised() bool {
	odds, unknowns, figures, respelled := 0, 0, 0, 0
	r.words = 0
	for i := range r.chunks {
		c := &r.chunks[i]
		t := r.in.Tokens[c.first]
		if t.Marks&fold.Letter == 0 && c.end == c.first+1 {
			continue
		}
		r.words++
		switch {
		case c.kind == odd:
			odds++
		case c.kind == rare:
		case c.kind == respelt:
			respelled++
		case c.kind == unknown && t.Marks&fold.Digit != 0:
			figures++
		case c.kind == unknown && t.Marks&fold.Capital == 0:
			unknowns++
		}
	}
	if odds == 0 && (unknowns+respelled < 2 || unknowns == 0 || unknownShare*(unknowns+respelled) < r.words) {
		for i := range r.chunks {
			if r.chunks[i].kind != respelt {
				r.chunks[i].kind = plain
			}
		}
		return respelled > 0
	}
	many := odds+unknowns+respelled >= 2 && unknownShare*(odds+unknowns+respelled) >= r.words
	for i := range r.chunks {
		c := &r.chunks[i]
		if (c.kind == unknown || c.kind == rare) && !many && (odds < 2 || r.in.Tokens[c.first].Marks&fold.Digit == 0) {
			c.kind = plain
		}
	}
	return true
}

// A text is in another language, and not in disguise, when the words found in
// it are this unlikely to be written so, and one in fewer words than these was
// not found.
const (
	farFetched  = 1.7
	unreadShare = 10
)

func (r *Reader) foreign() bool {
	return r.tricks > farFetched*float32(r.changed) && unreadShare*r.unread > r.words
}

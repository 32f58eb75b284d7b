package linear

import (
	"math"
	"unicode/utf8"

	"contactd/classifiers/disguise"
	"contactd/classifiers/fold"
)

// The hashed features. A feature falls into a bucket; the table of a model
// says which feature it knows there.
const (
	bucketBits = 18
	buckets    = 1 << bucketBits

	// Blocks of features, each of length 1 before it is weighed. A hit of a
	// rule says more than a word, but there are few of them in a text.
	wordBlock = 0
	charBlock = 1
	blocks    = 2
)

// maxCharacters is how much of one piece of text is read, in code points. A
// longer message is read in windows.
const maxCharacters = 4000

// count is how often a feature stands in a text.
type count struct {
	bucket uint32
	times  uint32
	key    uint8 // tells it from others in its bucket, never 0
}

// reader turns texts into features. It is scratch for one goroutine: after it
// has grown, reading allocates nothing.
type reader struct {
	folded fold.Text
	undone fold.Text
	// text is the folded text, in plain words if it was in disguise.
	text    *fold.Text
	plainly *disguise.Reader
	plain   []byte   // a word between spaces, digits as 0
	starts  []int32  // where the code points of a word begin in plain
	slot    []uint32 // where a feature stands in the block that is counted, and one
	taken   []uint32 // the slots of this block
	counts  [blocks][]count
	// dampened is what a feature counts that stands so many times in a text.
	dampened [64]float32
}

func newReader() *reader {
	return &reader{slot: make([]uint32, buckets), dampened: dampened(), plainly: disguise.New()}
}

// weight is what a feature counts for that stands so many times in a text.
func (r *reader) weight(times uint32) float32 {
	return r.dampened[min(times, uint32(len(r.dampened)-1))]
}

// read counts the features of a text, one in disguise as if it were in plain
// words. The result is valid until the next call.
func (r *reader) read(text string) {
	fold.Fold(&r.folded, text, nil, maxCharacters)
	r.text = &r.folded
	if r.plainly.Read(&r.undone, &r.folded, text) {
		r.text = &r.undone
	}
	r.counts[wordBlock] = r.words(r.counts[wordBlock][:0])
	r.counts[charBlock] = r.characters(r.counts[charBlock][:0])
}

// words counts folded words and pairs of neighbours.
func (r *reader) words(counts []count) []count {
	r.eachWord(func(i int, word, pair uint64) {
		counts = r.add(counts, word)
		if i > 0 {
			counts = r.add(counts, pair)
		}
	})
	return r.settle(counts)
}

// eachWord calls take with the hash of every folded word and that of the pair
// with the word before, which the first has not.
func (r *reader) eachWord(take func(i int, word, pair uint64)) {
	before := uint64(0)
	for i := range r.text.Tokens {
		hash := uint64(offset)
		for _, c := range r.text.Word(i) {
			if '0' <= c && c <= '9' {
				c = '0'
			}
			hash = (hash ^ uint64(c)) * prime
		}
		take(i, hash, (before^0x5f)*prime^hash)
		before = hash
	}
}

// characters counts runs of three to five characters within folded words: what
// is written in disguise must read like what is not.
func (r *reader) characters(counts []count) []count {
	for i := range r.text.Tokens {
		r.plain, r.starts = append(r.plain[:0], ' '), append(r.starts[:0], 0)
		for at, c := range r.text.Word(i) {
			if utf8.RuneStart(c) {
				r.starts = append(r.starts, int32(at+1))
			}
			if '0' <= c && c <= '9' {
				c = '0'
			}
			r.plain = append(r.plain, c)
		}
		counts = r.word(counts)
	}
	return r.settle(counts)
}

// word counts the runs of the word in plain, which begins with a space; one
// more is put behind it.
func (r *reader) word(counts []count) []count {
	r.starts = append(r.starts, int32(len(r.plain)), int32(len(r.plain)+1))
	r.plain = append(r.plain, ' ')
	last := len(r.starts) - 1
	for i := range last {
		hash := uint64(offset ^ 0x63)
		for n := 1; n <= 5 && i+n <= last; n++ {
			for _, c := range r.plain[r.starts[i+n-1]:r.starts[i+n]] {
				hash = (hash ^ uint64(c)) * prime
			}
			if n >= 3 {
				counts = r.add(counts, hash)
			}
		}
	}
	return counts
}

// FNV-1a.
const (
	offset = 0xcbf29ce484222325
	prime  = 0x100000001b3
)

func bucketOf(hash uint64) uint32 { return uint32(hash^hash>>32) & (buckets - 1) }

// keyOf is made of digits of the hash that bucketOf has no use for.
func keyOf(hash uint64) uint8 { return uint8(uint32(hash^hash>>32)>>bucketBits%255) + 1 }

func hashOf(kind byte, name string) uint64 {
	hash := (uint64(offset) ^ uint64(kind)) * prime
	for i := range len(name) {
		hash = (hash ^ uint64(name[i])) * prime
	}
	return hash
}

// add counts a feature. Its slot is that of its bucket, or the next free one.
func (r *reader) add(counts []count, hash uint64) []count {
	b, key := bucketOf(hash), keyOf(hash)
	at := b
	for ; r.slot[at] > 0; at = (at + 1) & (buckets - 1) {
		if known := &counts[r.slot[at]-1]; known.bucket == b && known.key == key {
			known.times++
			return counts
		}
	}
	counts = append(counts, count{bucket: b, times: 1, key: key})
	r.slot[at] = uint32(len(counts))
	r.taken = append(r.taken, at)
	return counts
}

// settle clears the slots for the next block.
func (r *reader) settle(counts []count) []count {
	for _, at := range r.taken {
		r.slot[at] = 0
	}
	r.taken = r.taken[:0]
	return counts
}

// dampened is 1 and the natural logarithm of the number.
func dampened() (table [64]float32) {
	for n := 1; n < len(table); n++ {
		table[n] = float32(1 + math.Log(float64(n)))
	}
	return table
}

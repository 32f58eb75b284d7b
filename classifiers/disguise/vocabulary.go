package disguise

import (
	"cmp"
	_ "embed"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// shippedWords are the words of plain messages, each with the number of times
// it was written, and below them the words that follow a word often, both in
// order; made by TestWordsAreThoseOfPlainMessages with -update.
//
//go:embed words.txt
var shippedWords string

// vocabulary knows words by their letters, and how common they are. It is held
// as long as the program runs, so that it keeps no word and no cost twice.
type vocabulary struct {
	tree
	// lines are those it was read from, in which each word stands.
	lines string
	words []entry
	// often is what is known of all words that were written so many times.
	often []often
	// pairs are the words that often follow a word, those of one behind those of
	// the one before; last is the word whose pairs are being read.
	pairs []pair
	last  int32
	// spelt are the numbers of words by how else they are spelt.
	spelt map[string]int32
}

// entry is one word.
type entry struct {
	at uint32 // where it stands in lines, up to a space
	// pairs is where those of this word end; they begin where those of
	// the word before end.
	pairs uint32
	often uint16 // its place in often
	// meant is the word that this is a spelling of, and one; or 0.
	meant uint16
}

// often is a number of times that words were written, and what they cost.
type often struct {
	count float32
	// cost is the negative logarithm of the word's share of all words, and
	// apart what a word costs more behind this one than alone if it does not
	// often follow it.
	cost, apart float32
	share       float64
}

// pair is a word that follows another, and how many times it did.
type pair struct{ word, count uint16 }

// mostNumber is how many words an entry or a pair can tell apart, and how large
// a count is at most.
const mostNumber = math.MaxUint16

// trust is how often a word must stand for what follows it to be trusted half.
const trust = 12

func readVocabulary(lines, spellings string) (*vocabulary, error) {
	v := &vocabulary{lines: lines, spelt: map[string]int32{}}
	var counts []int // of the words
	at := 0
	for line := range strings.Lines(lines) {
		if err := v.readLine(at, strings.Fields(line), &counts); err != nil {
			return nil, fmt.Errorf("line %q: %w", line, err)
		}
		at += len(line)
	}
	v.weigh(counts)
	for spelling, word := range readSpellings(spellings) {
		meant := v.find([]byte(word))
		if meant < 0 {
			return nil, fmt.Errorf("spelling of %q, which is no word", word)
		}
		if i := v.find([]byte(spelling)); i >= 0 {
			v.words[i].meant = uint16(meant) + 1
		}
		v.spelt[spelling] = meant
	}
	return v, nil
}

// readLine reads a word that stands at a place, or a pair of words, and how
// often it was written.
func (v *vocabulary) readLine(at int, part []string, counts *[]int) error {
	if len(part) < 2 || len(part) > 3 {
		return errors.New("want a word or two and a number")
	}
	count, err := strconv.Atoi(part[len(part)-1])
	if err != nil {
		return err
	}
	if len(part) == 2 {
		*counts = append(*counts, count)
		return v.addWord(part[0], at)
	}
	if v.tree == nil {
		v.tree = treeOf(len(v.words), v.text)
	}
	return v.addPair(v.find([]byte(part[0])), v.find([]byte(part[1])), count)
}

var (
	errOrder = errors.New("want words and then pairs, each in order and once")
	errMany  = errors.New("too many")
)

func (v *vocabulary) addWord(word string, at int) error {
	if strings.ContainsFunc(word, func(c rune) bool { return c < 'a' || c > 'z' }) || !strings.HasPrefix(v.lines[at:], word+" ") {
		return errors.New("want small letters, and a space behind them")
	}
	n := len(v.words)
	if v.tree != nil || n > 0 && v.text(n-1) >= word {
		return errOrder
	}
	if n == mostNumber {
		return errMany
	}
	v.words = append(v.words, entry{at: uint32(at)})
	return nil
}

// text is a word.
func (v *vocabulary) text(word int) string {
	text, _, _ := strings.Cut(v.lines[v.words[word].at:], " ")
	return text
}

func (v *vocabulary) addPair(first, second int32, count int) error {
	if first < 0 || second < 0 {
		return errors.New("unknown word")
	}
	if n := len(v.pairs); first < v.last || first == v.last && n > 0 && int32(v.pairs[n-1].word) >= second {
		return errOrder
	}
	if count < 1 || count > mostNumber {
		return errMany
	}
	for ; v.last < first; v.last++ {
		v.words[v.last].pairs = uint32(len(v.pairs))
	}
	v.pairs = append(v.pairs, pair{uint16(second), uint16(count)})
	return nil
}

// weigh works out what words cost, once all are read.
func (v *vocabulary) weigh(counts []int) {
	v.words, v.pairs = slices.Clone(v.words), slices.Clone(v.pairs) // without room to grow
	total := 0.0
	for _, n := range counts {
		total += float64(n)
	}
	different := slices.Compact(slices.Sorted(slices.Values(counts)))
	v.often = make([]often, len(different))
	for i, n := range different {
		cost := float32(-math.Log(float64(n) / total))
		v.often[i] = often{float32(n), cost, float32(math.Log(1 + float64(n)/trust)), math.Exp(-float64(cost))}
	}
	for i, n := range counts {
		at, _ := slices.BinarySearch(different, n)
		v.words[i].often = uint16(at)
		if int32(i) >= v.last {
			v.words[i].pairs = uint32(len(v.pairs))
		}
	}
}

// written is how often a word was, and what it costs.
func (v *vocabulary) written(word int32) *often { return &v.often[v.words[word].often] }

// follow are the words that often follow a word.
func (v *vocabulary) follow(word int32) []pair {
	from := uint32(0)
	if word > 0 {
		from = v.words[word-1].pairs
	}
	return v.pairs[from:v.words[word].pairs]
}

// paired is how many times a word followed another; 0 when not often.
func (v *vocabulary) paired(first, second int32) (count uint16) {
	pairs := v.follow(first)
	i, often := slices.BinarySearchFunc(pairs, second, func(p pair, word int32) int { return cmp.Compare(int32(p.word), word) })
	if !often {
		return 0
	}
	return pairs[i].count
}

// costAfter is how unlikely a word is after another; -1 for one not known.
func (v *vocabulary) costAfter(first, second int32) float32 {
	known := v.written(second)
	if first < 0 {
		return known.cost
	}
	before := v.written(first)
	if count := v.paired(first, second); count > 0 {
		return float32(-math.Log((float64(count) + trust*known.share) / (float64(before.count) + trust)))
	}
	return known.cost + before.apart
}

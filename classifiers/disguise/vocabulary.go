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

// vocabulary knows words by their letters, and how common they are.
type vocabulary struct {
	tree
	words []entry
	// pairs are the words that often follow a word, those of one behind those of
	// the one before; last is the word whose pairs are being read.
	pairs []pair
	last  int32
	// spelt are the numbers of words by how else they are spelt.
	spelt map[string]int32
}

// entry is one word.
type entry struct {
	text  string
	count float32
	// cost is the negative logarithm of the word's share of all words, and
	// apart what a word costs more behind this one than alone if it does not
	// often follow it.
	cost, apart float32
	// meant is the word that this is a spelling of, and one; or 0.
	meant int32
	// pairs is where those of this word end; they begin where those of
	// the word before end.
	pairs int32
}

// pair is a word that follows another, and what it costs there.
type pair struct {
	word int32
	cost float32
}

// trust is how often a word must stand for what follows it to be trusted half.
const trust = 12

func readVocabulary(lines, spellings string) (*vocabulary, error) {
	v := &vocabulary{spelt: map[string]int32{}}
	for line := range strings.Lines(lines) {
		if err := v.readLine(strings.Fields(line)); err != nil {
			return nil, fmt.Errorf("line %q: %w", line, err)
		}
	}
	v.weigh()
	for spelling, word := range readSpellings(spellings) {
		meant := v.find([]byte(word))
		if meant < 0 {
			return nil, fmt.Errorf("spelling of %q, which is no word", word)
		}
		if i := v.find([]byte(spelling)); i >= 0 {
			v.words[i].meant = meant + 1
		}
		v.spelt[spelling] = meant
	}
	return v, nil
}

// readLine reads a word, or a pair of words, and how often it was written.
func (v *vocabulary) readLine(part []string) error {
	if len(part) < 2 || len(part) > 3 {
		return errors.New("want a word or two and a number")
	}
	count, err := strconv.Atoi(part[len(part)-1])
	if err != nil {
		return err
	}
	if len(part) == 2 {
		return v.addWord(part[0], float32(count))
	}
	if v.tree == nil {
		v.tree = treeOf(v.words)
	}
	return v.addPair(v.find([]byte(part[0])), v.find([]byte(part[1])), float32(count))
}

var errOrder = errors.New("want words and then pairs, each in order and once")

func (v *vocabulary) addWord(word string, count float32) error {
	if strings.ContainsFunc(word, func(c rune) bool { return c < 'a' || c > 'z' }) {
		return errors.New("want small letters")
	}
	if n := len(v.words); v.tree != nil || n > 0 && v.words[n-1].text >= word {
		return errOrder
	}
	v.words = append(v.words, entry{text: word, count: count})
	return nil
}

// addPair notes a pair, with its count where its cost will be.
func (v *vocabulary) addPair(first, second int32, count float32) error {
	if first < 0 || second < 0 {
		return errors.New("unknown word")
	}
	if n := len(v.pairs); first < v.last || first == v.last && n > 0 && v.pairs[n-1].word >= second {
		return errOrder
	}
	for ; v.last < first; v.last++ {
		v.words[v.last].pairs = int32(len(v.pairs))
	}
	v.pairs = append(v.pairs, pair{second, count})
	return nil
}

// weigh works out what words and pairs cost, once all are read.
func (v *vocabulary) weigh() {
	v.words, v.pairs = slices.Clone(v.words), slices.Clone(v.pairs) // without room to grow
	total := 0.0
	for i := range v.words {
		total += float64(v.words[i].count)
	}
	for i := range v.words {
		w := &v.words[i]
		w.cost = float32(-math.Log(float64(w.count) / total))
		w.apart = float32(math.Log(1 + float64(w.count)/trust))
		if int32(i) >= v.last {
			w.pairs = int32(len(v.pairs))
		}
	}
	for i := range v.words {
		n := float64(v.words[i].count)
		pairs := v.follow(int32(i))
		for k := range pairs {
			alone := math.Exp(-float64(v.words[pairs[k].word].cost))
			pairs[k].cost = float32(-math.Log((float64(pairs[k].cost) + trust*alone) / (n + trust)))
		}
	}
}

// follow are the words that often follow a word.
func (v *vocabulary) follow(word int32) []pair {
	from := int32(0)
	if word > 0 {
		from = v.words[word-1].pairs
	}
	return v.pairs[from:v.words[word].pairs]
}

// paired is what a word costs that often follows another.
func (v *vocabulary) paired(first, second int32) (cost float32, often bool) {
	pairs := v.follow(first)
	i, often := slices.BinarySearchFunc(pairs, second, func(p pair, word int32) int { return cmp.Compare(p.word, word) })
	if !often {
		return 0, false
	}
	return pairs[i].cost, true
}

// costAfter is how unlikely a word is after another; -1 for one not known.
func (v *vocabulary) costAfter(first, second int32) float32 {
	cost := v.words[second].cost
	if first < 0 {
		return cost
	}
	if paired, often := v.paired(first, second); often {
		return paired
	}
	return cost + v.words[first].apart
}

package disguise

import (
	_ "embed"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// shippedWords are the words of plain messages, each with the number of times
// it was written, and below them the words that follow a word often; made by
// TestWordsAreThoseOfPlainMessages with -update.
//
//go:embed words.txt
var shippedWords string

// vocabulary knows words by their letters, and how common they are.
type vocabulary struct {
	nodes []node
	words []entry
	// pairs are how often one word follows another, by pairOf.
	pairs map[uint64]float32
	// spelt are the numbers of words by how else they are spelt.
	spelt map[string]int32
}

// node is a beginning of words. Node 0 is the empty one.
type node struct {
	next [26]int32 // by letter; 0 for none
	word int32     // the number of the word that ends here and one, or 0
}

// entry is one word.
type entry struct {
	text  string
	count float32
	// cost is the negative logarithm of the word's share of all words.
	cost float32
	// meant is the word that this is a spelling of, and one; or 0.
	meant int32
}

func readVocabulary(lines, spellings string) (*vocabulary, error) {
	v := &vocabulary{nodes: make([]node, 1), pairs: map[uint64]float32{}}
	total := 0.0
	for line := range strings.Lines(lines) {
		part := strings.Fields(line)
		if len(part) < 2 || len(part) > 3 {
			return nil, fmt.Errorf("line %q: want a word or two and a number", line)
		}
		count, err := strconv.Atoi(part[len(part)-1])
		if err != nil {
			return nil, fmt.Errorf("line %q: %w", line, err)
		}
		if len(part) == 3 {
			first, second := v.find([]byte(part[0])), v.find([]byte(part[1]))
			if first < 0 || second < 0 {
				return nil, fmt.Errorf("line %q: unknown word", line)
			}
			v.pairs[pairOf(first, second)] = float32(count)
			continue
		}
		total += float64(count)
		if err := v.add(part[0], count); err != nil {
			return nil, err
		}
	}
	for i := range v.words {
		v.words[i].cost = float32(-math.Log(float64(v.words[i].count) / total))
	}
	v.spelt = map[string]int32{}
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

func (v *vocabulary) add(word string, count int) error {
	at := int32(0)
	for i := range len(word) {
		c := word[i] - 'a'
		if c >= 26 {
			return fmt.Errorf("word %q: want small letters", word)
		}
		if v.nodes[at].next[c] == 0 {
			v.nodes = append(v.nodes, node{})
			v.nodes[at].next[c] = int32(len(v.nodes) - 1)
		}
		at = v.nodes[at].next[c]
	}
	v.words = append(v.words, entry{text: word, count: float32(count)})
	v.nodes[at].word = int32(len(v.words))
	return nil
}

// find is the number of a word, or -1.
func (v *vocabulary) find(word []byte) int32 {
	at := int32(0)
	for _, c := range word {
		if c -= 'a'; c >= 26 {
			return -1
		}
		if at = v.nodes[at].next[c]; at == 0 {
			return -1
		}
	}
	return v.nodes[at].word - 1
}

func pairOf(first, second int32) uint64 { return uint64(uint32(first))<<32 | uint64(uint32(second)) }

// costAfter is how unlikely a word is after another; -1 for one not known.
func (v *vocabulary) costAfter(first, second int32) float32 {
	cost := v.words[second].cost
	if first < 0 {
		return cost
	}
	const trust = 12 // how many times a word must stand to be trusted half
	alone := math.Exp(-float64(cost))
	together := float64(v.pairs[pairOf(first, second)])
	n := float64(v.words[first].count)
	return float32(-math.Log((together + trust*alone) / (n + trust)))
}

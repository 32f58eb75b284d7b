package disguise

import (
	"iter"
	"math/bits"
	"slices"
)

// tree knows words by their letters. Its nodes lie level by level, so that it
// is small and what most words begin with lies together.
type tree []node

// node is a beginning of words. Node 0 is the empty one.
type node struct {
	// letters has a bit for each letter that leads on, from a; first is the node
	// behind the first of them, and those behind the others follow it in order.
	letters uint32
	first   int32
	word    int32 // the number of the word that ends here and one, or 0
}

// stretch is words that begin alike, from one number to another.
type stretch struct{ from, to int32 }

// treeOf is the tree of some words of small letters, in order and each there
// once.
func treeOf(words []entry) tree {
	t := tree{{}}
	level := []stretch{{0, int32(len(words))}} // the words of each node of a level
	for depth := 0; len(level) > 0; depth++ {
		at, below := len(t)-len(level), []stretch(nil)
		for _, s := range level {
			if s.from < s.to && len(words[s.from].text) == depth {
				s.from++
				t[at].word = s.from
			}
			t[at].first = int32(len(t))
			for s.from < s.to {
				letter, from := words[s.from].text[depth], s.from
				for s.from < s.to && words[s.from].text[depth] == letter {
					s.from++
				}
				t[at].letters |= 1 << (letter - 'a')
				t = append(t, node{})
				below = append(below, stretch{from, s.from})
			}
			at++
		}
		level = below
	}
	return slices.Clone(t) // without room to grow
}

// next is the node behind another and a letter, or 0.
func (t tree) next(at int32, letter byte) int32 {
	n := &t[at]
	bit := uint32(1) << (letter - 'a')
	if n.letters&bit == 0 {
		return 0
	}
	return n.first + int32(bits.OnesCount32(n.letters&(bit-1)))
}

// ways are the letters that lead on from a node, in order, with the nodes
// behind them.
func (t tree) ways(at int32) iter.Seq2[byte, int32] {
	return func(yield func(byte, int32) bool) {
		to := t[at].first
		for letters := t[at].letters; letters != 0; letters &= letters - 1 {
			if !yield('a'+byte(bits.TrailingZeros32(letters)), to) {
				return
			}
			to++
		}
	}
}

// find is the number of a word, or -1.
func (t tree) find(word []byte) int32 {
	at := int32(0)
	for _, c := range word {
		if c < 'a' || c > 'z' {
			return -1
		}
		if at = t.next(at, c); at == 0 {
			return -1
		}
	}
	return t[at].word - 1
}

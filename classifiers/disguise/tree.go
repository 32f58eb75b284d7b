package disguise

import (
	"iter"
	"math/bits"
	"slices"
)

// tree knows words by their letters. Its nodes lie level by level, so that it
// is small and what most words begin with lies together.
type tree []node

// node is a beginning of words, in one number. Node 0 is the empty one. From its
// lowest bit on it has one for each letter that leads on, from a; the node behind
// the first of them, and those behind the others follow it in order; the number
// of the word that ends here and one, or 0.
type node uint64

const (
	letterBits = 26
	firstBits  = 22
)

func (n node) letters() uint32 { return uint32(n) & (1<<letterBits - 1) }
func (n node) first() int32    { return int32(n >> letterBits & (1<<firstBits - 1)) }
func (n node) word() int32     { return int32(n >> (letterBits + firstBits)) }

// stretch is words that begin alike, from one number to another.
type stretch struct{ from, to int32 }

// treeOf is the tree of so many words of small letters, in order and each there
// once.
func treeOf(count int, text func(word int) string) tree {
	t := tree{0}
	level := []stretch{{0, int32(count)}} // the words of each node of a level
	for depth := 0; len(level) > 0; depth++ {
		at, below := len(t)-len(level), []stretch(nil)
		for _, s := range level {
			if s.from < s.to && len(text(int(s.from))) == depth {
				s.from++
				t[at] |= node(s.from) << (letterBits + firstBits)
			}
			t[at] |= node(len(t)) << letterBits
			for s.from < s.to {
				letter, from := text(int(s.from))[depth], s.from
				for s.from < s.to && text(int(s.from))[depth] == letter {
					s.from++
				}
				t[at] |= 1 << (letter - 'a')
				t = append(t, 0)
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
	n, bit := t[at], node(1)<<(letter-'a')
	if n&bit == 0 {
		return 0
	}
	return n.first() + int32(bits.OnesCount32(uint32(n&(bit-1))))
}

// ways are the letters that lead on from a node, in order, with the nodes
// behind them.
func (t tree) ways(at int32) iter.Seq2[byte, int32] {
	return func(yield func(byte, int32) bool) {
		to := t[at].first()
		for letters := t[at].letters(); letters != 0; letters &= letters - 1 {
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
	return t[at].word() - 1
}

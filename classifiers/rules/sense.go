package rules

import (
	"encoding/binary"
	"slices"
)

// senses says of every sense what it does in the trie, by number.
type senses struct {
	known  []known
	number map[string]sense // while compiling; nil afterwards
	// exact is set when every shape has bits of its own.
	exact bool
}

// known is one sense.
type known struct {
	symbols []symbol // in order
	// starts are where phrases go that begin so: threads that have yet to be
	// told their first token.
	starts []thread
	// fits has a bit for each shape of node from which the sense may lead on.
	// It spares most threads a look at their node.
	fits bitset
}

// maxShapes bounds the bits of a sense: further shapes share the bits of
// others, which costs a look at the node and nothing else.
const maxShapes = 4096

func newSenses() senses {
	s := senses{number: map[string]sense{}}
	s.of(nil) // noSense
	return s
}

// of returns the sense of a set of symbols, which must be in order.
func (s *senses) of(symbols []symbol) sense {
	key := keyOf(symbols)
	number, ok := s.number[key]
	if !ok {
		number = sense(len(s.known))
		s.known = append(s.known, known{symbols: slices.Clip(symbols)})
		s.number[key] = number
	}
	return number
}

func keyOf(symbols []symbol) string {
	key := make([]byte, 0, 4*len(symbols))
	for _, s := range symbols {
		key = binary.LittleEndian.AppendUint32(key, uint32(s))
	}
	return string(key)
}

// settle works out what each sense does in the trie: nodes of one shape lead
// on by the same symbols.
func (s *senses) settle(t *trie) {
	shapes := map[string]int32{}
	holding := make([][]int32, len(t.first)) // shapes by symbol
	var symbols []symbol
	for i := range t.nodes[:len(t.nodes)-1] {
		symbols = symbols[:0]
		for _, w := range t.waysOf(int32(i)) {
			symbols = append(symbols, w.symbol)
		}
		key := keyOf(symbols)
		shape, ok := shapes[key]
		if !ok {
			shape = int32(len(shapes)) % maxShapes
			shapes[key] = shape
			for _, symbol := range symbols {
				holding[symbol] = append(holding[symbol], shape)
			}
		}
		t.nodes[i].shape = shape
	}
	s.exact = len(shapes) <= maxShapes
	fits := newRows((min(len(shapes), maxShapes) + 63) / 64)
	for i := range s.known {
		k := &s.known[i]
		fits.add(func(row bitset) {
			for _, symbol := range k.symbols {
				for _, shape := range holding[symbol] {
					row.set(shape)
				}
			}
		})
		for _, symbol := range k.symbols {
			if to := t.first[symbol]; to != 0 {
				k.starts = t.appendStarts(k.starts, to)
			}
		}
	}
	for i, row := range fits.all() {
		s.known[i].fits = row
	}
	s.number = nil
}

// appendStarts appends the threads that begin at a node behind the root, as
// matcher.enter would.
func (t *trie) appendStarts(starts []thread, node int32) []thread {
	if len(t.rulesOf(node)) > 0 {
		return append(starts, thread{node: node, left: mustEnter})
	}
	if len(t.waysOf(node)) > 0 {
		starts = append(starts, thread{node: node, left: noGap, shape: t.nodes[node].shape})
	}
	for _, gap := range t.gapsOf(node) {
		behind := &t.nodes[gap]
		starts = append(starts, thread{node: gap, left: behind.gap, shape: behind.shape})
	}
	return starts
}

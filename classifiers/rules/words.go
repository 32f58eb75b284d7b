package rules

import (
	"hash/maphash"
	"math/bits"
	"strings"
)

// words is a table from words to their meanings, made once and then only read.
// A text is looked up word by word, which with a map of Go takes as long as
// all matching; this one costs a third of it.
type words struct {
	seed    maphash.Seed
	slots   []slot
	entries []entry
}

// slot leads to an entry. Further ones with the same place lie behind it; a
// free slot ends them.
type slot struct {
	hash  uint32
	entry uint32 // the entry's number and one; 0 in a free slot
}

type entry struct {
	word string
	meaning
}

// newWords makes the table, at most half full. The words lie in one piece of
// memory: left where the reading of the rules made them, each would keep what
// lies around it.
func newWords(meanings map[string]meaning) words {
	w := words{
		seed:    maphash.MakeSeed(),
		slots:   make([]slot, 2<<bits.Len(uint(len(meanings)))),
		entries: make([]entry, 0, len(meanings)),
	}
	var all strings.Builder
	for word, m := range meanings {
		w.entries = append(w.entries, entry{word, m})
		all.WriteString(word)
		hash := maphash.String(w.seed, word)
		at := w.place(hash)
		for w.slots[at].entry != 0 {
			at = w.place(uint64(at) + 1)
		}
		w.slots[at] = slot{uint32(hash >> 32), uint32(len(w.entries))}
	}
	rest := all.String()
	for i := range w.entries {
		e := &w.entries[i]
		e.word, rest = rest[:len(e.word)], rest[len(e.word):]
	}
	return w
}

// find returns what the word means.
func (w *words) find(word []byte) (meaning, bool) {
	hash := maphash.Bytes(w.seed, word)
	for at := w.place(hash); ; at = w.place(uint64(at) + 1) {
		s := w.slots[at]
		if s.entry == 0 {
			return meaning{}, false
		}
		if s.hash != uint32(hash>>32) {
			continue
		}
		if e := &w.entries[s.entry-1]; e.word == string(word) {
			return e.meaning, true
		}
	}
}

func (w *words) place(hash uint64) uint32 {
	return uint32(hash) & uint32(len(w.slots)-1)
}

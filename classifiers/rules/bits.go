package rules

import (
	"encoding/binary"
	"slices"
)

// bitset has a bit for each of some numbers.
type bitset []uint64

func (b bitset) has(i int32) bool { return b[i>>6]>>(i&63)&1 != 0 }
func (b bitset) set(i int32)      { b[i>>6] |= 1 << (i & 63) }

// rows keeps many bitsets, of one width, in one piece of memory, those that are
// alike once.
type rows struct {
	width  int
	bits   bitset
	number map[string]int // by the bits, where they begin
	begin  []int          // of each bitset, where its bits begin
}

func newRows(width int) *rows { return &rows{width: width, number: map[string]int{}} }

// add adds the bitset that fill makes of an empty one.
func (r *rows) add(fill func(bitset)) {
	at := len(r.bits)
	r.bits = append(r.bits, make(bitset, r.width)...)
	fill(r.bits[at:])
	var key []byte
	for _, some := range r.bits[at:] {
		key = binary.LittleEndian.AppendUint64(key, some)
	}
	if same, ok := r.number[string(key)]; ok {
		r.bits, r.begin = r.bits[:at], append(r.begin, same)
		return
	}
	r.number[string(key)] = at
	r.begin = append(r.begin, at)
}

// all are the bitsets in the order in which they were added.
func (r *rows) all() []bitset {
	bits := slices.Clone(r.bits) // without room to grow
	all := make([]bitset, len(r.begin))
	for i, at := range r.begin {
		all[i] = bits[at : at+r.width : at+r.width]
	}
	return all
}

package linear

import "math"

// table is the features that a model knows. Of those that fall into a bucket it
// is the one that stands in most examples; the others, and whatever a new
// message brings, are passed over, so that no word speaks with the weight of
// another. A bucket of a hint is the hint's alone.
type table struct {
	// keys tell the known feature of a bucket from others; 0 where there is
	// none, or a hint.
	keys []byte
	// idf is how telling it is, in 16ths.
	idf []byte
}

// strange is how telling a feature would be that is not known, in 16ths: as much
// as one that stands in every second message. It says nothing, but what a
// text says weighs less the more of it is not understood.
const strange = 25

// telling is how telling a feature is; 0 for one that is not known.
func (t *table) telling(bucket uint32, key uint8) byte {
	if t.keys[bucket] != key {
		return 0
	}
	return t.idf[bucket]
}

// tableOf is the features of some examples in so many buckets, those of hints
// left out where they have a share in them.
func (c *corpus) tableOf(of []int, buckets int, hinted bool) table {
	holding := make(map[uint32]int, buckets)
	hints := make([]bool, buckets)
	for _, i := range of {
		for _, counts := range c.counts[i] {
			for _, each := range counts {
				holding[each.bucket<<8|uint32(each.key)]++
			}
		}
		if hinted {
			for _, b := range c.hints[i].buckets {
				hints[b] = true
			}
			for _, b := range c.hints[i].pairs {
				hints[b] = true
			}
		}
	}
	t, most := table{make([]byte, buckets), make([]byte, buckets)}, make([]int, buckets)
	for feature, n := range holding {
		b, key := feature>>8, byte(feature)
		if !hints[b] && (n > most[b] || n == most[b] && key > t.keys[b]) {
			most[b], t.keys[b] = n, key
			t.idf[b] = byte(max(1, math.Round(16*(1+math.Log(float64(len(of)+1)/float64(n+1))))))
		}
	}
	return t
}

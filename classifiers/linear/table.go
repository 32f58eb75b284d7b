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

// mostHeads bounds the heads over a table; of topics, none included.
const mostHeads = 64

// telling is how telling a feature is, and whether it is known.
func (t *table) telling(bucket uint32, key uint8) (idf float32, known bool) {
	if t.keys[bucket] != key {
		return strange, false
	}
	return float32(t.idf[bucket]), true
}

// say adds to the sums of some heads, at most mostHeads, what the features of a
// text that was read say to them, each block of features with length 1.
// Weights are those of all heads, bucket after bucket. A table with fewer
// buckets than features fall into knows them by the end of their numbers.
func (t *table) say(r *reader, weights []int8, sums []float32) {
	n, last := len(sums), uint32(len(t.keys)-1)
	for block := range r.counts {
		var parts [mostHeads]float32
		part, norm := parts[:n], float32(0)
		for _, c := range r.counts[block] {
			bucket := c.bucket & last
			idf, known := t.telling(bucket, c.key)
			value := idf * r.weight(c.times)
			norm += value * value
			if !known {
				continue
			}
			row := weights[int(bucket)*n:][:len(part):len(part)]
			for k := range part {
				part[k] += value * float32(row[k])
			}
		}
		if norm > 0 {
			norm = 1 / float32(math.Sqrt(float64(norm)))
			for k := range part {
				sums[k] += part[k] * norm
			}
		}
	}
}

// tableOf is the features of some examples in so many buckets, those of hints
// left out where they have a share in them.
func (c *Corpus) tableOf(of []int, buckets int, hinted bool) table {
	holding := make([]int, len(c.features))
	hints := make([]bool, buckets)
	for _, i := range of {
		for _, tallies := range c.tallies[i] {
			for _, each := range tallies {
				holding[each.feature]++
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
	for i, first := range c.same {
		if int(first) != i {
			holding[first], holding[i] = holding[first]+holding[i], 0
		}
	}
	t, most := table{make([]byte, buckets), make([]byte, buckets)}, make([]int, buckets)
	for number, n := range holding {
		f := c.features[number]
		if n > 0 && !hints[f.bucket] && (n > most[f.bucket] || n == most[f.bucket] && f.key > t.keys[f.bucket]) {
			most[f.bucket], t.keys[f.bucket] = n, f.key
			t.idf[f.bucket] = byte(max(1, math.Round(16*(1+math.Log(float64(len(of)+1)/float64(n+1))))))
		}
	}
	return t
}

package linear

import "math"

// Corpus is examples, read: what several models can be trained on.
type Corpus struct {
	examples []Example
	// features are those that stand in the examples, numbered as they came: what
	// is frequent comes first and lies together.
	features []feature
	// same is for each feature the first that is the same to a model, nil if no
	// two are.
	same    []uint32
	tallies [][blocks][]tally
	hints   []hints
	cost    float64 // of an example that is not calm
}

// feature is what a model tells from others.
type feature struct {
	bucket uint32
	key    uint8
}

// tally is how often a feature, by its number, stands in an example.
type tally struct{ feature, times uint32 }

// Read reads examples to be learned from.
func Read(examples []Example) *Corpus {
	c := &Corpus{cost: cost, examples: examples, tallies: make([][blocks][]tally, len(examples)), hints: make([]hints, len(examples))}
	r, numbers := newReader(), map[feature]uint32{}
	for i, e := range examples {
		r.read(e.Message.Text)
		for block, counts := range r.counts {
			tallies := make([]tally, len(counts))
			for k, each := range counts {
				f := feature{each.bucket, each.key}
				number, known := numbers[f]
				if !known {
					number = uint32(len(c.features))
					c.features, numbers[f] = append(c.features, f), number
				}
				tallies[k] = tally{number, each.times}
			}
			c.tallies[i][block] = tallies
		}
		c.hints[i].gather(e.Message, e.Before)
	}
	return c
}

// Without is the corpus without some examples, as if they had never been read.
func (c *Corpus) Without(left func(Example) bool) *Corpus {
	rest := *c
	rest.examples, rest.tallies, rest.hints = nil, nil, nil
	for i, e := range c.examples {
		if !left(e) {
			rest.examples, rest.tallies, rest.hints = append(rest.examples, e), append(rest.tallies, c.tallies[i]), append(rest.hints, c.hints[i])
		}
	}
	return &rest
}

// recall has a reader as if it had read an example.
func (c *Corpus) recall(r *reader, i int) {
	for block, tallies := range c.tallies[i] {
		r.counts[block] = r.counts[block][:0]
		for _, each := range tallies {
			f := c.features[each.feature]
			r.counts[block] = append(r.counts[block], count{f.bucket, each.times, f.key})
		}
	}
}

// folded are the examples in the buckets of topics.
func (c *Corpus) folded() *Corpus {
	few, first := *c, map[feature]uint32{}
	few.features, few.same = make([]feature, len(c.features)), make([]uint32, len(c.features))
	for i, f := range c.features {
		f.bucket = topicBucket(f.bucket)
		if _, known := first[f]; !known {
			first[f] = uint32(i)
		}
		few.features[i], few.same[i] = f, first[f]
	}
	return &few
}

// sight is examples as a model sees them: what it does not know is left out, and
// what it knows is numbered anew.
type sight struct {
	vectors [][]weighed
	buckets []uint32 // of the features, by number
}

// seen are some examples by a table, with or without hints.
func (c *Corpus) seen(known *table, of []int, hinted bool) sight {
	const none = math.MaxUint32
	s := sight{vectors: make([][]weighed, len(of))}
	numbers := make([]uint32, len(known.keys)) // by bucket
	for b := range numbers {
		numbers[b] = none
	}
	number := func(bucket uint32) uint32 {
		if numbers[bucket] == none {
			numbers[bucket] = uint32(len(s.buckets))
			s.buckets = append(s.buckets, bucket)
		}
		return numbers[bucket]
	}
	idfs, as := make([]float32, len(c.features)), make([]uint32, len(c.features))
	for i, f := range c.features {
		idf, understood := known.telling(f.bucket, f.key)
		if idfs[i], as[i] = idf, none; understood {
			as[i] = number(f.bucket)
		}
	}
	dampened := dampened()
	for n, i := range of {
		held, hints := &c.tallies[i], &c.hints[i]
		vector := make([]weighed, 0, len(held[wordBlock])+len(held[charBlock])+len(hints.buckets)+len(hints.pairs))
		for _, tallies := range held {
			from, norm := len(vector), float32(0)
			for _, each := range tallies {
				value := idfs[each.feature] * dampened[min(each.times, 63)]
				norm += float32(value * value)
				if as[each.feature] != none {
					vector = append(vector, weighed{as[each.feature], value})
				}
			}
			for k := from; k < len(vector); k++ {
				vector[k].value /= float32(math.Sqrt(float64(norm)))
			}
		}
		if hinted {
			hint, pair := hints.values()
			for _, b := range hints.buckets {
				vector = append(vector, weighed{number(b), hint})
			}
			for _, b := range hints.pairs {
				vector = append(vector, weighed{number(b), pair})
			}
		}
		s.vectors[n] = vector
	}
	return s
}

// weights are those of one of several questions, with the buckets of their
// features.
type weights struct {
	rows     []row // the last is the bias
	question int
	buckets  []uint32
}

// learn solves questions about some examples, as many as there are, and hands
// over the weights of each.
func (c *Corpus) learn(known *table, of []int, hinted bool, questions int, yes func(question, example int) bool, take func(question int, learned weights)) {
	s := c.seen(known, of, hinted)
	p := problem{vectors: s.vectors, features: len(s.buckets), costs: make([]float64, len(of))}
	for n, i := range of {
		p.costs[n] = c.cost
		if c.examples[i].Calm {
			p.costs[n] = calmCost
		}
	}
	inParallel((questions+abreast-1)/abreast, func(part int) {
		p, first := p, part*abreast
		for q := first; q < min(first+abreast, questions); q++ {
			answers := make([]bool, len(of))
			for n, i := range of {
				answers[n] = yes(q, i)
			}
			p.yes = append(p.yes, answers)
		}
		rows := solve(p)
		for k := range p.yes {
			take(first+k, weights{rows, k, s.buckets})
		}
	})
}

// store writes the weights into a column, as 127ths of the largest.
func (w weights) store(name string, to []int8, column, columns int) Head {
	bias := len(w.buckets)
	largest := 0.0
	for _, each := range w.rows[:bias] {
		largest = max(largest, math.Abs(each[w.question]))
	}
	scale := largest / 127
	if scale == 0 {
		scale = 1
	}
	for n, b := range w.buckets {
		to[int(b)*columns+column] = int8(math.Round(w.rows[n][w.question] / scale))
	}
	return Head{Name: name, Scale: float32(scale), Bias: float32(w.rows[bias][w.question]), Slope: 1}
}

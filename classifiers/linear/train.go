package linear

import (
	"math"
	"runtime"
	"slices"
	"strings"
	"sync"

	"contactd/contact"
)

// Example is one labelled message.
type Example struct {
	// Message holds text and channel; Before is what the classifiers seated
	// before said about it.
	Message contact.Message
	Before  []contact.Opinion
	Grade   contact.Grade
	// Category is the kind of risk, or non_police/TOPIC, admin/TOPIC,
	// irrelevant/TOPIC.
	Category string
	// Group is what the example shares with others that must not be on both
	// sides of a test: its file or author.
	Group string
	// Calm marks ordinary talk that nobody wrote to the police. It teaches the
	// weights what is not urgent, with a small pull, and takes no part in
	// calibration and plan.
	Calm bool
}

// floor is the highest grade of the classifiers before.
func (e Example) floor() contact.Grade {
	floor := contact.Resolution
	for _, opinion := range e.Before {
		floor = contact.Highest(floor, opinion.Grade)
	}
	return floor
}

// yes reports whether the answer to a head's question is yes.
func (e Example) yes(head int) bool {
	switch head {
	case urgent:
		return e.Grade == contact.Emergency || e.Grade == contact.Priority
	case emergency:
		return e.Grade == contact.Emergency
	case police:
		return e.Grade != contact.Resolution
	case suicide:
		return e.Category == "suicide_selfharm"
	case domestic:
		return e.Category == "domestic_abuse"
	case missing:
		return e.Category == "missing_person"
	case violence:
		return e.Category == "violence" || e.Category == "violence_weapon"
	case nonPolice:
		return strings.HasPrefix(e.Category, "non_police/")
	}
	return strings.HasPrefix(e.Category, "irrelevant/")
}

// cost is how hard one example may pull. Chosen by cross-validation over the
// files of labelled messages.
const (
	cost     = 12.0
	calmCost = 1.2
)

// corpus is examples, read.
type corpus struct {
	examples []Example
	counts   [][blocks][]count
	hints    []hints
	cost     float64 // of an example that is not calm
}

func readCorpus(examples []Example) *corpus {
	c := &corpus{cost: cost, examples: examples, counts: make([][blocks][]count, len(examples)), hints: make([]hints, len(examples))}
	r := newReader()
	for i, e := range examples {
		r.read(e.Message.Text)
		for block := range r.counts {
			c.counts[i][block] = slices.Clone(r.counts[block])
		}
		c.hints[i].gather(e.Message, e.Before)
	}
	return c
}

// idf is how telling each feature is among the examples, in 16ths.
func (c *corpus) idf(of []int) []byte {
	holding := make([]int, buckets)
	for _, i := range of {
		for _, counts := range c.counts[i] {
			for _, each := range counts {
				holding[each.bucket]++
			}
		}
	}
	idf := make([]byte, buckets)
	for b, n := range holding {
		if n > 0 {
			idf[b] = byte(math.Round(16 * (1 + math.Log(float64(len(of)+1)/float64(n+1)))))
		}
	}
	return idf
}

// vectors are the examples as the model sees them.
func (c *corpus) vectors(idf []byte, of []int) []vector {
	dampened := dampened()
	vectors := make([]vector, len(of))
	for k, i := range of {
		v := &vectors[k]
		for _, counts := range c.counts[i] {
			from, norm := len(v.values), float32(0)
			for _, each := range counts {
				value := float32(idf[each.bucket]) * dampened[min(each.times, 63)]
				norm += float32(value * value)
				v.buckets, v.values = append(v.buckets, each.bucket), append(v.values, value)
			}
			for n := from; n < len(v.values); n++ {
				v.values[n] /= float32(math.Sqrt(float64(norm)))
			}
		}
		hint, pair := c.hints[i].values()
		for _, b := range c.hints[i].buckets {
			v.buckets, v.values = append(v.buckets, b), append(v.values, hint)
		}
		for _, b := range c.hints[i].pairs {
			v.buckets, v.values = append(v.buckets, b), append(v.values, pair)
		}
	}
	return vectors
}

// train makes a model of some examples, without calibration or plan.
func (c *corpus) train(of []int, heads []int) *Model {
	m := &Model{idf: c.idf(of), weights: make([]int8, buckets*headCount)}
	m.Heads = make([]Head, headCount)
	vectors := c.vectors(m.idf, of)
	inParallel(len(heads), func(k int) {
		head := heads[k]
		p := problem{vectors: vectors, yes: make([]bool, len(of)), costs: make([]float64, len(of))}
		for n, i := range of {
			p.yes[n] = c.examples[i].yes(head)
			p.costs[n] = c.cost
			if c.examples[i].Calm {
				p.costs[n] = calmCost
			}
		}
		weights := solve(p)
		m.Heads[head] = store(HeadNames()[head], weights, m.weights, head, headCount)
	})
	return m
}

// store writes the weights of a head into its column, as 127ths of the
// largest.
func store(name string, weights []float64, to []int8, column, columns int) Head {
	largest := 0.0
	for _, w := range weights[:buckets] {
		largest = max(largest, math.Abs(w))
	}
	scale := largest / 127
	if scale == 0 {
		scale = 1
	}
	for b, w := range weights[:buckets] {
		to[b*columns+column] = int8(math.Round(w / scale))
	}
	return Head{Name: name, Scale: float32(scale), Bias: float32(weights[buckets]), Slope: 1}
}

// HeadNames are the questions of the model, in order.
func HeadNames() []string {
	return []string{"urgent", "emergency", "police", "suicide_selfharm", "domestic_abuse", "missing_person", "violence", "non_police", "irrelevant"}
}

func inParallel(n int, do func(i int)) {
	var all sync.WaitGroup
	next := make(chan int)
	for range runtime.GOMAXPROCS(0) {
		all.Go(func() {
			for i := range next {
				do(i)
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	all.Wait()
}

// Train makes a model of examples: the weights of all of them; calibration
// and plan by leaving out one group after the other. The same examples in the
// same order give the same model.
func Train(examples []Example) *Model {
	c := readCorpus(examples)
	all := make([]int, len(examples))
	heads := make([]int, headCount)
	for i := range all {
		all[i] = i
	}
	for k := range heads {
		heads[k] = k
	}
	outcomes := c.crossed(all, heads)
	m := c.train(all, heads)
	fit(m, outcomes, examples)
	m.Trained = nameOf(examples)
	return m
}

// crossed are the sums of every example by a model trained on the other
// groups, in chances.
func (c *corpus) crossed(of []int, heads []int) []outcome {
	var groups []string
	for _, i := range of {
		if g := c.examples[i].Group; !c.examples[i].Calm && !slices.Contains(groups, g) {
			groups = append(groups, g)
		}
	}
	outcomes := make([]outcome, len(c.examples)) // of calm ones: nothing
	for _, group := range groups {
		rest := slices.DeleteFunc(slices.Clone(of), func(i int) bool { return !c.examples[i].Calm && c.examples[i].Group == group })
		m := c.train(rest, heads)
		j := judging{reader: newReader()}
		for _, i := range of {
			if e := c.examples[i]; !e.Calm && e.Group == group {
				j.judge(m, e.Message, e.Before)
				outcomes[i] = outcome{floor: e.floor(), want: e.Grade}
				for k, s := range j.sums {
					outcomes[i].chances[k] = float64(s)
				}
			}
		}
	}
	return outcomes
}

// fit calibrates the heads on outcomes that hold sums, turns those into
// chances and chooses the plan.
func fit(m *Model, outcomes []outcome, examples []Example) {
	var of []int
	for i := range examples {
		if !examples[i].Calm {
			of = append(of, i)
		}
	}
	kept := make([]outcome, len(of))
	for n, i := range of {
		kept[n] = outcomes[i]
	}
	outcomes = kept
	for k := range m.Heads {
		sums, yes := make([]float64, len(outcomes)), make([]bool, len(outcomes))
		for i, o := range outcomes {
			sums[i], yes[i] = o.chances[k], examples[of[i]].yes(k)
		}
		h := &m.Heads[k]
		h.Slope, h.Shift = calibrate(sums, yes)
		for i := range outcomes {
			outcomes[i].chances[k] = h.chance(float32(sums[i]))
		}
	}
	m.Plan = planFor(outcomes)
}

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
	// Topic is the topic of a message that is for somebody else, as a directory
	// of who helps calls it; empty for none.
	Topic string
	// Lines marks what such a directory says of the topic in place of a message:
	// it teaches topics alone.
	Lines bool
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
	cost     = 40.0
	calmCost = 6.4
)

// never is the sum of a head that was not trained, below any other.
const never = 100

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

// vectors are the examples as the model sees them, with or without hints.
func (c *corpus) vectors(known *table, of []int, hinted bool) []vector {
	dampened := dampened()
	vectors := make([]vector, len(of))
	for k, i := range of {
		v := &vectors[k]
		for _, counts := range c.counts[i] {
			from, norm := len(v.values), float32(0)
			for _, each := range counts {
				idf, understood := known.telling(each.bucket, each.key)
				value := idf * dampened[min(each.times, 63)]
				norm += float32(value * value)
				if !understood {
					continue
				}
				v.buckets, v.values = append(v.buckets, each.bucket), append(v.values, value)
			}
			for n := from; n < len(v.values); n++ {
				v.values[n] /= float32(math.Sqrt(float64(norm)))
			}
		}
		if !hinted {
			continue
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

// train makes a model of some examples, without calibration or plan. Other
// heads than those asked for always say no.
func (c *corpus) train(of []int, heads []int) *Model {
	m := &Model{table: c.tableOf(of, buckets, true), weights: make([]int8, buckets*headCount)}
	m.Heads = make([]Head, headCount)
	for k, name := range HeadNames() {
		m.Heads[k] = Head{Name: name, Bias: -never, Slope: 1}
	}
	vectors := c.vectors(&m.table, of, true)
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
	used := weights[:len(to)/columns]
	for _, w := range used {
		largest = max(largest, math.Abs(w))
	}
	scale := largest / 127
	if scale == 0 {
		scale = 1
	}
	for b, w := range used {
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
// and plan by leaving out some groups after the other. The same examples in the
// same order give the same model.
func Train(examples []Example) *Model {
	return trainHeads(examples, urgent, emergency, police, suicide, domestic, missing, violence, nonPolice, irrelevant)
}

// TrainToGrade makes a model that grades as that of Train does, in half the
// time: it knows no kinds of risk.
func TrainToGrade(examples []Example) *Model {
	return trainHeads(examples, urgent, emergency, police, nonPolice)
}

func trainHeads(examples []Example, heads ...int) *Model {
	c := readCorpus(examples)
	var messages, lines []int
	for i := range examples {
		if examples[i].Lines {
			lines = append(lines, i)
		} else {
			messages = append(messages, i)
		}
	}
	outcomes := c.crossed(messages, heads)
	m := c.train(messages, heads)
	fit(m, outcomes, examples)
	if m.topics = c.trainTopics(slices.Concat(messages, lines)); len(m.topics.Heads) > 0 {
		m.topics.Belief = beliefFor(c.topicOutcomes(m, messages, lines, outcomes))
	}
	m.Trained = trainedOn(examples)
	return m
}

// maxFolds is how often a model is trained at most to judge what it did not
// see; where there are more groups, several are left out together.
const maxFolds = 6

// crossed are what a model trained on other groups makes of each example; of
// ordinary talk, one that was trained on other such texts too.
func (c *corpus) crossed(of []int, heads []int) []outcome {
	groups := c.groups(of)
	outcomes := make([]outcome, len(c.examples))
	for fold := range min(len(groups), maxFolds) {
		left := func(i int) bool {
			if e := &c.examples[i]; !e.Calm {
				return slices.Index(groups, e.Group)%maxFolds == fold
			}
			return i%maxFolds == fold
		}
		m := c.train(slices.DeleteFunc(slices.Clone(of), left), heads)
		j := judging{reader: newReader()}
		for _, i := range of {
			if left(i) {
				e := &c.examples[i]
				j.judge(m, e.Message, e.Before)
				outcomes[i] = outcome{sums: j.sums, pieces: slices.Clone(j.heard), floor: e.floor(), want: e.Grade}
			}
		}
	}
	return outcomes
}

// groups are those of some examples, without ordinary talk.
func (c *corpus) groups(of []int) []string {
	var groups []string
	for _, i := range of {
		if g := c.examples[i].Group; !c.examples[i].Calm && !slices.Contains(groups, g) {
			groups = append(groups, g)
		}
	}
	return groups
}

// fit calibrates the heads on outcomes and chooses the plan.
func fit(m *Model, outcomes []outcome, examples []Example) {
	var kept, calm []outcome
	var of []int
	for i := range examples {
		if examples[i].Lines {
			continue
		}
		if examples[i].Calm {
			calm = append(calm, outcomes[i])
			continue
		}
		of, kept = append(of, i), append(kept, outcomes[i])
	}
	for k := range m.Heads {
		sums, yes := make([]float64, len(kept)), make([]bool, len(kept))
		for i, o := range kept {
			sums[i], yes[i] = float64(o.sums[k]), examples[of[i]].yes(k)
		}
		m.Heads[k].Slope, m.Heads[k].Shift = calibrate(sums, yes)
	}
	m.Plan = planFor(kept, calm)
}

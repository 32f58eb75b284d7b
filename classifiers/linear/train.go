package linear

import (
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
	calmCost = 9.0
)

// never is the sum of a head that was not trained, below any other.
const never = 100

// train makes a model of some examples, without calibration or plan. Other
// heads than those asked for always say no.
func (c *Corpus) train(of []int, heads []int) *Model {
	m := &Model{table: c.tableOf(of, buckets, true), weights: make([]int8, buckets*headCount)}
	m.Heads = make([]Head, headCount)
	for k, name := range HeadNames() {
		m.Heads[k] = Head{Name: name, Bias: -never, Slope: 1}
	}
	c.learn(&m.table, of, true, len(heads), func(k, i int) bool { return c.examples[i].yes(heads[k]) }, func(k int, learned weights) {
		m.Heads[heads[k]] = learned.store(HeadNames()[heads[k]], m.weights, heads[k], headCount)
	})
	return m
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
func (c *Corpus) Train() *Model {
	return c.trainHeads(urgent, emergency, police, suicide, domestic, missing, violence, nonPolice, irrelevant)
}

// TrainToGrade makes a model that grades as that of Train does, in half the
// time: it knows no kinds of risk.
func (c *Corpus) TrainToGrade() *Model {
	return c.trainHeads(urgent, emergency, police, nonPolice)
}

func (c *Corpus) trainHeads(heads ...int) *Model {
	var messages, lines []int
	for i := range c.examples {
		if c.examples[i].Lines {
			lines = append(lines, i)
		} else {
			messages = append(messages, i)
		}
	}
	m, outcomes := c.crossed(messages, heads)
	fit(m, outcomes, c.examples)
	few := c.folded()
	if m.topics = few.trainTopics(slices.Concat(messages, lines)); len(m.topics.Heads) > 0 {
		m.topics.Belief = beliefFor(few.topicOutcomes(m, messages, lines, outcomes))
	}
	m.Trained = trainedOn(c.examples)
	return m
}

// maxFolds is how often a model is trained at most to judge what it did not
// see; where there are more groups, several are left out together.
const maxFolds = 6

// crossed is a model of some examples, and what others, trained on other
// groups, make of each of them; of ordinary talk, one that was trained on other
// such texts too.
func (c *Corpus) crossed(of []int, heads []int) (all *Model, outcomes []outcome) {
	groups := c.groups(of)
	outcomes = make([]outcome, len(c.examples))
	folds := min(len(groups), maxFolds)
	inParallel(folds+1, func(fold int) {
		if fold == folds {
			all = c.train(of, heads)
			return
		}
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
	})
	return all, outcomes
}

// groups are those of some examples, without ordinary talk.
func (c *Corpus) groups(of []int) []string {
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

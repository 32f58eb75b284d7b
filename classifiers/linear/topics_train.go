package linear

import (
	"cmp"
	"slices"

	"contactd/contact"
)

// calmEvery is which of the lines of ordinary talk teach the topics what is
// none of them: there are more than is needed.
const calmEvery = 4

// topicsOf are the topics of some examples, in order, with none last; nothing
// without a topic.
func (c *Corpus) topicsOf(of []int) []string {
	var names []string
	for _, i := range of {
		if name := c.examples[i].Topic; name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	if len(names) == 0 {
		return nil
	}
	return append(names[:min(len(names), mostHeads-1)], "")
}

// trainTopics learns what messages for somebody else are about, from messages
// and from the lines of a directory, without belief.
func (c *Corpus) trainTopics(of []int) topics {
	names := c.topicsOf(of)
	if names == nil {
		return topics{}
	}
	of = slices.DeleteFunc(slices.Clone(of), func(i int) bool { return c.examples[i].Calm && i%calmEvery != 0 })
	t := topics{table: c.tableOf(of, topicBuckets, false), weights: make([]int8, topicBuckets*len(names))}
	t.Heads = make([]Head, len(names))
	c.learn(&t.table, of, false, len(names), func(k, i int) bool { return c.examples[i].Topic == names[k] }, func(k int, learned weights) {
		t.Heads[k] = learned.store(names[k], t.weights, k, len(names))
	})
	return t
}

// What a belief is worth on messages that were not learned from, as many right
// topics: to send an urgent message elsewhere, one that is for the police, and
// one to somebody who cannot help.
const (
	urgentWorth = 3.5
	policeWorth = 0.1
	wrongWorth  = 0.1
)

// urgentPull is how much harder an urgent message pulls at a belief.
const urgentPull = 20

// topicOutcome is an example with the topic that a model names which did not
// see it.
type topicOutcome struct {
	seen  [evidences]float32
	named string
	topic string
	// urgent is whether the message is.
	urgent bool
}

func (o *topicOutcome) right() bool { return o.topic != "" && o.topic == o.named }

func (o *topicOutcome) worth() float64 {
	switch {
	case o.right():
		return 1
	case o.urgent:
		return -urgentWorth
	case o.topic == "":
		return -policeWorth
	}
	return -wrongWorth
}

// beliefFor fits a belief to messages that nobody grades urgent: how likely
// the topic is right, from where on it is worth the most.
func beliefFor(outcomes []topicOutcome) Belief {
	p := problem{vectors: make([][]weighed, len(outcomes)), features: evidences, yes: [][]bool{make([]bool, len(outcomes))}, costs: make([]float64, len(outcomes))}
	for n := range outcomes {
		o := &outcomes[n]
		for k, seen := range o.seen {
			p.vectors[n] = append(p.vectors[n], weighed{uint32(k), seen})
		}
		p.yes[0][n], p.costs[n] = o.right(), 1
		if o.urgent {
			p.costs[n] = urgentPull
		}
	}
	w := solve(p)
	b := Belief{
		Shift: w[evidences][0], Loud: w[0][0], Second: w[1][0], None: w[2][0],
		Grade: [3]float64{w[3][0], w[4][0], w[5][0]}, NonPolice: w[6][0],
	}
	b.Shift -= b.from(outcomes)
	return b
}

// from is the belief from which on topics are worth the most.
func (b *Belief) from(outcomes []topicOutcome) float64 {
	sorted := slices.Clone(outcomes)
	slices.SortStableFunc(sorted, func(x, y topicOutcome) int { return cmp.Compare(b.of(y.seen), b.of(x.seen)) })
	best, worth, from := 0.0, 0.0, float64(never)
	for n := range sorted {
		worth += sorted[n].worth()
		if worth <= best {
			continue
		}
		best, from = worth, b.of(sorted[n].seen)
		if n+1 < len(sorted) {
			from = (from + b.of(sorted[n+1].seen)) / 2
		}
	}
	return from
}

// topicFolds is how often topics are trained to name what they did not see.
const topicFolds = 3

// topicOutcomes are those of the messages that the model's plan and the
// classifiers before grade low, by outcomes of models that did not see them.
func (c *Corpus) topicOutcomes(m *Model, messages, lines []int, outcomes []outcome) []topicOutcome {
	var low []topicOutcome
	r := newReader()
	groups := c.groups(messages)
	for fold := range min(len(groups), topicFolds) {
		left := func(i int) bool {
			return !c.examples[i].Calm && slices.Index(groups, c.examples[i].Group)%topicFolds == fold
		}
		t := c.trainTopics(slices.Concat(slices.DeleteFunc(slices.Clone(messages), left), lines))
		for _, i := range messages {
			e, o := &c.examples[i], &outcomes[i]
			if !left(i) || contact.Highest(o.floor, m.Plan.grade(o.pieces)).Above(contact.Scheduled) {
				continue
			}
			r.read(authored(e.Message))
			found := t.name(r)
			seen := topicOutcome{seen: found.evidence(&o.sums), topic: e.Topic, urgent: e.yes(urgent)}
			if found.topic >= 0 {
				seen.named = t.Heads[found.topic].Name
			}
			low = append(low, seen)
		}
	}
	return low
}

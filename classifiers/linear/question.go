package linear

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"contactd/contact"
)

// Question is a column of texts, each with yes or no: what the features of
// this package are worth on sets of other people, such as public ones.
type Question struct {
	Texts []string
	Yes   []bool
	// Folds is in how many parts the texts are split, by a hash of their words,
	// so that two of the same words are in the same part; at least 3.
	Folds int
	// Kept, if set, is how many texts at the end are answered by all others,
	// in place of each part by the other parts.
	Kept int
}

// costs are how hard one text may pull: the larger, the closer the weights fit.
var costs = [...]float64{1, 3, 10}

// Answered is how right a question was answered on texts that neither the
// weights nor the threshold were learned from.
type Answered struct {
	Texts     int     `json:"texts"`
	Yes       int     `json:"yes"`
	Accuracy  float64 `json:"accuracy"`
	Precision float64 `json:"precision"`
	Recall    float64 `json:"recall"`
	F1        float64 `json:"f1"`
	// Average is the average precision: the area below precision over recall.
	Average float64 `json:"average_precision"`
}

// Ask learns each part's answers from the other parts. How hard a text may pull
// and from which sum on the answer is yes is what does best on the other parts
// among themselves, so that the part that is answered has no say in anything.
func (q Question) Ask() Answered {
	examples := make([]Example, len(q.Texts))
	for i, text := range q.Texts {
		examples[i] = Example{Message: contact.Message{Text: text}, Grade: contact.Resolution, Group: q.fold(text)}
		if q.Yes[i] {
			examples[i].Grade = contact.Priority // the first head's question
		}
	}
	answering := make([]string, 0, q.Folds)
	for fold := range q.Folds {
		answering = append(answering, fmt.Sprint(fold))
	}
	parts := answering
	if q.Kept > 0 {
		answering = []string{"kept"}
		for i := len(examples) - q.Kept; i < len(examples); i++ {
			examples[i].Group = "kept"
		}
	}
	c := Read(examples)
	told := make([][]answer, len(answering))
	inParallel(len(answering), func(n int) {
		own, rest := c.parted(answering[n], nil)
		cost, threshold := c.bestOf(rest, slices.DeleteFunc(slices.Clone(parts), func(part string) bool { return part == answering[n] }))
		told[n] = c.answers(own, rest, cost)
		for i := range told[n] {
			told[n][i].sum -= threshold
		}
	})
	return answered(slices.Concat(told...))
}

// bestOf is the cost and the threshold by which the parts of some examples
// answer each other best.
func (c *Corpus) bestOf(some []int, parts []string) (cost, threshold float64) {
	best := -1.0
	for _, each := range costs {
		var known []answer
		for _, part := range parts {
			own, others := c.parted(part, some)
			known = append(known, c.answers(own, others, each)...)
		}
		if f1, at := bestThreshold(known); f1 > best {
			best, cost, threshold = f1, each, at
		}
	}
	return cost, threshold
}

// parted splits some examples, all if none are named, by whether they are in a
// group.
func (c *Corpus) parted(group string, some []int) (in, out []int) {
	if some == nil {
		for i := range c.examples {
			some = append(some, i)
		}
	}
	for _, i := range some {
		if c.examples[i].Group == group {
			in = append(in, i)
		} else {
			out = append(out, i)
		}
	}
	return in, out
}

// answers are those of some examples by a model of others. A text is read whole,
// as it is when it is learned from.
func (c *Corpus) answers(of, by []int, cost float64) []answer {
	costly := *c
	costly.cost = cost
	m := costly.train(by, []int{urgent})
	r := newReader()
	answers := make([]answer, len(of))
	for n, i := range of {
		var sums [headCount]float32
		c.recall(r, i)
		m.sums(r, &c.hints[i], &sums)
		answers[n] = answer{float64(sums[urgent]), c.examples[i].yes(urgent)}
	}
	return answers
}

// What two copies of a text may differ in: links, handles, a leading RT and
// character entities, and then whatever is no word.
var (
	added   = regexp.MustCompile(`https?://\S+|@\w+|^\s*rt\b|&\w+;`)
	noWords = regexp.MustCompile(`[^\p{L}\p{N}_]+`)
)

// fold names the part of a text.
func (q Question) fold(text string) string {
	key := noWords.ReplaceAllString(added.ReplaceAllString(strings.ToLower(text), ""), "")
	sum := sha256.Sum256([]byte("fold " + key))
	return fmt.Sprint(int(binary.BigEndian.Uint32(sum[:4]) % uint32(q.Folds)))
}

// answer is a text's sum with the truth.
type answer struct {
	sum float64
	yes bool
}

// bestThreshold is the sum from which on yes is expected to give the highest
// F1, and that: by the chances that the sums stand for, which are smoother
// than the few answers around any one sum.
func bestThreshold(answers []answer) (best, at float64) {
	sums, yes := make([]float64, len(answers)), make([]bool, len(answers))
	for i, a := range answers {
		sums[i], yes[i] = a.sum, a.yes
	}
	h := Head{}
	h.Slope, h.Shift = calibrate(sums, yes)
	slices.SortFunc(sums, func(a, b float64) int { return cmp.Compare(b, a) })
	all, right := 0.0, 0.0
	for _, sum := range sums {
		all += h.chance(float32(sum))
	}
	for n, sum := range sums {
		right += h.chance(float32(sum))
		if f1 := 2 * right / (float64(n+1) + all); f1 > best {
			best, at = f1, sum
		}
	}
	return best, at
}

// downwards visits the answers from the highest sum on: how many of those said
// so far are right, of all that are.
func downwards(answers []answer, visit func(sum float64, right, said, all int)) {
	sorted := slices.SortedFunc(slices.Values(answers), func(a, b answer) int { return cmp.Compare(b.sum, a.sum) })
	all, right := 0, 0
	for _, a := range answers {
		if a.yes {
			all++
		}
	}
	for n, a := range sorted {
		if a.yes {
			right++
		}
		visit(a.sum, right, n+1, all)
	}
}

// answered counts answers, which say yes from 0 on.
func answered(answers []answer) Answered {
	f := Answered{Texts: len(answers)}
	correct, last := 0, 0
	for _, a := range answers {
		if (a.sum >= 0) == a.yes {
			correct++
		}
	}
	downwards(answers, func(sum float64, right, said, all int) {
		f.Yes = all
		if right > last {
			f.Average += float64(right) / float64(said) / float64(all)
			last = right
		}
		if sum >= 0 {
			f.Precision, f.Recall = float64(right)/float64(said), float64(right)/float64(max(1, all))
			f.F1 = 2 * float64(right) / float64(said+all)
		}
	})
	f.Accuracy = float64(correct) / float64(max(1, len(answers)))
	return f
}

package linear

import "contactd/contact"

// topics say what a message is about that is for somebody else. Each topic has
// a head and so has none of them, over the words and characters of the text;
// what the other heads say decides with them whether to believe it.
type topics struct {
	topicHeader
	// table and weights are as those of a model, of other lines.
	table
	weights []int8
}

type topicHeader struct {
	// Heads are the topics, none last.
	Heads  []Head `json:"heads,omitempty"`
	Belief Belief `json:"belief"`
}

// Topics have fewer buckets than grades: a bucket of theirs is the end of the
// number of one of those.
const (
	topicBits    = 15
	topicBuckets = 1 << topicBits
)

func topicBucket(bucket uint32) uint32 { return bucket & (topicBuckets - 1) }

// Belief is how much speaks for the topic that is named loudest: it is taken
// when that is above zero.
type Belief struct {
	Shift float64 `json:"shift"`
	// Loud, Second and None weigh the sums of the topic, of the next one and of
	// none; Grade and NonPolice those of urgent, emergency and police and of
	// for somebody else.
	Loud      float64    `json:"loud"`
	Second    float64    `json:"second"`
	None      float64    `json:"none"`
	Grade     [3]float64 `json:"grade"`
	NonPolice float64    `json:"non_police"`
}

// named is what the topics make of a text: the loudest of them, how loud it,
// the next and none are.
type named struct {
	topic              int
	loud, second, none float32
}

// evidence is what a belief weighs, in the order of its weights.
func (n named) evidence(sums *[headCount]float32) [evidences]float32 {
	return [evidences]float32{n.loud, n.second, n.none, sums[urgent], sums[emergency], sums[police], sums[nonPolice]}
}

const evidences = 7

// of is how much speaks for a topic.
func (b *Belief) of(seen [evidences]float32) float64 {
	sum := b.Shift
	for i, weight := range [evidences]float64{b.Loud, b.Second, b.None, b.Grade[0], b.Grade[1], b.Grade[2], b.NonPolice} {
		sum += float64(weight * float64(seen[i]))
	}
	return sum
}

// name finds the loudest topic of a text that was read.
func (t *topics) name(r *reader) named {
	found := named{topic: -1, loud: -never, second: -never}
	n := len(t.Heads)
	if n == 0 {
		return found
	}
	var all [mostHeads]float32
	sums := all[:n]
	t.say(r, t.weights, sums)
	for k, head := range t.Heads {
		sum := sums[k]*head.Scale + head.Bias
		switch {
		case k == n-1:
			found.none = sum
		case sum > found.loud:
			found.topic, found.loud, found.second = k, sum, found.loud
		case sum > found.second:
			found.second = sum
		}
	}
	return found
}

// topic is what a message that was judged is about that is for somebody else to
// deal with, as far as its model believes it; empty otherwise.
func (j *judging) topic(m *Model, message contact.Message) string {
	t := &m.topics
	if len(t.Heads) == 0 {
		return ""
	}
	found := j.about
	switch own := authored(message); {
	case len(j.heard) == 1: // the text was read last
		found = t.name(j.reader)
	case own != text(message) || !isLong(own):
		j.reader.read(own)
		found = t.name(j.reader)
	}
	if found.topic < 0 || t.Belief.of(found.evidence(&j.sums)) <= 0 {
		return ""
	}
	return t.Heads[found.topic].Name
}

// Topics are those that the model may name.
func (c *Classifier) Topics() []string {
	var names []string
	for _, head := range c.model.topics.Heads {
		if head.Name != "" {
			names = append(names, head.Name)
		}
	}
	return names
}

// authored is what the person wrote themselves, with the heading.
func authored(message contact.Message) string {
	if message.Authored != "" {
		message.Text = message.Authored
	}
	return text(message)
}

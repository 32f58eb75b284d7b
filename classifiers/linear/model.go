package linear

import "math"

// Head is one question that the model answers.
type Head struct {
	// Name is one of HeadNames.
	Name string `json:"name"`
	// Scale turns a stored weight into a real one; Bias is added to the sum.
	Scale float32 `json:"scale"`
	Bias  float32 `json:"bias"`
	// Slope and Shift turn the sum into a probability (Platt, 1999), fitted
	// on messages that the weights were not trained on.
	Slope float64 `json:"slope"`
	Shift float64 `json:"shift"`
}

// The heads, in order.
const (
	urgent    = iota // priority or emergency
	emergency        // danger to life, violence now, serious crime in progress
	police           // anything that police should meet somebody for
	suicide
	domestic
	missing
	violence
	nonPolice  // for somebody else to deal with
	irrelevant // nothing to deal with
	headCount
)

// Model is a trained model. It does not change after it was made.
type Model struct {
	header
	// name is that of the stored model, empty for one that was never stored.
	name string
	table
	// weights are those of all heads, bucket after bucket.
	weights []int8
	topics  topics
}

// header is the readable part of a stored model.
type header struct {
	// Trained names the training messages: the beginning of their SHA-256.
	Trained string      `json:"trained"`
	Heads   []Head      `json:"heads"`
	Plan    Plan        `json:"plan"`
	Topics  topicHeader `json:"topics,omitzero"`
}

// What a hint counts for, and all pairs of signs together, against 1 for all
// words and 1 for all runs of characters. Chosen by cross-validation over the
// files of labelled messages. Twice as much would fit those messages better that
// the phrases of rules and signs were written from, and others worse.
const (
	hintValue = 0.05
	pairBlock = 0.25
)

// sums adds up what the features say to each head.
func (m *Model) sums(r *reader, h *hints, sums *[headCount]float32) {
	*sums = [headCount]float32{}
	m.say(r, m.weights, sums[:])
	hint, pair := h.values()
	m.addHints(sums, h.buckets, hint)
	m.addHints(sums, h.pairs, pair)
	for k := range sums {
		sums[k] = sums[k]*m.Heads[k].Scale + m.Heads[k].Bias
	}
}

func (m *Model) addHints(sums *[headCount]float32, of []uint32, value float32) {
	for _, b := range of {
		row := m.weights[int(b)*headCount:][:headCount:headCount]
		for k := range sums {
			sums[k] += value * float32(row[k])
		}
	}
}

// chance is the probability that a sum stands for.
func (h *Head) chance(sum float32) float64 {
	return 1 / (1 + math.Exp(-(h.Slope*float64(sum) + h.Shift)))
}

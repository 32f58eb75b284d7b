package linear

import "math"

// vector is a text as features with their values, without repetition.
type vector struct {
	buckets []uint32
	values  []float32
}

// problem is one question with its examples: yes or no, each with its cost.
type problem struct {
	vectors []vector
	yes     []bool
	// costs bound how hard an example may pull; 0 leaves it out.
	costs []float64
}

// The solver stops when no example pulls harder than tolerance, or after
// maxRounds. An example that hardly pulls, less than at ease, is left alone for
// some rounds: most ordinary talk is at ease after two.
const (
	tolerance = 0.05
	maxRounds = 60
	atEase    = tolerance / 2
	rest      = 4
)

// solve finds the weights of an L2-regularised logistic regression by
// coordinate descent in the dual (Yu, Huang and Lin, 2011). The last weight is
// the bias. The order of the examples is shuffled by a fixed generator, and
// products are rounded before they are added, so that the same examples give
// the same weights.
func solve(p problem) []float64 {
	weights := make([]float64, buckets+1)
	n := len(p.vectors)
	alpha := make([]float64, 2*n)
	square := make([]float64, n)
	order := make([]int, 0, n)
	for i, v := range p.vectors {
		if p.costs[i] == 0 {
			continue
		}
		order = append(order, i)
		square[i] = 1 // the bias
		for _, x := range v.values {
			square[i] += float64(float64(x) * float64(x))
		}
		alpha[2*i] = math.Min(0.001*p.costs[i], 1e-8)
		alpha[2*i+1] = p.costs[i] - alpha[2*i]
		p.pull(weights, i, alpha[2*i])
	}
	until := make([]int, n) // the round in which an example is asked again
	everybody := false      // whether all are asked in this round
	random := uint64(1)
	for round := range maxRounds {
		for i := len(order) - 1; i > 0; i-- {
			random ^= random << 13
			random ^= random >> 7
			random ^= random << 17
			k := int(random % uint64(i+1))
			order[i], order[k] = order[k], order[i]
		}
		hardest := 0.0
		for _, i := range order {
			if round < until[i] {
				continue
			}
			pulled := p.settle(weights, alpha, square[i], i, round > 0)
			hardest = max(hardest, pulled)
			if pulled < atEase && round > 0 {
				until[i] = round + 1 + rest
			}
		}
		calm := hardest < tolerance && round > 0
		if calm && everybody {
			break
		}
		if everybody = calm; calm {
			clear(until)
		}
	}
	return weights
}

// settle solves the question for one example alone and returns how hard it
// pulled.
func (p problem) settle(weights, alpha []float64, a float64, i int, move bool) float64 {
	cost := p.costs[i]
	b := p.margin(weights, i)
	one, two, sign := 2*i, 2*i+1, 1.0
	if float64(0.5*a*(alpha[two]-alpha[one]))+b < 0 {
		one, two, sign = two, one, -1.0
	}
	old := alpha[one]
	z := old
	if cost-z < 0.5*cost {
		z *= 0.1
	}
	slope := func() float64 { return float64(a*(z-old)) + float64(sign*b) + math.Log(z/(cost-z)) }
	g := slope()
	pulled := math.Abs(g)
	for range 100 {
		if math.Abs(g) < 1e-3 {
			break
		}
		next := z - g/(a+cost/(cost-z)/z)
		if next <= 0 {
			next = z * 0.1
		}
		z = next
		g = slope()
	}
	if move {
		alpha[one], alpha[two] = z, cost-z
		p.pull(weights, i, sign*(z-old))
	}
	return pulled
}

// margin is how far on its right side an example lies.
func (p problem) margin(weights []float64, i int) float64 {
	sum := weights[buckets]
	v := p.vectors[i]
	for k, b := range v.buckets {
		sum += float64(weights[b] * float64(v.values[k]))
	}
	if !p.yes[i] {
		return -sum
	}
	return sum
}

func (p problem) pull(weights []float64, i int, by float64) {
	if !p.yes[i] {
		by = -by
	}
	weights[buckets] += by
	v := p.vectors[i]
	for k, b := range v.buckets {
		weights[b] += float64(by * float64(v.values[k]))
	}
}

package linear

import "math"

// weighed is a feature of a text, by its number, with its value.
type weighed struct {
	feature uint32
	value   float32
}

// abreast is how many questions are solved side by side. Each comes out as if it
// were alone, but what a text holds is fetched once for all, and a processor
// that would wait for the sum of one adds to those of the others.
const abreast = 4

// row is a number for each of the questions that are solved side by side.
type row [abreast]float64

// problem is questions about the same texts, at most abreast.
type problem struct {
	vectors  [][]weighed
	features int
	// costs bound how hard an example may pull; 0 leaves it out.
	costs []float64
	// yes are the answers to each question.
	yes [][]bool
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

// puller is an example as it pulls at the weights of each question.
type puller struct {
	vector []weighed
	cost   float64
	square float64 // of its values and the bias
	side   row     // 1 for yes, -1 for no
	alpha  [abreast][2]float64
	until  [abreast]int32 // the round in which it is asked again
}

// solver finds the weights of L2-regularised logistic regressions by coordinate
// descent in the dual (Yu, Huang and Lin, 2011).
type solver struct {
	pullers []puller
	weights []row // the last is the bias
	open    []progress
}

// progress is how far a question is.
type progress struct {
	solved    bool
	hardest   float64 // that any example pulled in this round
	everybody bool    // whether all are asked in this round
}

// solve finds the weights for the questions, the last one being the bias. The
// order of the examples is shuffled by a fixed generator, and products are
// rounded before they are added, so that the same examples give the same
// weights.
func solve(p problem) []row {
	s := newSolver(p)
	order := make([]*puller, len(s.pullers))
	for i := range order {
		order[i] = &s.pullers[i]
	}
	random := uint64(1)
	for round := range int32(maxRounds) {
		for i := len(order) - 1; i > 0; i-- {
			random ^= random << 13
			random ^= random >> 7
			random ^= random << 17
			k := int(random % uint64(i+1))
			order[i], order[k] = order[k], order[i]
		}
		for _, each := range order {
			s.ask(each, round)
		}
		if s.solved(round) {
			break
		}
	}
	return s.weights
}

func newSolver(p problem) *solver {
	s := &solver{weights: make([]row, p.features+1), open: make([]progress, len(p.yes))}
	for i, vector := range p.vectors {
		if p.costs[i] == 0 {
			continue
		}
		each := puller{vector: vector, cost: p.costs[i], square: 1}
		for _, f := range vector {
			each.square += float64(float64(f.value) * float64(f.value))
		}
		var by row
		for q, yes := range p.yes {
			each.side[q] = -1
			if yes[i] {
				each.side[q] = 1
			}
			each.alpha[q][0] = math.Min(0.001*each.cost, 1e-8)
			each.alpha[q][1] = each.cost - each.alpha[q][0]
			by[q] = each.side[q] * each.alpha[q][0]
		}
		s.pull(vector, &by)
		s.pullers = append(s.pullers, each)
	}
	return s
}

// ask settles an example for the questions that it does not rest from.
func (s *solver) ask(p *puller, round int32) {
	asked, one := 0, 0
	for q := range s.open {
		if !s.open[q].solved && round >= p.until[q] {
			asked, one = asked+1, q
		}
	}
	var sums row
	switch asked {
	case 0:
		return
	case 1:
		sums[one] = s.sum(p.vector, one)
	default:
		sums = s.sums(p.vector)
	}
	var by row
	for q := range s.open {
		if s.open[q].solved || round < p.until[q] {
			continue
		}
		pulled, move := p.settle(q, sums[q], round > 0)
		s.open[q].hardest = max(s.open[q].hardest, pulled)
		if pulled < atEase && round > 0 {
			p.until[q] = round + 1 + rest
		}
		by[q] = move
	}
	if by != (row{}) {
		s.pull(p.vector, &by)
	}
}

// solved ends a round and reports whether it was the last.
func (s *solver) solved(round int32) bool {
	all := true
	for q := range s.open {
		o := &s.open[q]
		if o.solved {
			continue
		}
		calm := o.hardest < tolerance && round > 0
		o.solved = calm && o.everybody
		if o.everybody = calm; calm {
			for i := range s.pullers {
				s.pullers[i].until[q] = 0
			}
		}
		o.hardest = 0
		all = all && o.solved
	}
	return all
}

// settle solves a question for one example alone. It returns how hard the
// example pulled and by how much the weights are to move, if they are.
func (p *puller) settle(q int, sum float64, move bool) (pulled, by float64) {
	a, b, alpha := p.square, p.side[q]*sum, &p.alpha[q]
	one, sign := 0, 1.0
	if float64(0.5*a*(alpha[1]-alpha[0]))+b < 0 {
		one, sign = 1, -1.0
	}
	old := alpha[one]
	z := old
	if p.cost-z < 0.5*p.cost {
		z *= 0.1
	}
	slope := func() float64 { return float64(a*(z-old)) + float64(sign*b) + math.Log(z/(p.cost-z)) }
	g := slope()
	pulled = math.Abs(g)
	for range 100 {
		if math.Abs(g) < 1e-3 {
			break
		}
		next := z - g/(a+p.cost/(p.cost-z)/z)
		if next <= 0 {
			next = z * 0.1
		}
		z = next
		g = slope()
	}
	if !move {
		return pulled, 0
	}
	alpha[one], alpha[1-one] = z, p.cost-z
	return pulled, p.side[q] * (sign * (z - old))
}

// sums are what a text is given by the weights of each question.
func (s *solver) sums(of []weighed) row {
	last := s.weights[len(s.weights)-1]
	a, b, c, d := last[0], last[1], last[2], last[3]
	for _, f := range of {
		w, value := &s.weights[f.feature], float64(f.value)
		a += float64(w[0] * value)
		b += float64(w[1] * value)
		c += float64(w[2] * value)
		d += float64(w[3] * value)
	}
	return row{a, b, c, d}
}

// sum is what it is given by those of one question.
func (s *solver) sum(of []weighed, q int) float64 {
	sum := s.weights[len(s.weights)-1][q]
	for _, f := range of {
		sum += float64(s.weights[f.feature][q] * float64(f.value))
	}
	return sum
}

// pull moves the weights of each question along a text.
func (s *solver) pull(along []weighed, by *row) {
	last := &s.weights[len(s.weights)-1]
	a, b, c, d := by[0], by[1], by[2], by[3]
	last[0] += a
	last[1] += b
	last[2] += c
	last[3] += d
	for _, f := range along {
		w, value := &s.weights[f.feature], float64(f.value)
		w[0] += float64(a * value)
		w[1] += float64(b * value)
		w[2] += float64(c * value)
		w[3] += float64(d * value)
	}
}

package linear

import (
	"math/rand/v2"
	"testing"
)

// some is a problem of several questions about made-up texts, some of which
// hold a feature twice and some of which cost nothing.
func some(questions int) problem {
	random := rand.New(rand.NewPCG(1, 2))
	p := problem{features: 60, yes: make([][]bool, questions)}
	for range 300 {
		vector := make([]weighed, 1+random.IntN(20))
		for k := range vector {
			vector[k] = weighed{uint32(random.IntN(p.features)), random.Float32()}
		}
		p.vectors, p.costs = append(p.vectors, vector), append(p.costs, float64(random.IntN(40)))
		for q := range p.yes {
			p.yes[q] = append(p.yes[q], random.IntN(2+3*q) == 0 || vector[0].feature < 5)
		}
	}
	return p
}

func TestAQuestionIsAnsweredAsIfItWereAlone(t *testing.T) {
	for questions := 1; questions <= abreast; questions++ {
		p := some(questions)
		together := solve(p)
		for q := range questions {
			one := p
			one.yes = p.yes[q : q+1]
			for f, alone := range solve(one) {
				if together[f][q] != alone[0] {
					t.Fatalf("weight %d of question %d of %d is %v, alone %v", f, q, questions, together[f][q], alone[0])
				}
			}
		}
	}
}

func TestWhatIsLearnedAnswersItsQuestion(t *testing.T) {
	p := some(1)
	clear(p.yes[0])
	for i, vector := range p.vectors {
		p.costs[i] = 100
		for _, f := range vector {
			p.yes[0][i] = p.yes[0][i] || f.feature < 5 && f.value > 0.5
		}
	}
	s := solver{weights: solve(p)}
	wrong := 0
	for i, vector := range p.vectors {
		if (s.sum(vector, 0) > 0) != p.yes[0][i] {
			wrong++
		}
	}
	if wrong > len(p.vectors)/20 {
		t.Errorf("%d of %d are wrong", wrong, len(p.vectors))
	}
}

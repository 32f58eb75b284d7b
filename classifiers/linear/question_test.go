package linear

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

func TestAQuestionIsAnsweredOnTextsThatWereNotLearnedFrom(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	word := func() string { return fmt.Sprintf("word%d", random.IntN(400)) }
	var plain, noise Question
	plain.Folds, noise.Folds = 4, 4
	for n := range 400 {
		text := fmt.Sprintf("%s %s %s %d", word(), word(), word(), n)
		noise.Texts, noise.Yes = append(noise.Texts, text), append(noise.Yes, random.IntN(3) == 0)
		if n%3 == 0 {
			text += " fire"
		}
		plain.Texts, plain.Yes = append(plain.Texts, text), append(plain.Yes, n%3 == 0)
	}
	if got := plain.Ask(); got.F1 < 0.99 || got.Average < 0.99 || got.Texts != 400 || got.Yes != 134 {
		t.Errorf("%+v", got)
	}
	kept := plain
	kept.Kept = 30
	if got := kept.Ask(); got.F1 < 0.99 || got.Texts != 30 || got.Yes != 10 {
		t.Errorf("kept: %+v", got)
	}
	if got := noise.Ask(); got.Average > 0.45 || got.Accuracy > 0.75 {
		t.Errorf("what cannot be known is known: %+v", got)
	}
	if plain.Ask() != plain.Ask() {
		t.Error("two answers differ")
	}
}

func TestTwoOfTheSameWordsAreInTheSamePart(t *testing.T) {
	q := Question{Folds: 5}
	parts := map[string]bool{}
	for _, text := range []string{"Fire in the hall! http://t.co/x", "RT @jo: fire in   the HALL", "fire, in the hall &amp; http://t.co/y"} {
		parts[q.fold(text)] = true
	}
	if len(parts) != 1 {
		t.Errorf("%v", parts)
	}
	parts = map[string]bool{}
	for n := range 100 {
		parts[q.fold(fmt.Sprint("text ", n))] = true
	}
	if len(parts) != 5 {
		t.Errorf("%v", parts)
	}
}

func TestFiguresAreWhatTheySay(t *testing.T) {
	got := answered([]answer{{3, true}, {2, false}, {1, true}, {-1, true}, {-2, false}})
	want := Answered{Texts: 5, Yes: 3, Accuracy: 0.6, Precision: 2. / 3, Recall: 2. / 3, F1: 2. / 3, Average: (1 + 2./3 + 3./4) / 3}
	if got != want {
		t.Errorf("%+v\nwant %+v", got, want)
	}
}

package phrase_test

import (
	"fmt"
	"strings"
	"testing"

	"contactd/classifiers/fold"
	"contactd/classifiers/phrase"
)

func find(t testing.TB, list, text string) []phrase.Hit {
	t.Helper()
	var set phrase.Set
	if err := set.Add(7, list); err != nil {
		t.Fatal(err)
	}
	var folded fold.Text
	fold.Fold(&folded, text, nil, 1<<20)
	return set.Find(&folded)
}

func TestAPhraseIsFoundHoweverItIsTyped(t *testing.T) {
	for _, c := range []struct{ list, text, want string }{
		{"street light*", "the STREET  lights, out", "[{7 4 18 1 2}]"},
		{"found _ dog/lab", "we found a scruffy old lab today", "[{7 3 26 1 5}]"},
		{"found _ dog/lab", "found one two three four dog", "[]"},
		{"my _ must/not know", "my mum must not know", "[{7 0 20 0 4}]"},
		{"a _ b _ c d", "a b x c y b c c d", "[]"},
		{"a _ b _ c d", "a b x c y c d", "[{7 0 13 0 6}]"},
		{"can't|wont", "he cant, she won't", "[{7 3 7 1 1} {7 13 18 3 3}]"},
		{"café", "the CAFE", "[{7 4 8 1 1}]"},
		{"a&e", "in A&E now", "[{7 3 6 1 2}]"},
		{"bin*", "cabin", "[]"},
		{"b*", "a b cab bob", "[{7 2 3 1 1} {7 8 11 3 3}]"},
		{"disproportionately*", "Disproportionately", "[{7 0 18 0 0}]"},
	} {
		if got := fmt.Sprint(find(t, c.list, c.text)); got != c.want {
			t.Errorf("%q in %q: %s, want %s", c.list, c.text, got, c.want)
		}
	}
}

func TestAPhraseThatIsNoneIsNamed(t *testing.T) {
	for _, list := range []string{"", "a||b", "_ a", "a _", "a/", "*"} {
		if err := new(phrase.Set).Add(1, list); err == nil || !strings.HasPrefix(err.Error(), "phrase ") {
			t.Errorf("%q: %v", list, err)
		}
	}
}

func FuzzFind(f *testing.F) {
	f.Add("found _ dog*/lab|x", "found a big dogs")
	f.Add("a&e|ö*", "A & E ö\xff")
	f.Fuzz(func(t *testing.T, list, text string) {
		var set phrase.Set
		if set.Add(1, list) != nil {
			return
		}
		var folded fold.Text
		fold.Fold(&folded, text, nil, 1<<16)
		for _, hit := range set.Find(&folded) {
			if hit.Start >= hit.End || hit.End > len([]rune(text)) {
				t.Fatalf("%+v in %q", hit, text)
			}
		}
	})
}

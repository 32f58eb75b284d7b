package rules_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"contactd/classifiers/rules"
	"contactd/contact"
)

// embedded compiles the embedded rules once for all tests; the classifier has
// no state that one test could leave to another.
var embedded = sync.OnceValues(func() (*rules.Classifier, error) { return rules.New(rules.Config{}) })

func newRules(t testing.TB, cfg rules.Config) *rules.Classifier {
	t.Helper()
	build := func() (*rules.Classifier, error) { return rules.New(cfg) }
	if cfg.File == "" && cfg.MaxCharacters == 0 && !cfg.Weighed {
		build = embedded
	}
	classifier, err := build()
	if err != nil {
		t.Fatal(err)
	}
	return classifier
}

// fataler is what *testing.T and *rapid.T have in common here.
type fataler interface {
	Fatal(args ...any)
}

func grade(t fataler, c *rules.Classifier, text string) contact.Opinion {
	opinion, err := c.Grade(context.Background(), contact.Message{Text: text, Authored: text})
	if err != nil {
		t.Fatal(err)
	}
	return opinion
}

func TestAnEmptyRuleFileIsNamed(t *testing.T) {
	file := filepath.Join(t.TempDir(), "own.yaml")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := rules.New(rules.Config{File: file}); err == nil || !strings.Contains(err.Error(), file+": version is missing") {
		t.Errorf("%v", err)
	}
}

func TestAPackIsReadHoweverAnEditorLeavesIt(t *testing.T) {
	c := newRules(t, rules.Config{File: pack(t, "\ufeffversion: force-1\r\nrules:\r\n  - {id: own.x, grade: priority, text: t, phrases: [blue pineapple]}\r\n")})
	if got := grade(t, c, "a blue pineapple"); got.Grade != contact.Priority {
		t.Errorf("%+v", got)
	}
	file := pack(t, "version: force-1\nrules:\n  - id: own.x\n    grade: Emergency\n    text: t\n    phrases: [blue pineapple]\n")
	if _, err := rules.New(rules.Config{File: file}); err == nil || err.Error() != file+`:4: rule own.x: grade: want emergency, priority, scheduled or resolution, got "Emergency"` {
		t.Errorf("%v", err)
	}
}

func TestDisguisedWordsAreFound(t *testing.T) {
	c := newRules(t, rules.Config{})
	for _, text := range []string{
		"he has got a knife",
		"HE HAS GOT A KNIFE",
		"he has got a kni\u200bfe",
		"hе hаs gоt а knіfе",
		"ｈｅ ｈａｓ ａ ｇｕｎ",
		"he has a kn1f3",
		"he has a k n i f e",
		"he has a k.n.i.f.e.",
		"h e h a s a g u n   p l e a s e   h e l p",
		"he has a kniiiifeeee",
		"he has a kni-fe",
		"he has a 𝕜𝕟𝕚𝕗𝕖",
		"he has a ᴋɴɪꜰᴇ",
		"he's got a really big knife",
	} {
		if opinion := grade(t, c, text); opinion.Grade != contact.Emergency {
			t.Errorf("%q: %v %+v", text, opinion.Grade, opinion.Reasons)
		}
	}
}

func TestAWordInPiecesIsFoundBehindHoweverManyLetters(t *testing.T) {
	c := newRules(t, rules.Config{})
	for n := range 120 {
		text := strings.Repeat("q ", n) + "h e h a s a g u n"
		if opinion := grade(t, c, text); opinion.Grade != contact.Emergency {
			t.Errorf("behind %d letters: %v", n, opinion.Grade)
		}
	}
}

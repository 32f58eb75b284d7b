// Package rules judges urgency by phrases that a person can read: a versioned
// file of rules, each with a grade, a category and the phrases that call for
// it. It is a floor: it finds plain words for danger, however they are
// disguised, and explains each by the place in the text. What it does not
// find may still be urgent; other classifiers sit beside it for that.
//
//	text ─ fold ─▶ words ─ lexicon ─▶ symbols ─ trie ─▶ hits ─▶ reasons with spans
//
// All phrases lie in one trie over words, so that time grows with the text and
// not with the number of rules. Nothing takes a hit away: words for news, a
// drill or a figure of speech are reported beside it.
package rules

import (
	_ "embed"
	"fmt"
	"os"
	"sync"

	"contactd/classifiers"
)

//go:embed rules.yaml
var defaultRules []byte

//go:embed signs.yaml
var defaultSigns []byte

//go:embed tongues.yaml
var defaultTongues []byte

// Config is what the rules classifier needs.
type Config struct {
	// File is a further rule file in the form of rules.yaml, whose rules,
	// lists and spellings are added to the embedded ones; empty for none.
	File string `yaml:"file"`
	// MaxCharacters is how much of a text is judged, in Unicode code points;
	// default 200000. A longer text is Unknown at least.
	MaxCharacters int `yaml:"max_characters"`
}

const defaultMaxCharacters = 200_000

// Classifier grades by rules. It is safe for concurrent use.
type Classifier struct {
	book    *book
	name    string
	limit   int
	scratch sync.Pool
}

// New compiles the embedded rules and those of the configured file. Errors
// name file and line.
func New(cfg Config) (*Classifier, error) {
	var all []*file
	for _, part := range []struct {
		name    string
		content []byte
	}{{"rules.yaml", defaultRules}, {"tongues.yaml", defaultTongues}, {"signs.yaml", defaultSigns}} {
		embedded, err := decodeFile(part.name, part.content)
		if err != nil {
			return nil, err
		}
		all = append(all, embedded)
	}
	if cfg.File != "" {
		content, err := os.ReadFile(cfg.File)
		if err != nil {
			return nil, fmt.Errorf("read rule file: %w", err)
		}
		further, err := decodeFile(cfg.File, content)
		if err != nil {
			return nil, err
		}
		all = append(all, further)
	}
	compiled, err := compile(all...)
	if err != nil {
		return nil, fmt.Errorf("compile rules: %w", err)
	}
	return newClassifier(compiled, cfg.MaxCharacters), nil
}

func newClassifier(b *book, limit int) *Classifier {
	if limit <= 0 {
		limit = defaultMaxCharacters
	}
	c := &Classifier{book: b, name: "rules@" + b.version, limit: limit}
	c.scratch.New = func() any { return &judgement{matcher: newMatcher(b)} }
	return c
}

// Name is "rules@" and the versions of the rule files.
func (c *Classifier) Name() string { return c.name }

// Bounded is true: time grows with the judged text, and that has a limit.
func (c *Classifier) Bounded() bool { return true }

var _ classifiers.Bounded = (*Classifier)(nil)

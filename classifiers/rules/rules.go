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
	"context"
	_ "embed"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"

	"contactd/classifiers"
	"contactd/classifiers/disguise"
	"contactd/contact"
)

//go:embed rules.yaml
var defaultRules []byte

//go:embed signs.yaml
var defaultSigns []byte

//go:embed tongues.yaml
var defaultTongues []byte

// Config is what the rules classifier needs.
type Config struct {
	// File is a further rule file, the force's own pack, in the form of
	// rules.yaml: its rules, lists and spellings are added to the embedded ones;
	// empty for none.
	File string `yaml:"file"`
	// MaxCharacters is how much of a text is judged, in Unicode code points;
	// default 200000. A longer text is Unknown at least.
	MaxCharacters int `yaml:"max_characters"`
	// Now is the clock; time.Now when nil.
	Now func() time.Time `yaml:"-"`
	// Weighed says that a learned classifier judges after the rules and is told
	// what they found. Phrases that are right in most messages, but not in
	// nearly all, are then told and weighed with the rest of the message; they
	// set the floor themselves where the rules judge alone. Whoever joins the
	// classifiers knows.
	Weighed bool `yaml:"-"`
}

const defaultMaxCharacters = 200_000

// Classifier grades by rules. It is safe for concurrent use.
type Classifier struct {
	// shipped reads by the embedded rules alone, so that nothing in a force's
	// pack can take away what they find; own by both, nil without a pack.
	shipped, own *edition
	pack         *file
	now          func() time.Time
}

// edition is a book with what is needed to read by it.
type edition struct {
	book    *book
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
	c := &Classifier{now: cfg.Now}
	if c.now == nil {
		c.now = time.Now
	}
	var err error
	if c.shipped, err = newEdition(cfg, all...); err != nil || cfg.File == "" {
		return c, err
	}
	content, err := os.ReadFile(cfg.File)
	if err != nil {
		return nil, fmt.Errorf("read rule file: %w", err)
	}
	if c.pack, err = decodeFile(cfg.File, content); err != nil {
		return nil, err
	}
	c.own, err = newEdition(cfg, append(all, c.pack)...)
	return c, err
}

// newEdition compiles files. A limit of the configuration that is not
// positive means the default.
func newEdition(cfg Config, files ...*file) (*edition, error) {
	compiled, err := compile(cfg.Weighed, files...)
	if err != nil {
		return nil, fmt.Errorf("compile rules: %w", err)
	}
	limit := cfg.MaxCharacters
	if limit <= 0 {
		limit = defaultMaxCharacters
	}
	e := &edition{book: compiled, limit: limit}
	e.scratch.New = func() any { return &judgement{matcher: newMatcher(compiled), disguise: disguise.New()} }
	e.scratch.Put(e.scratch.New()) // to make the first takes 40 ms, for which no message shall wait
	return e, nil
}

// Grade returns the highest grade with a reason for every rule that fired. It
// never returns an error; a message without anything to read is a failed
// opinion.
func (c *Classifier) Grade(_ context.Context, message contact.Message) (contact.Opinion, error) {
	now := c.now()
	if !classifiers.Legible(message.Subject) && !classifiers.Legible(message.Text) && !classifiers.Legible(message.Authored) {
		return contact.Opinion{By: c.nameAt(now), Failed: "empty"}, nil
	}
	opinion := c.shipped.read(message, now)
	if c.owns(now) {
		opinion.Reasons = joined(opinion.Reasons, c.own.read(message, now).Reasons)
	}
	opinion.By, opinion.Grade = c.nameAt(now), contact.Resolution
	if len(opinion.Reasons) == 0 {
		opinion.Reasons = append(opinion.Reasons, contact.Reason{Rule: "none", Grade: contact.Resolution, Text: "no rule found a sign of danger"})
	}
	for _, reason := range opinion.Reasons {
		opinion.Grade = contact.Highest(opinion.Grade, reason.Grade)
		if reason.Category != "" && !slices.Contains(opinion.Categories, reason.Category) {
			opinion.Categories = append(opinion.Categories, reason.Category)
		}
	}
	return opinion, nil
}

// joined are the reasons of the embedded rules, and those that a pack adds,
// most serious first. A rule of the pack may be called as what cannot be judged.
func joined(shipped, own []contact.Reason) []contact.Reason {
	for _, reason := range own {
		if !slices.ContainsFunc(shipped, func(r contact.Reason) bool { return r.Rule == reason.Rule && r.Grade == reason.Grade }) {
			shipped = append(shipped, reason)
		}
	}
	slices.SortStableFunc(shipped, func(a, b contact.Reason) int { return contact.BySeriousness(a.Grade, b.Grade) })
	return shipped
}

// Name is "rules@" and the versions of the rule files that are in force.
func (c *Classifier) Name() string { return c.nameAt(c.now()) }

func (c *Classifier) nameAt(now time.Time) string {
	if c.owns(now) {
		return "rules@" + c.own.book.version
	}
	return "rules@" + c.shipped.book.version
}

// Bounded is true: time grows with the judged text, and that has a limit.
func (c *Classifier) Bounded() bool { return true }

var _ classifiers.Bounded = (*Classifier)(nil)

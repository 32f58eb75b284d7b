// Package signpost tells who helps with what is not a matter for the police:
// noise, parking, lost dogs, and so on. A directory in YAML names the topics,
// who helps, a text in English and Welsh that a handler can send, and what
// people say of each: a voice that learned from it and from labelled messages
// recognises the topics it knows, phrases the others.
//
// It speaks only of messages that nobody graded urgent (what is emergency,
// priority or unknown is looked at by a person first), and only when a learned
// judge holds them likely not to be for the police: a stolen car was parked
// too. It never changes a grade, and nothing is sent by itself.
package signpost

import (
	_ "embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"contactd/classifiers"
	"contactd/classifiers/fold"
	"contactd/classifiers/phrase"
	"contactd/contact"
)

//go:embed directory.yaml
var defaultDirectory []byte

// Config is what the signposts need.
type Config struct {
	// File is a directory in the form of the embedded one, whose topics
	// replace those of the same code and are asked before them; empty for
	// none.
	File string `yaml:"file"`
}

// textLimit is how much of a text is read, in code points.
const textLimit = 20_000

// Annotator notes who helps. It is safe for concurrent use.
type Annotator struct {
	name   string
	topics []topic
	// heard is whether a topic is named by a judge, not found by phrases.
	heard   []bool
	phrases phrase.Set
	scratch sync.Pool
}

// New reads the directory. The topics that are named stand in the opinion of a
// judge who has learned them; phrases find the others. Errors name the file and
// the topic.
func New(cfg Config, named []string) (*Annotator, error) {
	listed, err := read(cfg)
	if err != nil {
		return nil, err
	}
	a := &Annotator{name: "signpost@" + listed.Version, topics: listed.Topics, heard: make([]bool, len(listed.Topics))}
	for i, each := range a.topics {
		a.heard[i] = slices.Contains(named, each.Code)
	}
	a.scratch.New = func() any { return new(fold.Text) }
	return a, a.compile(listed)
}

// read reads the embedded directory and that of the configuration.
func read(cfg Config) (directory, error) {
	listed, err := decode("directory.yaml", defaultDirectory)
	if err != nil || cfg.File == "" {
		return listed, err
	}
	content, err := os.ReadFile(filepath.Clean(cfg.File))
	if err != nil {
		return directory{}, fmt.Errorf("read signposts: %w", err)
	}
	own, err := decode(cfg.File, content)
	if err != nil {
		return directory{}, err
	}
	return own.before(listed), nil
}

// compile numbers the phrases: the n-th group of a topic is topic*groups + n.
func (a *Annotator) compile(listed directory) error {
	for _, each := range []struct {
		id    int
		name  string
		lists []string
	}{{never, "never", listed.Never}, {unless, "unless", listed.Unless}} {
		for _, list := range each.lists {
			if err := a.phrases.Add(each.id, list); err != nil {
				return fmt.Errorf("read signposts: %s: %w", each.name, err)
			}
		}
	}
	for i, each := range listed.Topics {
		for _, list := range each.Sure {
			// Each phrase counts by itself.
			if err := a.phrases.Add(i*groups, list); err != nil {
				return fmt.Errorf("read signposts: topic %q: sure: %w", each.Code, err)
			}
		}
		if len(each.Hints) >= groups {
			return fmt.Errorf("read signposts: topic %q: hints: want fewer than %d", each.Code, groups)
		}
		for n, list := range each.Hints {
			if err := a.phrases.Add(i*groups+n+1, list); err != nil {
				return fmt.Errorf("read signposts: topic %q: hints: %w", each.Code, err)
			}
		}
	}
	return nil
}

// The numbers of phrases that are of no topic.
const (
	never  = -1
	unless = -2
	groups = 32
)

// Annotate notes who helps, if the message is graded scheduled or resolution
// and speaks of a topic and of nothing that is left to the police.
func (a *Annotator) Annotate(message contact.Message, assessed contact.Assessment, notes *contact.Notes) {
	if assessed.Grade.Above(contact.Scheduled) {
		return
	}
	text := a.scratch.Get().(*fold.Text)
	defer a.scratch.Put(text)
	fold.Fold(text, message.Authored, nil, textLimit)
	hits := a.phrases.Find(text)
	if has(hits, never) {
		return
	}
	best := -1
	if notPolice(assessed.Opinions) >= perhaps && !has(hits, unless) {
		best = a.best(hits)
	}
	if best < 0 {
		best = a.named(assessed.Opinions)
	}
	if best < 0 {
		return
	}
	found := a.topics[best]
	post := contact.Signpost{Code: found.Code, Helper: found.Helper, Who: found.Who.English, Text: found.Text.English, Language: "en", Spans: spans(message, hits, best), By: a.name}
	if welsh(message, assessed) && found.Text.Welsh != "" && found.Who.Welsh != "" {
		post.Who, post.Text, post.Language = found.Who.Welsh, found.Text.Welsh, "cy"
	}
	notes.Signpost = &post
}

// named is the topic that one of the opinions names, or -1.
func (a *Annotator) named(opinions []contact.Opinion) int {
	for _, opinion := range opinions {
		if i := slices.IndexFunc(a.topics, func(t topic) bool { return t.Code == opinion.Topic }); i >= 0 {
			return i
		}
	}
	return -1
}

// notPolice is how likely the message is for somebody else, by whoever can tell.
func notPolice(opinions []contact.Opinion) float64 {
	chance := 0.0
	for _, opinion := range opinions {
		chance = max(chance, opinion.NotPolice)
	}
	return chance
}

// welsh reports whether the person wrote Welsh, as far as anybody noticed.
func welsh(message contact.Message, assessed contact.Assessment) bool {
	language := message.Language
	for _, opinion := range assessed.Opinions {
		if opinion.Language != "" {
			language = opinion.Language
		}
	}
	return language == "cy" || strings.HasPrefix(language, "cy-")
}

// The worth of what is found, and what is wanted.
const (
	sureWorth = 4
	hintWorth = 2
	enough    = 4
)

// perhaps is the chance of being no matter for the police from which phrases
// name a topic. It is low because a judge knows few such messages, and not lower
// because covert calls are worded so: 0.1 would find a twentieth more, and send
// half as many urgent messages again elsewhere.
const perhaps = 0.3

func has(hits []phrase.Hit, id int) bool {
	return slices.ContainsFunc(hits, func(hit phrase.Hit) bool { return hit.ID == id })
}

// best is the topic that the most phrases speak for, of those that no judge
// knows; -1 for none.
func (a *Annotator) best(hits []phrase.Hit) int {
	worth := make([]int, len(a.topics))
	hinted := map[int]bool{}
	for _, hit := range hits {
		switch {
		case hit.ID < 0 || a.heard[hit.ID/groups]:
		case hit.ID%groups == 0:
			worth[hit.ID/groups] += sureWorth
		case !hinted[hit.ID]:
			hinted[hit.ID] = true
			worth[hit.ID/groups] += hintWorth
		}
	}
	best := -1
	for i, w := range worth {
		if w >= enough && (best < 0 || w > worth[best]) {
			best = i
		}
	}
	return best
}

// mostSpans and mostQuote bound the places that are told of a topic, and the
// characters that are quoted of each.
const (
	mostSpans = 5
	mostQuote = 100
)

// spans are the first places in the message's text that speak for a topic.
func spans(message contact.Message, hits []phrase.Hit, topic int) []contact.Span {
	var spans []contact.Span
	own := classifiers.NewOwn(message)
	for _, hit := range hits {
		if hit.ID < 0 || hit.ID/groups != topic || len(spans) == mostSpans {
			continue
		}
		if span, ok := own.Span(hit.Start, hit.End); ok {
			span.Quote = own.Quote(span, mostQuote)
			spans = append(spans, span)
		}
	}
	return spans
}

// Problems of a directory.
var errNoTopics = errors.New("want at least one topic")

// Helper is who helps with a topic, empty for none that the directory has.
func (a *Annotator) Helper(code string) string {
	for _, each := range a.topics {
		if each.Code == code {
			return each.Helper
		}
	}
	return ""
}

// Topic is the topic that answers messages which are labelled so, empty for
// none that the directory has.
func (a *Annotator) Topic(label string) string {
	for _, each := range a.topics {
		if each.Code == label || slices.Contains(each.Also, label) {
			return each.Code
		}
	}
	return ""
}

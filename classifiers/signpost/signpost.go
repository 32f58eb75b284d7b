// Package signpost tells who helps with what is not a matter for the police:
// noise, parking, lost dogs, and so on. A directory in YAML names the topics,
// the phrases that recognise them, who helps, and a text in English and Welsh
// that a handler can send.
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
	"strings"
	"sync"

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
	name    string
	topics  []topic
	phrases phrase.Set
	scratch sync.Pool
}

// New reads the directory. Errors name the file and the topic.
func New(cfg Config) (*Annotator, error) {
	listed, err := decode("directory.yaml", defaultDirectory)
	if err != nil {
		return nil, err
	}
	if cfg.File != "" {
		content, err := os.ReadFile(filepath.Clean(cfg.File))
		if err != nil {
			return nil, fmt.Errorf("read signposts: %w", err)
		}
		own, err := decode(cfg.File, content)
		if err != nil {
			return nil, err
		}
		listed = own.before(listed)
	}
	a := &Annotator{name: "signpost@" + listed.Version, topics: listed.Topics}
	a.scratch.New = func() any { return new(fold.Text) }
	return a, a.compile(listed)
}

// compile numbers the phrases: never is -1, the n-th group of a topic is
// topic*groups + n.
func (a *Annotator) compile(listed directory) error {
	for _, list := range listed.Never {
		if err := a.phrases.Add(never, list); err != nil {
			return fmt.Errorf("read signposts: never: %w", err)
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

const (
	never  = -1
	groups = 32
)

// Annotate notes who helps, if the message is graded scheduled or resolution
// and speaks of a topic and of nothing that is left to the police.
func (a *Annotator) Annotate(message contact.Message, assessed contact.Assessment, notes *contact.Notes) {
	if assessed.Grade.Above(contact.Scheduled) || notPolice(assessed.Opinions) < perhaps {
		return
	}
	text := a.scratch.Get().(*fold.Text)
	defer a.scratch.Put(text)
	fold.Fold(text, message.Authored, nil, textLimit)
	best, spans := a.best(message.Authored, text)
	if best < 0 {
		return
	}
	found := a.topics[best]
	post := contact.Signpost{Code: found.Code, Helper: found.Helper, Who: found.Who.English, Text: found.Text.English, Language: "en", Spans: spans, By: a.name}
	if welsh(message, assessed) && found.Text.Welsh != "" {
		post.Who, post.Text, post.Language = found.Who.Welsh, found.Text.Welsh, "cy"
	}
	notes.Signpost = &post
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

// perhaps is the chance of being no matter for the police from which a topic
// is named. It is low because a judge knows few such messages, and not lower
// because covert calls are worded so: 0.1 would find a twentieth more, and send
// half as many urgent messages again elsewhere.
const perhaps = 0.3

// best is the topic that the most speaks for, -1 for none, with what did.
func (a *Annotator) best(raw string, text *fold.Text) (int, []contact.Span) {
	hits := a.phrases.Find(text)
	worth := make([]int, len(a.topics))
	hinted := map[int]bool{}
	for _, hit := range hits {
		switch {
		case hit.ID == never:
			return -1, nil
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
	if best < 0 {
		return -1, nil
	}
	runes := []rune(raw)
	var spans []contact.Span
	for _, hit := range hits {
		if hit.ID/groups == best && len(spans) < 5 {
			spans = append(spans, contact.Span{Start: hit.Start, End: hit.End, Quote: string(runes[hit.Start:hit.End])})
		}
	}
	return best, spans
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

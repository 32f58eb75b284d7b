// Package markers notices in a message, for whoever handles it, who may be
// vulnerable and how (a child, an older person, dementia, domestic abuse, …),
// that the writer may be unable to speak freely, and whether an answer could
// endanger them, with what they asked for. A pack in YAML names what can be
// noticed and the phrases that show it; a force adds its own.
//
//	own words ─ fold ─▶ phrases, ages ─▶ not denied, not a figure of speech ─▶ whose ─▶ notes
//	reasons for the grade, what the channel knows ─────────────────────────────────▲
//
// Nothing here changes a grade: that is the business of the classifiers. A sign
// in quoted history does not count, nor the question of a form; no sign says
// that there is nothing.
package markers

import (
	_ "embed"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"contactd/classifiers/fold"
	"contactd/classifiers/phrase"
	"contactd/contact"
)

//go:embed pack.yaml
var defaultPack []byte

// Config is what the annotator needs.
type Config struct {
	// File is a pack in the form of the embedded one, whose entries replace
	// those of the same code and whose words are added; empty for none.
	File string `yaml:"file"`
}

// byChannel is the code of what the channel knows.
const byChannel = "channel"

// writer is whose a sign of the writer is.
const writer = "writer"

// textLimit is how much of a text is read, in code points.
const textLimit = 20_000

// Annotator notes markers. It is safe for concurrent use.
type Annotator struct {
	name    string
	entries []compiled
	phrases phrase.Set
	people  map[string]person
	// What may stand between, takes away, and is a thing.
	between, negations, things map[string]bool
	scratch                    sync.Pool
}

// kind is what an entry is noted as.
type kind uint8

const (
	marker kind = iota
	covert
	unsafe
	safe
	ask
)

// compiled is an entry without its phrases.
type compiled struct {
	entry
	kind kind
}

// person is a word for somebody.
type person struct {
	who  string
	noun bool
}

// New reads the pack. Errors name the file and the entry.
func New(cfg Config) (*Annotator, error) {
	p, err := decode("pack.yaml", defaultPack)
	if err != nil {
		return nil, err
	}
	if cfg.File != "" {
		content, err := os.ReadFile(filepath.Clean(cfg.File))
		if err != nil {
			return nil, fmt.Errorf("read markers: %w", err)
		}
		own, err := decode(cfg.File, content)
		if err != nil {
			return nil, err
		}
		p = own.over(p)
	}
	return compile(p, strings.TrimRight(" "+cfg.File, " "))
}

// Phrases of an entry are numbered by what they do: entry*uses + use. Words for
// numbers are numbered below 0.
const (
	shows = iota
	showsWriter
	excepts
	harmless
	uses
)

func compile(p pack, file string) (*Annotator, error) {
	a := &Annotator{
		name: "markers@" + p.Version, people: map[string]person{},
		between: words(p.Between), negations: words(p.Negations), things: words(p.Things),
	}
	a.scratch.New = func() any { return new(reading) }
	for _, each := range p.People {
		for word := range words(each.Words) {
			a.people[word] = person{who: each.Who}
		}
		for word := range words(each.Nouns) {
			a.people[word] = person{each.Who, true}
		}
	}
	for word, years := range numbers() {
		if err := a.phrases.Add(-years, word); err != nil {
			return nil, err
		}
	}
	for _, section := range p.sections() {
		for _, each := range *section.entries {
			number := len(a.entries)
			a.entries = append(a.entries, compiled{each, section.kind})
			for use, lists := range [uses][]string{each.Phrases, each.Writer, each.Except, each.Harmless} {
				for _, list := range lists {
					if err := a.phrases.Add(number*uses+use, list); err != nil {
						return nil, fmt.Errorf("read markers%s: %s %q: %w", file, section.name, each.Code, err)
					}
				}
			}
		}
	}
	return a, nil
}

// words are the folded words of a list.
func words(list string) map[string]bool {
	set := map[string]bool{}
	var folded fold.Text
	for _, each := range strings.Split(list, "|") {
		fold.Fold(&folded, each, nil, len(each)+1)
		for i := range folded.Tokens {
			set[string(folded.Word(i))] = true
		}
	}
	return set
}

// Annotate notes what it finds in the message's own words and its subject, in
// the reasons for its grade, and what the channel knows.
func (a *Annotator) Annotate(message contact.Message, assessed contact.Assessment, notes *contact.Notes) {
	r := a.scratch.Get().(*reading)
	defer a.scratch.Put(r)
	r.reset(a, message)
	r.read(r.own.Words, true)
	r.read(message.Subject, false)
	r.judged(assessed, foreignLanguage(message, assessed))
	r.write(notes, message)
	r.forget()
}

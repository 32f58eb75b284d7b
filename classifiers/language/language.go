// Package language tells in which language a message is written, by its script
// and by words that stand in nearly every text of a language. A message that is
// in none the desk's classifiers know is Unknown, so that a person looks; what
// it says is for others to judge, and whether a text is partly foreign the
// rules weigh.
package language

import (
	"context"
	"slices"
	"strings"
	"sync"
	"unicode"

	"contactd/classifiers"
	"contactd/classifiers/fold"
	"contactd/contact"
)

// Classifier tells languages apart. It is safe for concurrent use.
type Classifier struct {
	// words has a bit for each language in which the word is common.
	words   map[string]uint32
	tags    []string // English first, at most maxTags
	scripts []script
	scratch sync.Pool
}

// maxTags is how many languages a bit each has room for.
const maxTags = 32

// New makes a classifier.
func New() *Classifier {
	c := &Classifier{words: map[string]uint32{}, tags: []string{"en"}, scripts: scripts()}
	lists := common()
	for tag := range lists {
		if tag != "en" {
			c.tags = append(c.tags, tag)
		}
	}
	// The order of a map is none; that of the tags decides between equals.
	slices.Sort(c.tags[1:])
	for i, tag := range c.tags {
		for word := range strings.FieldsSeq(lists[tag]) {
			c.words[strings.ReplaceAll(word, "'", "")] |= 1 << i
		}
	}
	c.scratch.New = func() any { return new(fold.Text) }
	return c
}

// Name is how the classifier is known.
func (c *Classifier) Name() string { return "language@1" }

// Bounded is true: at most maxCharacters are read.
func (c *Classifier) Bounded() bool { return true }

// maxCharacters is how much of a text is looked at; a language shows early.
const maxCharacters = 2000

// The least evidence for a language in Latin letters: so many of its common
// words, and such a share of all words.
const (
	minWords = 3
	minShare = 0.2
	// minEnglish is the share of common English words that an English sentence
	// has more than; one with enoughWords words and less may be in any language.
	minEnglish  = 0.1
	enoughWords = 5
)

// Grade says Unknown for a message in another language than English or Welsh.
func (c *Classifier) Grade(_ context.Context, message contact.Message) (contact.Opinion, error) {
	text := message.Authored
	if text == "" {
		text = message.Text
	}
	told := c.detect(text)
	opinion := contact.Opinion{By: c.Name(), Language: told.tag}
	reason := contact.Reason{Rule: "language." + told.tag, Grade: contact.Resolution, Text: "written in " + told.tag}
	switch {
	case told.tag != "" && told.tag != "en" && told.tag != "cy":
		reason.Grade, reason.Text = contact.Unknown, "written in another language: "+told.tag
	case told.unsure:
		reason.Rule, reason.Grade, reason.Text = "language.unsure", contact.Unknown, "written, or partly, in a language that does not show"
	case told.tag == "":
		reason.Rule, reason.Text = "language.short", "too short to show its language"
	}
	opinion.Grade, opinion.Reasons = reason.Grade, []contact.Reason{reason}
	if isBackwards(text) {
		opinion.Reasons = append(opinion.Reasons, contact.Reason{Rule: "language.backwards", Grade: contact.Unknown, Text: "written so that it shows backwards, or partly"})
		opinion.Grade = contact.Unknown
	}
	if told.welsh && reason.Rule != "language.cy" {
		opinion.Reasons = append(opinion.Reasons, contact.Reason{Rule: "language.cy", Grade: contact.Resolution, Text: "written partly in cy"})
	}
	return opinion, nil
}

// isBackwards reports whether letters show in the other order than that in which
// they are read here: behind the mark that turns all, which no keyboard has.
func isBackwards(text string) bool {
	_, turned, found := strings.Cut(text, "\u202e")
	return found && strings.ContainsFunc(turned, func(r rune) bool { return unicode.Is(unicode.Latin, r) })
}

// Detect returns the BCP 47 tag of the language in which most of text is
// written, or nothing where too little of it shows.
func (c *Classifier) Detect(text string) string { return c.detect(text).tag }

// told is what shows of a text's language.
type told struct {
	tag string
	// welsh is whether some sentence or line is Welsh, unsure whether one is in
	// a language that does not show: English around it must not hide that.
	welsh, unsure bool
}

func (c *Classifier) detect(text string) told {
	if tag, unlisted := c.byScript(text); tag != "" || unlisted {
		return told{tag: tag, unsure: unlisted}
	}
	folded := c.scratch.Get().(*fold.Text)
	defer c.scratch.Put(folded)
	fold.Fold(folded, text, nil, maxCharacters)
	var shown told
	var whole, part tally
	for i := range folded.Tokens {
		t := &folded.Tokens[i]
		if t.Marks&(fold.AfterStop|fold.AfterEdge) != 0 {
			c.end(&shown, &part)
		}
		known := c.words[string(folded.Word(i))]
		whole.add(known, t.Marks)
		part.add(known, t.Marks)
	}
	c.end(&shown, &part)
	if best := whole.best(); best != 0 || whole.found[0] != 0 {
		shown.tag = c.tags[best]
		shown.welsh = shown.welsh || shown.tag == "cy"
	}
	return shown
}

// end notes what a sentence shows, and begins the next.
func (c *Classifier) end(shown *told, sentence *tally) {
	switch {
	case c.tags[sentence.best()] == "cy":
		shown.welsh = true
	case sentence.isForeign():
		shown.unsure = true
	}
	*sentence = tally{}
}

// tally counts the common words of each language in a piece of text.
type tally struct {
	found [maxTags]int
	words int
	names int // words with a capital: a name tells no language
}

func (t *tally) add(known uint32, marks fold.Mark) {
	if marks&fold.Digit != 0 && known == 0 {
		return
	}
	t.words++
	if known == 0 && marks&fold.Capital != 0 {
		t.names++
	}
	for k := 0; known != 0; known, k = known>>1, k+1 {
		t.found[k] += int(known & 1)
	}
}

// best is the number of the language that shows; English where none does.
func (t *tally) best() int {
	best := 0
	for k, n := range t.found {
		if n > t.found[best] {
			best = k
		}
	}
	if n := t.found[best]; n < minWords || float64(n) < minShare*float64(t.words) || n < 2*t.found[0] {
		return 0
	}
	return best
}

// isForeign reports whether there are enough words and next to none in English.
func (t *tally) isForeign() bool {
	return t.words-t.names >= enoughWords && float64(t.found[0]) <= minEnglish*float64(t.words)
}

var _ classifiers.Bounded = (*Classifier)(nil)

package rules

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"contactd/contact"
)

// book is a set of rule files, compiled. It does not change afterwards.
type book struct {
	version string
	rules   []compiled
	lexicon lexicon
	emoji   map[rune]string
	trie    trie
	symbols int
	senses  senses
	// edge is the sense of the edge of a sentence.
	edge sense
	// bilingual is whether Welsh is judged as English is, see stretches.
	bilingual bool
}

// compiled is a rule without its phrases, which are in the trie. Rules are
// ordered most serious first, in the order of the files among equals.
type compiled struct {
	id, category, text string
	inSubject          string // text, for a hit in the subject
	grade              contact.Grade
	ends               time.Time // zero for a rule without end
	// condition is the number of the hidden rule that must also fire, or -1.
	condition int32
	// hidden rules only serve as conditions or signs.
	hidden bool
	// sign is the name of a sign, or empty for a rule.
	sign string
}

// compiler turns files into a book.
type compiler struct {
	lists     map[string][]line
	lister    map[string]*file // the file that began a list, for errors
	spelling  map[string][]string
	languages [other + 1][]string
	rules     []source
	book      *book
	grower    *grower
	sets      map[string]symbol
	members   [][]string // by symbol: words, and stems with a star
	// home and abroad hold the words and stems of phrases in English and of
	// those in other languages.
	home, abroad map[string]bool
	open         []string // lists being expanded, to find circles
	foreign      bool     // whether the phrase is in another language
	work         int      // elements flattened for one phrase
}

// source is a rule with the file it stands in.
type source struct {
	rule
	file   *file
	hidden bool
	sign   string
}

// compile joins the files, in order: later ones add rules, spellings and
// entries to lists, and take nothing away. See Config for weighed.
func compile(weighed bool, files ...*file) (*book, error) {
	c := &compiler{
		lists:    map[string][]line{},
		lister:   map[string]*file{},
		home:     map[string]bool{},
		abroad:   map[string]bool{},
		spelling: map[string][]string{},
		book:     &book{emoji: map[rune]string{}, senses: newSenses(), bilingual: weighed},
		grower:   newGrower(),
		sets:     map[string]symbol{},
	}
	var problems []error
	for _, f := range files {
		problems = append(problems, c.join(f))
	}
	problems = append(problems, c.conditions())
	c.unfloored(weighed)
	c.signs(files)
	slices.SortStableFunc(c.rules, func(a, b source) int { return contact.BySeriousness(a.Grade, b.Grade) })
	for i, r := range c.rules {
		problems = append(problems, c.rule(int32(i), r))
	}
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	c.lexicon()
	c.book.symbols = len(c.members)
	c.book.trie = c.grower.grown(len(c.members))
	c.book.senses.settle(&c.book.trie)
	return c.book, nil
}

// join adds what a file declares.
func (c *compiler) join(f *file) error {
	var problems []error
	if c.book.version != "" {
		c.book.version += "+"
	}
	c.book.version += f.Version
	for word, others := range f.Spelling {
		c.spelling[word] = append(c.spelling[word], strings.Fields(others.text)...)
	}
	for sign, word := range f.Emoji {
		for _, r := range sign {
			c.book.emoji[r] = word
			break // what follows is a variation selector
		}
	}
	for name, entries := range f.Lists {
		c.lists[name] = append(c.lists[name], entries...)
		c.lister[name] = f
	}
	c.languages[english] = append(c.languages[english], strings.Fields(f.Languages.English)...)
	c.languages[english] = append(c.languages[english], strings.Fields(f.Languages.Similar)...)
	c.languages[welsh] = append(c.languages[welsh], strings.Fields(f.Languages.Welsh)...)
	c.languages[other] = append(c.languages[other], strings.Fields(f.Languages.Other)...)
	for _, r := range f.Rules {
		if slices.ContainsFunc(c.rules, func(s source) bool { return s.ID.text == r.ID.text }) {
			problems = append(problems, f.errorAt(r.ID, "rule %s stands in another file too", r.ID.text))
		}
		c.rules = append(c.rules, source{rule: r, file: f})
	}
	return errors.Join(problems...)
}

// conditions makes a hidden rule of every list that a rule wants alongside.
func (c *compiler) conditions() error {
	var problems []error
	made := map[string]bool{}
	for _, r := range slices.Clone(c.rules) {
		name := r.Alongside
		if name == "" || made[name] {
			continue
		}
		if c.lists[name] == nil {
			problems = append(problems, r.file.errorAt(r.ID, "rule %s: no list <%s>", r.ID.text, name))
			continue
		}
		made[name] = true
		phrase := line{text: "<" + name + ">", at: r.ID.at}
		hidden := rule{ID: line{text: conditionID(name), at: r.ID.at}, Grade: contact.Resolution, Phrases: []line{phrase}}
		c.rules = append(c.rules, source{rule: hidden, file: r.file, hidden: true})
	}
	return errors.Join(problems...)
}

// unfloored makes rules without a floor of the weak phrases of every rule, and
// of those that somebody else weighs; otherwise the latter are like the rest.
func (c *compiler) unfloored(weighed bool) {
	for i, r := range slices.Clone(c.rules) {
		if weighed {
			c.perhaps(r, ".weighed", r.Weighed)
		} else {
			c.rules[i].Phrases = slices.Concat(r.Phrases, r.Weighed)
		}
		c.perhaps(r, ".weak", r.Weak)
	}
}

func (c *compiler) perhaps(r source, suffix string, phrases []line) {
	if len(phrases) == 0 {
		return
	}
	c.rules = append(c.rules, source{file: r.file, rule: rule{
		ID: line{text: r.ID.text + suffix, at: r.ID.at}, Grade: contact.Resolution, Phrases: phrases,
		Text: "perhaps " + r.Text, Alongside: r.Alongside, ends: r.ends,
	}})
}

// signs makes a hidden rule of every sign, with the phrases of all files.
func (c *compiler) signs(files []*file) {
	for _, f := range files {
		for _, name := range slices.Sorted(maps.Keys(f.Signs)) {
			hidden := rule{ID: line{text: "sign " + name}, Grade: contact.Resolution, Phrases: f.Signs[name]}
			c.rules = append(c.rules, source{rule: hidden, file: f, hidden: true, sign: name})
		}
	}
}

func conditionID(list string) string { return "alongside " + list }

// rule compiles one rule into the trie.
func (c *compiler) rule(number int32, r source) error {
	condition := int32(-1)
	if r.Alongside != "" {
		condition = int32(slices.IndexFunc(c.rules, func(s source) bool { return s.hidden && s.ID.text == conditionID(r.Alongside) }))
	}
	c.book.rules = append(c.book.rules, compiled{
		id: r.ID.text, category: r.Category, text: r.Text, inSubject: r.Text + " (in the subject)",
		grade: r.Grade, ends: r.ends, condition: condition, hidden: r.hidden, sign: r.sign,
	})
	c.foreign = r.file.Foreign
	var problems []error
	for _, phrase := range r.Phrases {
		elems, err := parsePhrase(phrase.text)
		var ends []int32
		c.work = 0
		if err == nil {
			ends, err = c.insert([]int32{0}, elems)
		}
		if err != nil {
			problems = append(problems, r.file.errorAt(phrase, "rule %s, phrase %q: %v", r.ID.text, phrase.text, err))
			continue
		}
		c.grower.end(ends, number)
	}
	return errors.Join(problems...)
}

// The bounds of one phrase: the ways through it, and the words and groups that
// its lists come to.
const (
	maxBranches = 4096
	maxWork     = 100_000
)

// insert grows the trie from every node by the elements, and returns where
// they lead.
func (c *compiler) insert(from []int32, elems []elem) ([]int32, error) {
	for _, e := range elems {
		to, err := c.insertOne(from, e)
		if err != nil {
			return nil, err
		}
		if e.optional {
			to = append(to, from...)
		}
		slices.Sort(to)
		if from = slices.Compact(to); len(from) > maxBranches {
			return nil, errTooLarge
		}
	}
	return from, nil
}

func (c *compiler) insertOne(from []int32, e elem) ([]int32, error) {
	var to []int32
	if e.kind == gapElem {
		for _, at := range from {
			next, err := c.grower.step(growth{from: at, gap: int32(e.gap)})
			if err != nil {
				return nil, err
			}
			to = append(to, next)
		}
		return to, nil
	}
	words, sequences, err := c.flatten(e)
	if err != nil {
		return nil, err
	}
	if len(words) > 0 {
		used := c.home
		if c.foreign {
			used = c.abroad
		}
		for _, word := range words {
			used[word] = true
		}
		way := growth{symbol: c.set(words)}
		for _, way.from = range from {
			next, err := c.grower.step(way)
			if err != nil {
				return nil, err
			}
			to = append(to, next)
		}
	}
	for _, sequence := range sequences {
		more, err := c.insert(from, sequence)
		if err != nil {
			return nil, err
		}
		to = append(to, more...)
	}
	return to, nil
}

// flatten splits what an element accepts into single words and longer
// sequences.
func (c *compiler) flatten(e elem) (words []string, sequences [][]elem, err error) {
	if c.work++; c.work > maxWork {
		return nil, nil, errTooLarge
	}
	switch e.kind {
	case wordElem:
		return []string{e.word}, nil, nil
	case stemElem:
		return []string{e.word + "*"}, nil, nil
	case listElem:
		if e.options, err = c.list(e.word); err != nil {
			return nil, nil, err
		}
		c.open = append(c.open, e.word)
		defer func() { c.open = c.open[:len(c.open)-1] }()
	}
	for _, option := range e.options {
		if len(option) > 1 || option[0].optional {
			if err := c.check(option); err != nil {
				return nil, nil, err
			}
			sequences = append(sequences, option)
			continue
		}
		single, more, err := c.flatten(option[0])
		if err != nil {
			return nil, nil, err
		}
		words = append(words, single...)
		sequences = append(sequences, more...)
	}
	return words, sequences, nil
}

// check finds circles in sequences before they are inserted, when the lists
// that led here are no longer open.
func (c *compiler) check(elems []elem) error {
	for _, e := range elems {
		if e.kind == listElem || e.kind == groupElem {
			if _, _, err := c.flatten(e); err != nil {
				return err
			}
		}
	}
	return nil
}

// list parses the entries of a list.
func (c *compiler) list(name string) ([][]elem, error) {
	entries, ok := c.lists[name]
	if !ok {
		return nil, fmt.Errorf("no list <%s>", name)
	}
	if slices.Contains(c.open, name) {
		return nil, fmt.Errorf("list <%s> contains itself", name)
	}
	var options [][]elem
	for _, entry := range entries {
		elems, err := parsePhrase(entry.text)
		if err != nil {
			return nil, fmt.Errorf("list <%s>, line %d of %s, %q: %w", name, entry.at, c.lister[name].name, entry.text, err)
		}
		options = append(options, elems)
	}
	return options, nil
}

// set returns the symbol of a set of words.
func (c *compiler) set(words []string) symbol {
	slices.Sort(words)
	words = slices.Compact(words)
	key := strings.Join(words, " ")
	known, ok := c.sets[key]
	if !ok {
		known = symbol(len(c.members))
		c.members = append(c.members, words)
		c.sets[key] = known
	}
	return known
}

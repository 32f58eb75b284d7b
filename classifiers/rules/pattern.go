package rules

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"contactd/classifiers/fold"
)

// A phrase is written in a small language, one element after the other,
// separated by spaces:
//
//	knife        the word, in any case, width, spelling trick or script
//	strangl*     any word that begins so; at least three letters
//	word:        the word with a colon after it
//	word?        the word, or nothing
//	#            any word that begins with a digit
//	(a|b c|d*)   one of the alternatives; (…)? makes the group optional
//	<list>       one entry of the named list; <list>? is optional
//	.            the beginning or end of a sentence or a line; no word
//	..3          up to three words of any kind, none of them beyond the end of
//	             a sentence; not at the beginning or the end
//
// Apostrophes are dropped on both sides ("he's" is "hes"), and a word ending
// in 's also counts without it. English words are written as the folded text
// has them; other letters are folded here.

// elem is one parsed element.
type elem struct {
	kind     elemKind
	word     string   // of a word or stem, or the name of a list
	gap      int      // of a gap
	options  [][]elem // of a group
	optional bool
}

type elemKind uint8

const (
	wordElem elemKind = iota
	stemElem
	listElem
	gapElem
	groupElem
)

// The limits of a phrase. They keep a slip of the pen in a rule file from
// costing memory; no rule needs half of them.
const (
	maxGap     = 12
	maxNesting = 4
	minStem    = 3
)

// Words that no text holds: anyNumber stands for every word that begins with a
// digit, edge for the beginning and the end of a sentence or a line.
const (
	anyNumber = "#"
	edge      = "."
)

// parsePhrase reads a phrase.
func parsePhrase(phrase string) ([]elem, error) {
	p := parser{rest: lexPhrase(phrase)}
	elems, err := p.sequence(0)
	if err != nil {
		return nil, err
	}
	if len(p.rest) > 0 {
		return nil, fmt.Errorf("unexpected %q", p.rest[0])
	}
	return elems, nil
}

// lexPhrase cuts a phrase into words and the signs ( | ) )?.
func lexPhrase(phrase string) []string {
	spaced := strings.NewReplacer("(", " ( ", "|", " | ", ")?", " )? ", ")", " ) ").Replace(phrase)
	return strings.Fields(spaced)
}

type parser struct{ rest []string }

func (p *parser) sequence(depth int) ([]elem, error) {
	if depth > maxNesting {
		return nil, errors.New("groups nested too deeply")
	}
	var elems []elem
	for len(p.rest) > 0 && !slices.Contains([]string{"|", ")", ")?"}, p.rest[0]) {
		part := p.rest[0]
		p.rest = p.rest[1:]
		var next elem
		var err error
		if part == "(" {
			next, err = p.group(depth)
		} else {
			next, err = parseElem(part)
		}
		if err != nil {
			return nil, err
		}
		elems = append(elems, next)
	}
	return elems, checkSequence(elems, depth)
}

// group reads what follows an opening parenthesis.
func (p *parser) group(depth int) (elem, error) {
	group := elem{kind: groupElem}
	for {
		option, err := p.sequence(depth + 1)
		if err != nil {
			return elem{}, err
		}
		group.options = append(group.options, option)
		if len(p.rest) == 0 {
			return elem{}, errors.New("( without )")
		}
		sign := p.rest[0]
		p.rest = p.rest[1:]
		if sign != "|" {
			group.optional = sign == ")?"
			return group, nil
		}
	}
}

// checkSequence refuses what would match nothing, or anything: on both sides
// of every gap something must be there that is not optional, and somewhere a
// word. Only an alternative may be a mere edge.
func checkSequence(elems []elem, depth int) error {
	if depth > 0 && len(elems) == 1 && elems[0].word == edge {
		return nil
	}
	solid, word := false, false
	for _, e := range elems {
		switch {
		case e.kind != gapElem:
			here := !e.optional && e.word != edge
			solid = solid || here
			word = word || here && !e.edgy()
		case !solid:
			return errors.New("a gap must stand between words")
		default:
			solid = false
		}
	}
	if !solid || !word {
		return errors.New("a word that is not optional is missing, or missing after a gap")
	}
	return nil
}

// edgy reports whether a group may be matched by a mere edge.
func (e elem) edgy() bool {
	return slices.ContainsFunc(e.options, func(option []elem) bool { return len(option) == 1 && option[0].word == edge })
}

// parseElem reads a single word, stem, list or gap.
func parseElem(text string) (elem, error) {
	if number, ok := strings.CutPrefix(text, ".."); ok {
		n, err := strconv.Atoi(number)
		if err != nil || n < 1 || n > maxGap {
			return elem{}, fmt.Errorf("gap %q: want ..1 to ..%d", text, maxGap)
		}
		return elem{kind: gapElem, gap: n}, nil
	}
	body, optional := strings.CutSuffix(text, "?")
	if name, ok := strings.CutPrefix(body, "<"); ok {
		name, closed := strings.CutSuffix(name, ">")
		if !closed || name == "" {
			return elem{}, fmt.Errorf("list %q: want <name>", text)
		}
		return elem{kind: listElem, word: name, optional: optional}, nil
	}
	if body == anyNumber || text == edge {
		return elem{kind: wordElem, word: body, optional: optional}, nil
	}
	if strings.ContainsFunc(body, func(r rune) bool { return r >= utf8.RuneSelf }) {
		return parseWide(body, optional)
	}
	kind := wordElem
	if stem, ok := strings.CutSuffix(body, "*"); ok {
		kind, body = stemElem, stem
	}
	word := strings.ReplaceAll(body, "'", "")
	if bad := strings.IndexFunc(strings.TrimSuffix(word, ":"), notPlain); bad >= 0 || word == "" || word == ":" {
		return elem{}, fmt.Errorf("word %q: want lower-case letters and digits", text)
	}
	if kind == stemElem && len(word) < minStem {
		return elem{}, fmt.Errorf("stem %q: want at least %d letters", text, minStem)
	}
	return elem{kind: kind, word: word, optional: optional}, nil
}

// parseWide reads a word or stem with other letters than those of English. It
// becomes what the folded text will hold; signs that are words of their own, as
// in Chinese, become a sequence.
func parseWide(body string, optional bool) (elem, error) {
	body, stem := strings.CutSuffix(body, "*")
	var folded fold.Text
	fold.Fold(&folded, body, nil, len(body))
	words := make([]elem, len(folded.Tokens))
	for i := range words {
		words[i] = elem{word: string(folded.Word(i))}
	}
	switch {
	case len(words) == 0:
		return elem{}, fmt.Errorf("word %q: want letters and digits", body)
	case !stem && len(words) > 1:
		return elem{kind: groupElem, options: [][]elem{words}, optional: optional}, nil
	case stem && (len(words) > 1 || len(words[0].word) < minStem):
		return elem{}, fmt.Errorf("stem %q: want one word of at least %d letters", body, minStem)
	case stem:
		words[0].kind = stemElem
	}
	words[0].optional = optional
	return words[0], nil
}

func notPlain(r rune) bool { return !('a' <= r && r <= 'z' || '0' <= r && r <= '9') }

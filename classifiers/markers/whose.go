package markers

import (
	"sort"
	"strings"

	"contactd/classifiers/fold"
)

// How far around a sign is looked for what it belongs to, in words.
const (
	denial = 3 // before, for a negation
	before = 12
	behind = 4
)

// denied reports whether a word right before takes a sign away: "not disabled",
// "no history of dementia". Whoever is spoken of in between begins anew.
func (r *reading) denied(first int) bool {
	if r.a.negations[string(r.text.Word(first))] {
		return false // "no dont ring"
	}
	for i := first - 1; i >= max(0, first-denial); i-- {
		if r.text.Tokens[i+1].Marks&fold.AfterStop != 0 {
			return false
		}
		word := r.text.Word(i)
		denies := r.a.negations[string(word)]
		switch {
		case r.parted(i) && !r.signs(i) && (!denies || string(word) == "no"):
			return false // "hasnt come home, autistic", not "not disabled, deaf"
		case denies:
			return true
		}
		if _, person := r.a.people[string(word)]; person || turns(word) {
			return false
		}
	}
	return false
}

// parted reports whether a comma, a dash, a colon or a bracket stands behind a
// word, or a sentence ends there, or a line and the next begins with a capital.
func (r *reading) parted(at int) bool {
	if at < 0 || at+1 >= len(r.text.Tokens) {
		return false
	}
	next := r.text.Tokens[at+1]
	between := r.raw[r.text.Tokens[at].ByteEnd:next.ByteStart]
	return strings.ContainsAny(between, ",;:(–—") || strings.Contains(between, " - ") ||
		next.Marks&fold.AfterStop != 0 || next.Marks&fold.AfterEdge != 0 && next.Marks&fold.Capital != 0
}

// signs reports whether a word is part of a sign.
func (r *reading) signs(at int) bool {
	i := sort.Search(len(r.hits), func(i int) bool { return r.hits[i].First > at })
	for i--; i >= 0 && r.hits[i].First > at-widest; i-- {
		if hit := r.hits[i]; hit.ID >= 0 && hit.Last >= at && (hit.ID%uses == shows || hit.ID%uses == showsWriter) {
			return true
		}
	}
	return false
}

// turns reports whether a word begins another thought.
func turns(word []byte) bool {
	switch string(word) {
	case "and", "but", "because", "cos", "so", "who", "that", "only", "just", "when", "if", "or":
		return true
	}
	return false
}

// whose is whose a sign is.
func (r *reading) whose(of *compiled, first, last int) string {
	who := r.nearest(first, last)
	if who == writer && of.Mine != "" && (mine(r.text.Word(first)) || first > 0 && mine(r.text.Word(first-1))) {
		return of.Mine
	}
	return who
}

func mine(word []byte) bool { return string(word) == "my" || string(word) == "our" }

// nearest is whoever the words of a sign name, or the words right after them,
// or the nearest before in the same sentence.
func (r *reading) nearest(first, last int) string {
	for i := first; i <= last; i++ {
		if each, ok := r.a.people[string(r.text.Word(i))]; ok && (each.noun || i == first || each.who == writer) {
			return each.who
		}
	}
	for i := last + 1; i < min(len(r.text.Tokens), last+1+behind); i++ {
		if r.text.Tokens[i].Marks&fold.AfterEdge != 0 {
			break
		}
		word := r.text.Word(i)
		if each, ok := r.a.people[string(word)]; ok && each.noun {
			return each.who
		}
		if !r.a.between[string(word)] && r.text.Tokens[i].Marks&fold.Digit == 0 {
			break
		}
	}
	for i := first - 1; i >= max(0, first-before); i-- {
		if r.text.Tokens[i+1].Marks&fold.AfterStop != 0 {
			break
		}
		if each, ok := r.a.people[string(r.text.Word(i))]; ok {
			return each.who
		}
	}
	return ""
}

// named reports whether somebody is named at a word or right before it.
func (r *reading) named(at int) bool {
	for i := max(0, at-2); i <= at; i++ {
		if _, ok := r.a.people[string(r.text.Word(i))]; ok {
			return true
		}
	}
	return false
}

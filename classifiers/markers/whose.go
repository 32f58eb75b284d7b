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

// whose is whose a sign is; ok is false for a marker of somebody who is dead.
func (r *reading) whose(of *compiled, first, last int) (who string, ok bool) {
	at := r.nearest(first, last)
	if at < 0 {
		return "", true
	}
	who = r.a.people[string(r.text.Word(at))].who
	if who == writer && of.Mine != "" && (mine(r.text.Word(first)) || first > 0 && mine(r.text.Word(first-1))) {
		return of.Mine, true
	}
	return who, of.kind != marker || !r.dead(at)
}

// dead reports whether the words around a person say that they are: "my late
// husband", "our dad who passed away", not "home late husband" nor "passed out".
func (r *reading) dead(at int) bool {
	word := func(i int) string {
		if i < 0 || i >= len(r.text.Tokens) {
			return ""
		}
		return string(r.text.Word(i))
	}
	if !r.a.people[word(at)].noun || r.text.Tokens[at].Possessor > 0 { // "my late brother's widow" lives
		return false
	}
	switch word(at - 1) {
	case "late", "deceased":
		switch word(at - 2) {
		case "my", "our", "her", "his", "their", "your", "the":
			return true
		}
	}
	for i := at + 1; i <= at+4 && i < len(r.text.Tokens) && r.text.Tokens[i].Marks&fold.AfterStop == 0; i++ {
		switch word(i) {
		case "who", "that", "has", "had", "have", "sadly", "recently", "just":
			continue
		case "died":
			return true
		case "passed":
			return word(i+1) == "away"
		}
		return false
	}
	return false
}

func mine(word []byte) bool { return string(word) == "my" || string(word) == "our" }

// nearest is where somebody is named or pointed at by the words of a sign, or
// right after them, or before in the same sentence; -1 for nowhere.
func (r *reading) nearest(first, last int) int {
	for i := first; i <= last; i++ {
		if each, ok := r.a.people[string(r.text.Word(i))]; ok && (each.noun || i == first || each.who == writer) {
			return i
		}
	}
	for i := last + 1; i < min(len(r.text.Tokens), last+1+behind); i++ {
		if r.text.Tokens[i].Marks&fold.AfterEdge != 0 {
			break
		}
		word := r.text.Word(i)
		if each, ok := r.a.people[string(word)]; ok && each.noun {
			return i
		}
		if !r.a.between[string(word)] && r.text.Tokens[i].Marks&fold.Digit == 0 {
			break
		}
	}
	for i := first - 1; i >= max(0, first-before); i-- {
		if r.text.Tokens[i+1].Marks&fold.AfterStop != 0 {
			break
		}
		if _, ok := r.a.people[string(r.text.Word(i))]; ok {
			if i > 0 && string(r.text.Word(i)) == "who" && r.a.people[string(r.text.Word(i-1))].noun {
				i-- // "my mum who is deaf"
			}
			return i
		}
	}
	return -1
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

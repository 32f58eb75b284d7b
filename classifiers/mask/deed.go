package mask

import (
	"regexp"
	"strings"
	"sync"
	"unicode"
)

// deeds are words for what was done, which whoever reads on must read: one
// behind a name is no part of it, as in "JOHN STABBED ME", nor before a road.
// Words that roads and people are called by too are none.
const deeds = " has had have is was are were got will wont can cant just hit hits shot shoots stab stabs stabbed stabbing shooting kill kills killed killing " +
	"cut hurt hurts beat beats beating beaten punched punching kicked kicking attacked attacking attack assault assaulted assaulting raped raping rape " +
	"strangled strangling choked choking threatened threatening threatens bleeding dead died dying injured collapsed unconscious overdose overdosed " +
	"robbed robbery robbing burgled burglary burgling mugged mugging fight fighting crash crashed collision missing help please wants tried took " +
	"said says me him her them us my his "

// isDeed reports whether a word is one of them.
func isDeed(word string) bool { return strings.Contains(deeds, " "+strings.ToLower(word)+" ") }

// undone is how much of a name of several words is left before what was done.
func undone(name string) int {
	words := word.FindAllStringIndex(name, -1)
	for i, at := range words {
		if i > 0 && isDeed(name[at[0]:at[1]]) {
			return words[i-1][1]
		}
	}
	return len(name)
}

// unhappened is what is left of what looks like an address: nothing if it tells
// what happens, as in "2 men with knives in the park", and else all behind what
// was done before it.
func unhappened(words string) string {
	shouted, plain := words == strings.ToUpper(words), words
	if shouted {
		plain = strings.ToLower(words)
	}
	number, _, _ := strings.Cut(words, " ")
	if services[number] || happening().MatchString(plain) {
		return ""
	}
	numbered, behind := unicode.IsDigit(rune(words[0])), 0
	for _, at := range word.FindAllStringIndex(words, -1) {
		one := words[at[0]:at[1]]
		switch {
		case !isDeed(one):
		case !numbered:
			behind = at[1]
		case shouted || one == strings.ToLower(one): // a road has a capital
			return ""
		}
	}
	return strings.TrimLeftFunc(words[behind:], unicode.IsSpace)
}

// happening are words after a number that tell no address. The name of a road
// may hold such a word with a capital, as does St Mary at Hill.
var happening = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^\d+[a-z]?,?\s+\p{Ll}.*\b(?:in|at|with|outside|inside|from|near|behind|into|my|his|her|their|our|your|him|them|he|she|they|is|are|was|were|has|have)\b|` +
		`^\d+\s+(?:[\p{L}-]+\s+)?(?:men|man|women|woman|lads?|boys|girls|people|persons?|kids|children|youths?|males?|females?|guys|blokes|teens|teenagers|cars|vans|bikes|dogs|guns|knives|shots|hours?|hrs|minutes?|mins?|days?|weeks?|months?|years?|bod(?:y|ies)|robbers|burglars|intruders|bullets|bombs?|bottles|pills|tablets|paracetamols?|ibuprofens?|dead|hurt|injured|wounds?|stabs?|stabbed|shot|killed|attacked|missing)\s`)
})

package markers

import (
	"strings"

	"contactd/classifiers/fold"
	"contactd/classifiers/phrase"
)

// numbers are the words for the numbers that ages are written with.
func numbers() map[string]int {
	return map[string]int{
		"two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
		"ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16, "seventeen": 17,
		"eighteen": 18, "nineteen": 19, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70,
		"eighty": 80, "ninety": 90,
	}
}

// oldest is the highest number that is read as an age, in years.
const oldest = 115

// stated is an age in years and the words that state it. It is loose when it
// would be one only of somebody who is named right before.
type stated struct {
	years, first, last int
	loose              bool
}

// ageOf reads the number of a token as an age when the words around say that it
// is one: "84 year old", "14yo", "aged 84", "im 14", "my son (12)".
func ageOf(text *fold.Text, raw string, at, number, last int) (stated, bool) {
	unit, size := unitAfter(text, last)
	switch {
	case number < 0 || number > oldest:
		return stated{}, false
	case unit == "months":
		return stated{0, at, last + size, false}, true
	case unit == "years":
		return stated{number, at, last + size, false}, true
	case at > 0 && ages(text.Word(at-1)):
		return stated{number, at - 1, last, false}, true
	case at > 0 && says(text.Word(at-1)) && closed(text, raw, last):
		return stated{number, at - 1, last, true}, true
	case at > 0 && bracketed(text, raw, at, last) && text.Tokens[at-1].Marks&fold.Capital != 0:
		return stated{number, at, last, false}, true // "Jayden (13)"
	case at > 0 && strings.ContainsAny(raw[text.Tokens[at-1].ByteEnd:text.Tokens[at].ByteStart], ",(") && fenced(raw, text.Tokens[last].ByteEnd):
		return stated{number, at, last, true}, true
	}
	return stated{}, false
}

// unitAfter names the unit of an age that follows a number ("year old", "yo",
// "months old"), and how many words it takes.
func unitAfter(text *fold.Text, at int) (unit string, size int) {
	if at+1 >= len(text.Tokens) {
		return "", 0
	}
	var second []byte
	if at+2 < len(text.Tokens) {
		second = text.Word(at + 2)
	}
	switch string(text.Word(at + 1)) {
	case "yo", "yearold", "yearolds", "yrold":
		return "years", 1
	case "y":
		unit = "o"
	case "year", "years", "yr", "yrs":
		unit = "years"
	case "month", "months", "mth", "mths", "week", "weeks", "wk", "wks", "day", "days":
		unit = "months"
	}
	switch string(second) {
	case "old":
		return unit, 2
	case "olds":
		return unit, 2
	case "of":
		if at+3 < len(text.Tokens) && string(text.Word(at+3)) == "age" {
			return unit, 3
		}
	case "o":
		if unit == "o" {
			return "years", 2
		}
	}
	return "", 0
}

// ages reports whether the word before a number says that it is an age.
func ages(word []byte) bool {
	switch string(word) {
	case "aged", "age", "turned", "turning":
		return true
	}
	return false
}

// says reports whether the word before a number makes it an age of somebody who
// is named: "im 14", "she is 84".
func says(word []byte) bool {
	switch string(word) {
	case "im", "iam", "am", "hes", "shes", "is", "only", "just":
		return true
	}
	return false
}

// closed reports whether nothing that could be counted follows: "im 15 and", not
// "im 15 minutes away".
func closed(text *fold.Text, raw string, at int) bool {
	if at+1 >= len(text.Tokens) || text.Tokens[at+1].Marks&fold.AfterEdge != 0 || fenced(raw, text.Tokens[at].ByteEnd) {
		return true
	}
	switch string(text.Word(at + 1)) {
	case "and", "but", "so", "with", "he", "she", "they", "my", "pls", "please", "i", "im", "who", "has", "have", "just", "now",
		"next", "tomorrow", "today", "live", "living", "from", "dont", "cant", "been", "gone", "went", "his", "her", "an", "n":
		return true
	}
	return false
}

// fenced reports whether a sign ends the piece of text before a byte.
func fenced(raw string, at int32) bool {
	rest := strings.TrimLeft(raw[at:], " ")
	return rest == "" || strings.ContainsRune(",).;!?\n-–", []rune(rest[:min(len(rest), 4)])[0])
}

// bracketed reports whether brackets stand around the words.
func bracketed(text *fold.Text, raw string, first, last int) bool {
	return strings.HasSuffix(raw[:text.Tokens[first].ByteStart], "(") && strings.HasPrefix(raw[text.Tokens[last].ByteEnd:], ")")
}

// numeral reads a token such as "84" or "14yo": the number, and whether the
// letters behind it are the unit of an age.
func numeral(word []byte) (number int, aged, ok bool) {
	digits := 0
	for digits < len(word) && '0' <= word[digits] && word[digits] <= '9' {
		digits++
	}
	if digits == 0 || digits > 3 {
		return 0, false, false
	}
	for _, c := range word[:digits] {
		number = number*10 + int(c-'0')
	}
	switch string(word[digits:]) {
	case "":
		return number, false, true
	case "yo", "yr", "yrs", "yearold":
		return number, true, true
	}
	return 0, false, false
}

// ages finds the ages that a text states.
func (r *reading) ages(raw string, spans bool) {
	hits := r.hits
	for i := 0; i < len(r.text.Tokens); i++ {
		for len(hits) > 0 && hits[0].First < i {
			hits = hits[1:]
		}
		number, last, aged := r.number(i, hits)
		if number < 0 {
			continue
		}
		age, ok := ageOf(&r.text, raw, i, number, last)
		if aged {
			age, ok = stated{number, i, last, false}, number <= oldest
		}
		i = last
		if ok && !r.thing(age) && !r.denied(age.first) && (!age.loose || r.named(age.first)) {
			r.aged(age, spans)
		}
	}
}

// number reads a number, below 0 for none, with its last word, and whether a
// unit of age is written in one with it. The hits are those from the word on.
func (r *reading) number(at int, hits []phrase.Hit) (number, last int, aged bool) {
	number = -1
	if r.text.Tokens[at].Marks&fold.Digit != 0 {
		if n, unit, ok := numeral(r.text.Word(at)); ok {
			number, aged = n, unit
		}
		return number, at, aged
	}
	for _, hit := range hits {
		switch {
		case hit.First > at+1 || hit.First > at && number < 20:
			return number, at, false
		case hit.ID >= 0:
		case hit.First == at:
			number = -hit.ID
		case -hit.ID < 10:
			return number - hit.ID, at + 1, false // eighty-four
		}
	}
	return number, at, false
}

// aged adds the entries that an age shows.
func (r *reading) aged(age stated, spans bool) {
	for number := range r.a.entries {
		if each := &r.a.entries[number]; each.Age != nil && each.Age.holds(age.years) {
			first, last := r.text.Tokens[age.first], r.text.Tokens[age.last]
			r.add(number, r.whose(each, age.first, age.last), phrase.Hit{Start: int(first.Start), End: int(last.End)}, spans)
		}
	}
}

// thing reports whether an age is that of a thing or an animal, named right
// before or behind it in the same sentence: "the car is 14 years old", "a 14 year
// old dog". Whoever is spoken of in between has the age.
func (r *reading) thing(age stated) bool {
	for i := age.last + 1; i <= min(len(r.text.Tokens)-1, age.last+2) && r.text.Tokens[i].Marks&fold.AfterEdge == 0; i++ {
		if r.a.things[string(r.text.Word(i))] {
			return true
		}
	}
	for i := age.first; i >= max(0, age.first-3); i-- {
		word := r.text.Word(i)
		if _, person := r.a.people[string(word)]; person {
			return false
		}
		if i < age.first && r.a.things[string(word)] {
			return true
		}
		if r.text.Tokens[i].Marks&fold.AfterStop != 0 {
			return false
		}
	}
	return false
}

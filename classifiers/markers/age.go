package markers

import (
	"strings"
	"unicode"
	"unicode/utf8"

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
	case says(text, at-1) && closed(text, raw, last):
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
// is named: "im 14", "she is 84", "he was only 9", but not "he paid only 9".
func says(text *fold.Text, at int) bool {
	if at < 0 {
		return false
	}
	switch string(text.Word(at)) {
	case "im", "iam", "am", "hes", "shes", "is":
		return true
	case "only", "just":
		if at == 0 {
			return false
		}
		switch string(text.Word(at - 1)) {
		case "im", "iam", "am", "hes", "shes", "is", "was", "are", "theyre", "were", "he", "she":
			return true
		}
	}
	return false
}

// closed reports whether nothing that could be counted follows: "im 15 and", not
// "im 15 minutes away".
func closed(text *fold.Text, raw string, at int) bool {
	if at+1 >= len(text.Tokens) || text.Tokens[at+1].Marks&fold.AfterEdge != 0 || fenced(raw, text.Tokens[at].ByteEnd) {
		return true
	}
	if text.Tokens[at+1].Marks&fold.Digit != 0 && strings.Contains("-–/", raw[text.Tokens[at].ByteEnd:text.Tokens[at+1].ByteStart]) {
		return closed(text, raw, at+1) // 14-15
	}
	switch string(text.Word(at + 1)) {
	case "and", "but", "so", "with", "he", "she", "they", "my", "pls", "please", "i", "im", "who", "has", "have", "just", "now",
		"next", "tomorrow", "today", "live", "living", "from", "dont", "cant", "been", "gone", "went", "his", "her", "an", "n":
		return true
	}
	return false
}

// fenced reports whether a sign ends the piece of text before a byte. The point
// of 5.10 and the hyphen of 10-15 end none.
func fenced(raw string, at int32) bool {
	rest := strings.TrimLeft(raw[at:], " ")
	sign, size := utf8.DecodeRuneInString(rest)
	behind, _ := utf8.DecodeRuneInString(rest[size:])
	return rest == "" || strings.ContainsRune(",).;!?\n-–", sign) && !unicode.IsDigit(behind)
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
func (r *reading) ages(questions []question, spans bool) {
	hits := r.hits
	for i := 0; i < len(r.text.Tokens); i++ {
		for len(hits) > 0 && hits[0].First < i {
			hits = hits[1:]
		}
		number, last, aged := r.number(i, hits)
		if number < 0 {
			continue
		}
		age, ok := ageOf(&r.text, r.raw, i, number, last)
		if aged {
			age, ok = stated{number, i, last, false}, number <= oldest
		}
		i = last
		if ok && !r.thing(age) && !r.denied(age.first) && (!age.loose || r.named(age.first)) {
			r.aged(age, questions, spans)
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
func (r *reading) aged(age stated, questions []question, spans bool) {
	hit := phrase.Hit{Start: int(r.text.Tokens[age.first].Start), End: int(r.text.Tokens[age.last].End)}
	if asked(questions, hit) {
		return
	}
	for number := range r.a.entries {
		each := &r.a.entries[number]
		if each.Age == nil || !each.Age.holds(age.years) {
			continue
		}
		if who, ok := r.whose(each, age.first, age.last); ok {
			r.add(number, who, hit, spans)
		}
	}
}

// thing reports whether an age is that of a thing or an animal, named right
// before or behind it in the same sentence: "the car is 14 years old", "a 14 year
// old dog". Whoever is spoken of in between has the age, and whoever a car hit.
func (r *reading) thing(age stated) bool {
	before := r.attributive(age)
	for i := age.last + 1; before && i <= min(len(r.text.Tokens)-1, age.last+2) && !r.parted(i-1) && !joins(r.text.Word(i)); i++ {
		if r.a.things[string(r.text.Word(i))] {
			return !r.somebody(i + 1)
		}
	}
	if _, person := r.a.people[string(r.text.Word(age.first))]; person || r.somebody(age.last+1) {
		return false
	}
	linked := links(r.text.Word(age.first))
	for i := age.first - 1; i >= max(0, age.first-3) && r.text.Tokens[i+1].Marks&fold.AfterStop == 0; i-- {
		word := r.text.Word(i)
		_, person := r.a.people[string(word)]
		switch {
		case person || article(word):
			return false
		case r.a.things[string(word)]:
			return linked || i == age.first-1 && !before
		}
		linked = linked || links(word)
	}
	return false
}

// attributive reports whether an age is said as before the name of what has it:
// "a 14 year old dog", "14yo".
func (r *reading) attributive(age stated) bool {
	switch string(r.text.Word(age.last)) {
	case "old":
		return !strings.HasSuffix(string(r.text.Word(age.last-1)), "s")
	case "yo", "o", "yearold", "yearolds", "yrold":
		return true
	}
	return r.text.Tokens[age.last].Marks&(fold.Digit|fold.Letter) == fold.Digit|fold.Letter
}

// somebody reports whether a word names a person and belongs to the one before.
func (r *reading) somebody(at int) bool {
	return at < len(r.text.Tokens) && !r.parted(at-1) && r.a.people[string(r.text.Word(at))].noun
}

// links reports whether a word joins an age to what has it.
func links(word []byte) bool {
	switch string(word) {
	case "is", "was", "are", "were", "its", "thats", "aged", "about", "only", "just", "now", "nearly", "over":
		return true
	}
	return false
}

// joins reports whether a word leads from whoever has an age to something else:
// "my 15 year old over pictures".
func joins(word []byte) bool {
	switch string(word) {
	case "in", "on", "at", "to", "of", "by", "for", "from", "with", "and", "over", "into", "off", "out", "about", "took", "has", "is":
		return true
	}
	return false
}

func article(word []byte) bool {
	return string(word) == "a" || string(word) == "an" || string(word) == "the"
}

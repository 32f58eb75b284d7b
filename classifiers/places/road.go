package places

import (
	"strings"

	"contactd/contact"
)

// Words for roads. Of the strong ones few mean anything else; they count with
// small letters too, after a word that may be a name. The others count with a
// capital, or with a house number.
type roadWord byte

const (
	noRoad roadWord = iota
	weak
	strong
	fronted // come before the name, as in Welsh, and are strong behind it
)

// asRoad says what a word is as a word for a road. Every word is asked.
func asRoad(word string) roadWord {
	switch word {
	case "road", "rd", "street", "lane", "avenue", "ave", "crescent", "cres", "terrace", "boulevard", "mews":
		return strong
	case "heol", "ffordd", "stryd", "lôn":
		return fronted
	case "st", "ln", "close", "cl", "drive", "dr", "way", "grove", "gardens", "gdns", "square", "sq", "court", "ct",
		"place", "pl", "walk", "row", "parade", "rise", "hill", "view", "green", "park", "gate", "bank", "estate",
		"fields", "wharf", "quay", "broadway", "bridge", "roundabout":
		return weak
	}
	return noRoad
}

// mostRoad is how many words a road may have before its word for a road: a
// flat and its number, the house, the name.
const mostRoad = 6

// roadNear reports whether a word for a road is near enough for a road to
// begin at a word: few words have one, and to read on for all of them would
// take most of the time. Words are asked about in their order.
func (t *text) roadNear(at int) bool {
	for t.road < len(t.words) && (t.road < at || t.words[t.road].road == noRoad) {
		t.road++
	}
	return t.road < len(t.words) && t.road <= at+mostRoad
}

// noName reports whether a word does not name the road before which it stands.
func noName(word string) bool {
	switch word {
	case "the", "a", "an", "my", "our", "your", "his", "her", "their", "its", "this", "that", "these", "those", "same",
		"other", "another", "next", "any", "some", "which", "what", "whole", "entire", "one", "every", "each", "no",
		"main", "busy", "dark", "quiet", "side", "back", "slip", "wrong", "right", "left", "cross", "country", "bus",
		"cycle", "single", "fast", "slow", "middle", "inside", "outside", "hard", "narrow", "wet", "icy", "public",
		"private", "residential", "open", "long", "short", "dirt", "dead", "off", "on", "in", "at", "to", "of", "by",
		"for", "from", "and", "or", "up", "down", "into", "onto", "along", "across", "over", "under", "out", "near",
		"around", "round", "through", "is", "are", "was", "were", "be", "am", "pm", "been", "being", "has", "have", "had",
		"do", "did", "get", "got", "go", "goes", "going", "went", "take", "took", "it", "we", "they", "he", "she", "you",
		"i", "u", "im", "ive", "me", "him", "them", "us", "if", "so", "as", "not", "but", "can", "could", "will", "would",
		"who", "where", "when", "how", "why", "local", "all", "more", "car", "road", "street", "lane", "big", "small",
		"nice", "new", "old-fashioned", "tow", "hate", "love", "memory", "easy", "ring", "two", "three", "four", "five",
		"ur", "da":
		return true
	}
	return false
}

// notRoad reports whether a word for a road before this word is none.
func notRoad(word string) bool {
	switch word {
	case "light", "lights", "lighting", "lamp", "lamps", "lamppost", "works", "work", "rage", "tax", "sign", "signs",
		"sweeper", "sweeping", "food", "party", "closed", "closure", "level", "legal", "safety", "dealer", "dealers",
		"worth", "user", "users", "cleaning", "cleaner", "name", "market", "racing", "race":
		return true
	}
	return false
}

// road reads a road with its house number before it and its town after it,
// such as "12a Mill Lane, Beverley".
func road(t *text, at int) *found {
	if !t.roadNear(at) {
		return nil
	}
	// The words of one name: a house, then up to three words, then the road.
	first, name := at, at
	flat := among(t.words[at].low, " flat apartment apt unit plot ")
	if flat && house(t.at(at+1).as) {
		name = at + 2
	} else if among(t.words[at].low, " no number nr ") && house(t.at(at+1).as) {
		first, name = at+1, at+1
	}
	if name > at && t.words[name-1].stop {
		return nil
	}
	numbered := name > at && flat
	if house(t.at(name).as) && !t.at(name).stop {
		numbered = true
		name++
	}
	last := roadEnd(t, name, numbered)
	if last < 0 {
		return nil
	}
	f := &found{Location: contact.Location{Form: "road", Confidence: "low"}, start: t.words[first].start, end: t.words[last].end}
	if numbered {
		f.Form, f.Confidence = "address", "medium"
	}
	if town := townEnd(t, last); town > last {
		last = town
		f.end, f.Confidence = t.words[last].end, "medium"
	}
	f.words = last - at + 1
	return f
}

// roadEnd is the last word of the road's own name that begins at name, -1 for
// none.
func roadEnd(t *text, name int, numbered bool) int {
	if t.at(name).road == fronted && capital(t.at(name).as) {
		own := name + 1
		if among(t.at(own).low, " y yr ") {
			own++ // Heol y Parc
		}
		if capital(t.at(own).as) && letters(t.at(own).as) {
			return lastCapital(t, own, 2)
		}
	}
	last := -1
	for n := 1; n <= 3; n++ {
		prior, w := t.at(name+n-1), t.at(name+n)
		if prior.stop && prior.low != "st" || prior.comma || !named(prior) {
			break
		}
		if !capital(prior.as) && n > 1 && (!numbered || capital(t.at(name).as)) || capital(prior.as) && !capital(t.at(name).as) {
			break
		}
		if w.road == noRoad {
			continue
		}
		isStrong := w.road != weak
		if !w.comma && !w.stop && notRoad(t.at(name+n+1).low) {
			break
		}
		shouting := strings.ToUpper(prior.as) == prior.as && len(prior.as) > 1
		switch {
		case numbered && len(prior.low) > 2,
			capital(prior.as) && len(prior.as) > 1 && (isStrong || capital(w.as) && !shouting),
			isStrong && n == 1 && len(prior.low) > 2 && placed(t, name):
			last = name + n
		}
	}
	return last
}

// named reports whether a word may belong to the name of a road.
func named(w *word) bool {
	return letters(w.as) && w.as[0] != '-' && !noName(w.low)
}

// placed reports whether the word before says that a place follows.
func placed(t *text, at int) bool {
	return among(t.at(at-1).low, " on in at near off along down of outside by onto into up and opposite behind from is ")
}

// house reports whether s is a house number: 12, 12a, 12-14, 7/2.
func house(s string) bool {
	if s == "" || len(s) > 7 || !isDigit(s[0]) || s[0] == '0' {
		return false
	}
	figures := strings.TrimRight(strings.ToLower(s), "abcdefgh")
	if len(s)-len(figures) > 1 {
		return false
	}
	a, b, ranged := strings.Cut(figures, "-")
	if !ranged {
		a, b, ranged = strings.Cut(figures, "/")
	}
	return digits(a) && len(a) <= 4 && (!ranged || digits(b) && len(b) <= 4)
}

// townEnd is the last word of a town after the road that ends at last: after a
// comma or "in", words with capitals. It is last when there is none.
func townEnd(t *text, last int) int {
	w := &t.words[last]
	next := last + 1
	switch {
	case w.stop:
		return last
	case t.at(next).low == "in" && !w.comma:
		next++
	case !w.comma:
		return last
	}
	if !capital(t.at(next).as) || !letters(t.at(next).as) || noName(t.at(next).low) || len(t.at(next).as) < 3 || t.at(next).low == "there" {
		return last
	}
	return lastCapital(t, next, 2)
}

// lastCapital follows words with capitals from at on, at most more of them.
func lastCapital(t *text, at, more int) int {
	for ; more > 0 && !t.at(at).comma && !t.at(at).stop; more-- {
		next := t.at(at + 1)
		joined := among(next.low, " upon on under le la the by y yr ") && capital(t.at(at+2).as) && !capital(next.as)
		switch {
		case joined && more > 1 && letters(t.at(at+2).as):
			at += 2
		case capital(next.as) && letters(next.as) && !noName(next.low):
			at++
		default:
			return at
		}
	}
	return at
}

// numberedRoad reads a motorway or a numbered road, such as "the M6" and
// "A38 northbound", with the junction that follows. Paper, vitamins and
// grades have such names too: something must call it a road.
func numberedRoad(t *text, at int) *found {
	w := &t.words[at]
	if !w.figures {
		return nil
	}
	if next := t.at(at + 1); junction(w.low) && !w.stop && roadNumber(next) != "" { // "J15 M6"
		return &found{Location: contact.Location{Form: "road", Confidence: "medium"}, start: w.start, end: roadNumberEnd(t, next), words: 2}
	}
	name := roadNumber(w)
	if name == "" {
		return nil
	}
	last, took, called := w, 1, junction(t.at(at-1).low) || house(t.at(at-1).as) && among(t.at(at-2).low, " j junction jct ")
	// "M6 J15", "M6 junction 15"; "J15 of the M6" reads as the road alone.
	if next := t.at(at + 1); !w.stop {
		switch {
		case junction(next.low):
			last, took, called = next, 2, true
		case among(next.low, " j junction jct ") && house(t.at(at+2).as):
			last, took, called = t.at(at+2), 3, true
		case among(next.low, " northbound southbound eastbound westbound nb sb eb wb clockwise anticlockwise slip roundabout carriageway towards between near "):
			called = true
		}
	}
	motorway := name[0]|0x20 == 'm'
	prior := t.at(at - 1).low
	called = called || prior == "the" && (among(t.at(at-2).low, " on off along down up from of onto near to by ") || motorway) ||
		among(prior, " along onto ") || motorway && among(prior, " on off ") && capital(name)
	if !called || !motorway && !capital(name) {
		return nil
	}
	confidence := "low"
	if took > 1 {
		confidence = "medium"
	}
	return &found{Location: contact.Location{Form: "road", Confidence: confidence}, start: w.start, end: roadNumberEnd(t, last), words: took}
}

// roadNumber is what a word says of a numbered road, such as M6 or A1 of A1(M),
// empty for none.
func roadNumber(w *word) string {
	name := strings.TrimSuffix(w.as, "(M")
	if len(name) < 2 || len(name) > 5 || !strings.ContainsRune("MABmab", rune(name[0])) || !digits(name[1:]) || name[1] == '0' {
		return ""
	}
	return name
}

// roadNumberEnd is where a word ends, with the bracket of A1(M).
func roadNumberEnd(t *text, w *word) int {
	if strings.HasSuffix(w.as, "(M") && strings.HasPrefix(t.raw[w.end:], ")") {
		return w.end + 1
	}
	return w.end
}

// junction reports whether a word is a junction, such as j15 or j4a.
func junction(low string) bool {
	return len(low) > 1 && len(low) < 5 && low[0] == 'j' && house(low[1:])
}

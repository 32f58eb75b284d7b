package places

import (
	"strings"

	"contactd/contact"
)

// areas are the 124 postcode areas of the United Kingdom with the Crown
// dependencies (Royal Mail, Programmers' Guide to the Postcode Address File).
const areas = " AB AL B BA BB BD BH BL BN BR BS BT CA CB CF CH CM CO CR CT CV CW DA DD DE DG DH DL DN DT DY E EC EH EN EX FK FY G GL GU GY HA HD HG HP HR HS HU HX IG IM IP IV JE KA KT KW KY L LA LD LE LL LN LS LU M ME MK ML N NE NG NN NP NR NW OL OX PA PE PH PL PO PR RG RH RM S SA SE SG SK SL SM SN SO SP SR SS ST SW SY TA TD TF TN TQ TR TS TW UB W WA WC WD WF WN WR WS WV YO ZE "

// lettered are the areas, all in London, with districts that end in a letter.
const lettered = " E EC N NW SE SW W WC "

// units are what lower-case "2nd" or "5ft" is when it is no inward code.
const units = " st nd rd th ft hr pt lb yd pp ph dd "

// postcode reads one in one word or two. Of an outward code alone only what is
// called a postcode counts.
func postcode(t *text, at int) *found {
	w := &t.words[at]
	if len(w.as) < 2 || len(w.as) > 8 || !w.figures || t.numbered(at) {
		return nil
	}
	if n := len(w.as); n >= 5 && n <= 7 && outward(w.as[:n-3]) && inward(w.as[n-3:]) &&
		capital(w.as) == capital(w.as[n-1:]) && (n > 5 || capital(w.as)) {
		return stated(w, w, sureness(w.as))
	}
	if !outward(w.as) {
		return nil
	}
	next := t.at(at + 1)
	if !w.comma && !w.stop && inward(next.as) && !among(next.low[1:], unitsUnless(next.as)) {
		return stated(w, next, sureness(w.as+next.as))
	}
	if t.preceded(at, 3, " postcode postcode: post-code ") {
		return stated(w, w, "low")
	}
	return nil
}

func stated(first, last *word, confidence string) *found {
	words := 1
	if last != first {
		words = 2
	}
	return &found{Location: contact.Location{Form: "postcode", Confidence: confidence}, start: first.start, end: last.end, words: words}
}

// sureness is high for a code in capitals: few other things look like one.
func sureness(code string) string {
	if strings.ToUpper(code) == code {
		return "high"
	}
	return "medium"
}

// unitsUnless is the list of units, none for a code in capitals.
func unitsUnless(code string) string {
	if strings.ToUpper(code) == code {
		return ""
	}
	return units
}

// outward reports whether s is an area and a district, such as "SW1A".
func outward(s string) bool {
	n := 0
	for n < len(s) && isLetter(s[n]) {
		n++
	}
	if n < 1 || n > 2 || !strings.Contains(areas, " "+strings.ToUpper(s[:n])+" ") {
		return false
	}
	district := s[n:]
	switch len(district) {
	case 1:
		return isDigit(district[0])
	case 2:
		return isDigit(district[0]) && (isDigit(district[1]) && district[0] != '0' ||
			isLetter(district[1]) && strings.Contains(lettered, " "+strings.ToUpper(s[:n])+" "))
	}
	return false
}

// inward reports whether s is a sector and a unit, such as "1AA". The letters
// C I K M O V are not used there.
func inward(s string) bool {
	return len(s) == 3 && isDigit(s[0]) && isLetter(s[1]) && isLetter(s[2]) &&
		!strings.ContainsAny(strings.ToUpper(s[1:]), "CIKMOV")
}

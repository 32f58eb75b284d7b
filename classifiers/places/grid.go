package places

import (
	"strconv"
	"strings"

	"contactd/contact"
)

// squares are the 100 km squares of the British National Grid that hold land
// (Ordnance Survey, Using the National Grid).
const squares = " HP HT HU HW HX HY HZ NA NB NC ND NF NG NH NJ NK NL NM NN NO NR NS NT NU NW NX NY NZ OV SC SD SE SH SJ SK SM SN SO SP SR SS ST SU SV SW SX SY SZ TA TF TG TL TM TQ TR TV "

// alsoWords are squares that are words, or begin other numbers, as well.
const alsoWords = " NO SO SE "

// irish are the squares of the Irish Grid that hold land (Ordnance Survey of
// Northern Ireland).
const irish = " B C D F G H J L M N O Q R S T V W X "

// grid reads an Ordnance Survey grid reference: two letters and an even number
// of digits, in up to three words. Six digits and more count by themselves in
// capitals; four, or small letters, only when called a grid reference, as all
// that have one letter, of the Irish Grid.
func grid(t *text, at int) *found {
	w := &t.words[at]
	lead := 2
	if len(w.as) == 1 || len(w.as) > 1 && isDigit(w.as[1]) {
		lead = 1
	}
	if len(w.as) < lead || !isLetter(w.as[0]) || !isLetter(w.as[lead-1]) {
		return nil
	}
	figures, last, took := w.as[lead:], w, 1
	grouped := figures == ""
	if grouped && !digits(t.at(at+1).as) || !grouped && !digits(figures) {
		return nil
	}
	square := strings.ToUpper(w.as[:lead])
	if !strings.Contains(squares, " "+square+" ") && !strings.Contains(irish, " "+square+" ") {
		return nil
	}
	lengths := []int{}
	if figures != "" {
		lengths = append(lengths, len(figures))
	}
	for took < 3 && len(figures) < 10 && digits(t.at(at+took).as) && !last.comma && !last.stop {
		if n := len(figures); n >= 6 && n%2 == 0 && len(t.at(at+took).as) != n {
			break // "SK12345678 2 walkers"
		}
		last = t.at(at + took)
		figures += last.as
		lengths = append(lengths, len(last.as))
		took++
	}
	called := t.preceded(at, 5, " grid gridref os osgr osni ngr ") || t.preceded(at, 2, " mapref ")
	even := len(lengths) == 1 || len(lengths) == 2 && lengths[0] == lengths[1]
	switch n := len(figures); {
	case n < 4 || n > 10 || n%2 != 0 || !even:
		return nil
	case called:
	case n == 4, lead == 1, square != w.as[:lead], strings.Contains(alsoWords, " "+square+" "), t.numbered(at):
		return nil
	case among(t.at(at+took).low, " a b c d ") && n == 6: // a National Insurance number
		return nil
	}
	confidence := "low"
	if grouped {
		confidence = "medium"
	}
	if called {
		confidence = "high"
	}
	if lead == 1 {
		return &found{Location: contact.Location{Form: "irish_grid", Confidence: confidence}, start: w.start, end: last.end, words: took}
	}
	e, n, accuracy := metres(square, figures)
	return &found{
		Location: contact.Location{Form: "grid", Confidence: confidence, Easting: &e, Northing: &n, AccuracyM: &accuracy},
		start:    w.start, end: last.end, words: took,
	}
}

// metres turns a grid reference into the south-west corner of its square on
// the British National Grid, and the side of the square.
func metres(square, figures string) (easting, northing, side float64) {
	place := func(c byte) (x, y int) { // in a square of five by five letters, I left out
		i := int(c - 'A')
		if c > 'I' {
			i--
		}
		return i % 5, 4 - i/5
	}
	x1, y1 := place(square[0])
	x2, y2 := place(square[1])
	half := len(figures) / 2
	side = 100_000
	for range half {
		side /= 10
	}
	x, _ := strconv.Atoi(figures[:half])
	y, _ := strconv.Atoi(figures[half:])
	// The first letter's grid begins two squares west and one south of S.
	return float64((x1-2)*500_000+x2*100_000) + float64(x)*side, float64((y1-1)*500_000+y2*100_000) + float64(y)*side, side
}

// property reads "UPRN 100012345678" and "USRN 12345678".
func property(t *text, at int) *found {
	w, next := &t.words[at], t.at(at+1)
	if (w.low != "uprn" && w.low != "usrn") || !digits(next.as) || len(next.as) > 12 {
		return nil
	}
	f := &found{Location: contact.Location{Form: w.low, Confidence: "high"}, start: next.start, end: next.end, words: 2}
	if w.low == "uprn" {
		f.UPRN = next.as
	} else {
		f.USRN = next.as
	}
	return f
}

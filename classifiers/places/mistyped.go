package places

import "strings"

// mistyped reads a postcode in capitals with the letter O for a nought or I for
// a one, as telephones make people type it. A real figure must stand in it. What
// has O for the first figure of its inward code looks like the registration of a
// vehicle, and counts only where an address or the word for a place goes before.
func mistyped(t *text, at int) *found {
	w, last := &t.words[at], &t.words[at]
	out, in := w.as, ""
	switch n := len(out); {
	case n < 2 || n > 7 || !capitals(out):
		return nil
	case n > 4:
		out, in = out[:n-3], out[n-3:]
	case !w.comma && !w.stop:
		last = t.at(at + 1)
		in = last.as
	}
	if len(in) != 3 || !capitals(in) || !figures(out+in) || among(strings.ToLower(in), outOfWords) || t.numbered(at) {
		return nil
	}
	readOut, okOut := readOutward(out)
	readIn := asFigure(in[:1]) + in[1:]
	if !okOut || !inward(readIn) || readOut+readIn == out+in || among(strings.ToLower(in[1:]), units) {
		return nil
	}
	if in[0] == 'O' && readOut == out && !t.preceded(at, 3, " postcode postcode: post-code ") && !t.places(at) {
		return nil
	}
	return stated(w, last, "medium")
}

// outOfWords are words that an inward code with O or I looks like.
const outOfWords = " oaf oap oar oat odd ode off old one ops opt ore our out owe owl own ied ill inn ire its "

// places reports whether an address or a word for a place stands right before.
func (t *text) places(at int) bool {
	before := t.at(at - 1)
	return at > 0 && (before.comma || before.road != noRoad || among(before.low, " at in near from outside "))
}

// readOutward reads an outward code with O and I as the figures that they must
// be. No area of one letter has a district 0: NO and SO are words.
func readOutward(s string) (read string, ok bool) {
	if outward(s) {
		return s, true
	}
	for area := 2; area > 0; area-- {
		if len(s) <= area {
			continue
		}
		for _, figures := range []int{len(s), area + 1} { // the last may be a letter
			read = s[:area] + asFigure(s[area:figures]) + s[figures:]
			if outward(read) && (area == 2 || read[1:] != "0") {
				return read, true
			}
		}
	}
	return "", false
}

func asFigure(s string) string {
	return strings.Map(func(r rune) rune {
		switch r {
		case 'O':
			return '0'
		case 'I':
			return '1'
		}
		return r
	}, s)
}

// capitals reports whether s holds capital letters and figures alone.
func capitals(s string) bool {
	for i := range len(s) {
		if !isDigit(s[i]) && (s[i] < 'A' || s[i] > 'Z') {
			return false
		}
	}
	return true
}

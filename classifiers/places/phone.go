package places

import (
	"strings"

	"contactd/contact"
)

// phone reads a telephone number: a British one with its leading 0, +44 or 0044,
// or another with its + or, in groups, its 00. Spaces, hyphens, dots and brackets may divide it.
func phone(t *text, at int) *found {
	w := &t.words[at]
	if !w.figures {
		return nil
	}
	// The bracket of "(01632) 960417" was cut off the word.
	start := w.start
	if start > 0 && t.raw[start-1] == '(' && (strings.Contains(w.as, ")") || strings.HasPrefix(t.raw[w.end:], ")")) {
		start--
	}
	if w.as[0] != '0' && w.as[0] != '+' || t.numbered(at) {
		return nil
	}
	number, last, took, first := "", w, 0, 0
	for took < 6 {
		next := t.at(at + took)
		if took > 0 && (last.comma || last.stop) || !dialled(next.as, took == 0) {
			break
		}
		more := onlyDigits(next.as)
		if len(number)+len(more) > 15 {
			break
		}
		if took == 0 {
			first = len(strings.FieldsFunc(next.as, func(r rune) bool { return r == '-' || r == '.' || r == ')' })[0])
		}
		number += more
		last = next
		took++
		if british(number, w.as[0]) == complete {
			break
		}
	}
	confidence := ""
	switch {
	case (w.as[0] == '+' || strings.HasPrefix(number, "00") || strings.HasPrefix(number, "07")) && british(number, w.as[0]) == complete:
		confidence = "high"
	case first < 3 && w.as[0] == '0': // a date or a time
	case british(number, w.as[0]) != no:
		confidence = "medium"
	case w.as[0] == '+' && !strings.HasPrefix(number, "44") && len(number) >= 9:
		confidence = "medium"
	case took > 2 && strings.HasPrefix(number, "00") && number[2] != '0' && !strings.HasPrefix(number, "0044") && len(number) >= 11:
		confidence = "medium"
	}
	if confidence == "" || confidence != "high" && digits(t.at(at+took).as) && !last.comma && !last.stop {
		return nil
	}
	role := "mentioned"
	if t.preceded(at, 6, " my me ") {
		role = "caller"
	}
	return &found{Location: contact.Location{Form: "phone", Role: role, Confidence: confidence}, start: start, end: last.end, words: took}
}

// dialled reports whether a word may be a part of a telephone number.
func dialled(s string, first bool) bool {
	if first {
		s = strings.TrimPrefix(s, "+")
	}
	return s != "" && isDigit(s[0]) && strings.Trim(s, "0123456789-.()") == ""
}

func onlyDigits(s string) string {
	return strings.Map(func(r rune) rune {
		if '0' <= r && r <= '9' {
			return r
		}
		return -1
	}, s)
}

// How far a number is a British one.
const (
	no = iota
	short
	complete
)

// british judges the digits by the National Telephone Numbering Plan (Ofcom):
// ten digits after the 0, in a few places nine; a mobile, or any number after
// +44, has ten.
func british(number string, lead byte) int {
	if rest, ok := strings.CutPrefix(number, "00"); ok && lead == '0' {
		number, lead = rest, '+'
	}
	if lead == '+' {
		rest, ok := strings.CutPrefix(number, "44")
		if !ok {
			return no
		}
		number = "0" + strings.TrimPrefix(rest, "0")
	}
	switch {
	case len(number) < 10 || len(number) > 11 || !strings.ContainsRune("123789", rune(number[1])):
		return no
	case len(number) == 11:
		return complete
	case strings.HasPrefix(number, "01") || strings.HasPrefix(number, "0800"):
		return short
	}
	return no
}

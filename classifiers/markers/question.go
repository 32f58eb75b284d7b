package markers

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"contactd/classifiers/fold"
	"contactd/classifiers/phrase"
)

// question is where the question of a form stands, in code points, and whether
// the answer is yes.
type question struct {
	from, to int
	yes      bool
}

// questions are those of the form that stand in a text.
func (r *reading) questions(raw string) []question {
	var all []question
	passed, counted := 0, 0
	for _, field := range r.fields {
		at := line(raw[passed:], field.Label)
		if at < 0 {
			continue
		}
		counted += utf8.RuneCountInString(raw[passed : passed+at])
		size := utf8.RuneCountInString(field.Label)
		all = append(all, question{counted, counted + size, affirms(field.Value)})
		passed, counted = passed+at+len(field.Label), counted+size
	}
	return all
}

// line is where a line of the text begins with a question, -1 for none.
func line(text, question string) int {
	for from := 0; question != ""; {
		at := strings.Index(text[from:], question)
		if at < 0 {
			break
		}
		if at += from; at == 0 || text[at-1] == '\n' {
			return at
		}
		from = at + len(question)
	}
	return -1
}

// affirms reports whether an answer begins with yes, in English or Welsh.
func affirms(answer string) bool {
	word := strings.ToLower(strings.TrimSpace(answer))
	if end := strings.IndexFunc(word, func(r rune) bool { return !unicode.IsLetter(r) }); end >= 0 {
		word = word[:end]
	}
	switch word {
	case "yes", "y", "true", "ydw", "ydy", "oes", "ie", "do":
		return true
	}
	return false
}

// asked reports whether a hit is in a question that was not answered with yes.
func asked(questions []question, hit phrase.Hit) bool {
	for _, each := range questions {
		if hit.Start < each.to && each.from < hit.End {
			return !each.yes
		}
	}
	return false
}

// answeredNo reports whether a line answers the words before with no: "Disabled:
// No", "Pregnant? n/a".
func (r *reading) answeredNo(last int) bool {
	at := last + 1
	if at >= len(r.text.Tokens) || !strings.ContainsAny(r.raw[r.text.Tokens[last].ByteEnd:r.text.Tokens[at].ByteStart], ":?-–") {
		return false
	}
	switch string(r.text.Word(at)) {
	case "no", "none", "nope", "na", "nil", "false", "nac", "nage":
	case "n":
		if at+1 < len(r.text.Tokens) && string(r.text.Word(at+1)) == "a" {
			at++
		}
	default:
		return false
	}
	return at+1 == len(r.text.Tokens) || r.text.Tokens[at+1].Marks&fold.AfterEdge != 0 || r.parted(at)
}

package form

import "strings"

// answer is the text behind a label.
type answer struct {
	field Field
	lines []string
	// below says that it stands below dashes, which may begin a signature.
	below bool
}

// parse takes a report apart. A line is a label alone, with the answer below;
// a label and a colon, or a question mark of its own; or a label and a tab, as
// cells of a table come. Dashes begin a signature, unless a label follows that
// has not come before: then somebody wrote them into an answer.
func (c Config) parse(text string) []answer {
	labels := map[string]Field{}
	for _, field := range c.Fields {
		labels[fold(field.Label)] = field
	}
	var answers, signed []answer // signed are those above the dashes, nil without
	seen := map[string]bool{}
	below := false
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, " \t\r\n")
		if line == "--" && signed == nil {
			signed = append([]answer{}, answers...) // with the lines that they have by now
		}
		if field, rest, ok := labelled(labels, line); ok {
			if !seen[field.Label] {
				below = below || signed != nil
				seen[field.Label], signed = true, nil
			}
			answers = append(answers, answer{field, []string{rest}, below})
		} else if len(answers) > 0 {
			last := &answers[len(answers)-1]
			last.lines = append(last.lines, strings.TrimLeft(line, "\t"))
		}
	}
	if signed != nil {
		return signed
	}
	return answers
}

// labelled splits a line that begins with a label. The colon of an answer must
// not be taken for the label's: each is tried. A question needs none.
func labelled(labels map[string]Field, line string) (field Field, rest string, ok bool) {
	line = strings.TrimLeft(line, " \t*•-")
	if before, after, found := strings.Cut(line, "\t"); found {
		if field, ok = labels[fold(before)]; ok {
			return field, strings.TrimLeft(after, "\t :"), true
		}
	}
	for at, c := range line {
		if at > maxLabel {
			return Field{}, "", false
		}
		if c == ':' || c == '：' || c == '?' {
			if field, ok = labels[fold(line[:at])]; ok && (c != '?' || strings.HasSuffix(field.Label, "?")) {
				return field, strings.TrimLeft(line[at:], ":：? \t"), true
			}
		}
	}
	field, ok = labels[fold(line)]
	return field, "", ok
}

// maxLabel is longer than any label that a person reads, in bytes.
const maxLabel = 500

// value is the answer as one text.
func (a answer) value() string { return strings.TrimSpace(strings.Join(a.lines, "\n")) }

// line is the first line of the answer, where one line is all it can be: what
// follows may belong to a label that is not configured.
func (a answer) line() string {
	first, _, _ := strings.Cut(a.value(), "\n")
	return strings.Join(strings.Fields(first), " ")
}

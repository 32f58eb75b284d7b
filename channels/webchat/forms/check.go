package forms

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// problem is what is wrong with an answer, or why a file was not taken.
type problem struct {
	// Field is empty when no field is to blame.
	Field string `json:"field,omitempty"`
	// Code is one of our words "error.<code>".
	Code string `json:"code"`
	// File is the name of a file.
	File string `json:"file,omitempty"`
	// count is the length of a text that is too long.
	count int
}

// soft reports whether a message is taken all the same: it is our doing, and
// the person cannot mend it.
func (p problem) soft() bool { return p.Code == "file_slow" || p.Code == "file_full" }

// answer is one answer as it is kept: with the question as it was read. It is
// part of originals: fields are added, never changed.
type answer struct {
	Name  string `json:"name"`
	Label string `json:"label"`
	Kind  Kind   `json:"kind,omitempty"`
	Role  Role   `json:"role,omitempty"`
	Place string `json:"place,omitempty"`
	// Values are for programs; Shown is what the person chose, where that is
	// something else.
	Values []string `json:"values"`
	Shown  []string `json:"shown,omitempty"`
}

// foreignLimit is how many answers to questions that a form does not ask are
// kept: an old page in somebody's browser may have some.
const foreignLimit = 20

// check reads the answers in the order of the form, and says what is wrong. An
// answer that is wrong is in both lists, as it was typed.
func (f *form) check(s *submission, lang string) (answers []answer, problems []problem) {
	asked := map[string]bool{idName: true, keptName: true}
	for _, field := range f.Fields {
		asked[field.Name] = true
		if field.Kind == Date {
			for _, part := range dateParts {
				asked[field.Name+part] = true
			}
		}
		given, shown, code, count := field.read(s, lang)
		if field.Kind == Files {
			if field.Required && !s.touched(field.Name) {
				problems = append(problems, problem{Field: field.Name, Code: "missing.file"})
			}
			problems = append(problems, s.about(field.Name)...)
			continue
		}
		if code != "" {
			problems = append(problems, problem{Field: field.Name, Code: code, count: count})
		}
		if len(given) > 0 {
			answers = append(answers, answer{
				Name: field.Name, Label: oneLine(field.Label.In(lang)), Kind: field.Kind, Role: field.Role, Place: field.Place, Values: given, Shown: shown,
			})
		}
	}
	problems = append(problems, s.about("")...)
	foreign := 0
	for _, name := range s.names {
		if value := strings.TrimSpace(strings.Join(s.values[name], "\n")); !asked[name] && value != "" && foreign < foreignLimit {
			foreign++
			answers = append(answers, answer{Name: name, Label: name, Values: []string{value}})
		}
	}
	// Last, for it may be the only one, and decides the status.
	if len(answers) == 0 && len(s.files) == 0 && len(problems) == 0 {
		problems = []problem{{Code: "empty"}}
	}
	return answers, problems
}

// touched reports whether somebody chose a file for a field, taken or not.
func (s *submission) touched(field string) bool {
	for _, file := range s.files {
		if file.Field == field {
			return true
		}
	}
	return len(s.about(field)) > 0
}

// about lists the problems with the files of a field.
func (s *submission) about(field string) (found []problem) {
	for _, each := range s.problems {
		if each.Field == field {
			found = append(found, each)
		}
	}
	return found
}

// read returns the answer to a field, what the person saw of it if that is
// something else, and what is wrong with it.
func (f Field) read(s *submission, lang string) (values, shown []string, code string, count int) {
	missing := ""
	if f.Required {
		missing = "missing"
		if f.Kind.chosen() {
			missing = "missing.choice"
		}
	}
	if f.Kind == Date {
		values, code = readDate(s, f.Name)
	} else {
		values, shown, code, count = f.readValues(s.values[f.Name], lang)
	}
	if len(values) == 0 && code == "" {
		code = missing
	}
	return values, shown, code, count
}

func (f Field) readValues(sent []string, lang string) (values, shown []string, code string, count int) {
	for _, value := range sent {
		if value = strings.TrimSpace(value); value != "" {
			values = append(values, value)
		}
	}
	switch {
	case len(values) == 0:
		return nil, nil, "", 0
	case f.Kind == Checkboxes, f.Kind.chosen() && len(values) == 1:
		shown, ok := f.labels(values, lang)
		if !ok {
			return values, nil, "choice", 0
		}
		return values, shown, "", 0
	case len(values) > 1:
		return []string{strings.Join(values, "\n")}, nil, "doubled", 0
	}
	value := values[0]
	if f.Kind != Textarea && f.Kind != Location {
		value = oneLine(value)
	}
	if count = utf8.RuneCountInString(value); count > f.Limit {
		code = "long"
		if len(value) > valueLimit-utf8.UTFMax { // it may have been cut
			code = "very_long"
		}
		return []string{value}, nil, code, count
	}
	if parse, ok := parsers[f.Kind]; ok {
		parsed, ok := parse(value)
		if !ok {
			return []string{value}, nil, string(f.Kind), 0
		}
		value = parsed
	}
	return []string{value}, nil, "", 0
}

// labels are the labels of options that were chosen; false when a value is of
// none.
func (f Field) labels(values []string, lang string) (labels []string, ok bool) {
	ok = true
	for _, value := range values {
		found := false
		for _, option := range f.Options {
			if option.Value == value {
				labels, found = append(labels, option.Label.In(lang)), true
			}
		}
		ok = ok && found
	}
	return labels, ok
}

// message is a problem in words.
func (c Config) message(f *form, p problem, lang string) string {
	field := f.fields[p.Field]
	return say(lang, "error."+p.Code,
		"label", field.Label.In(lang), "name", p.File, "count", grouped(p.count), "limit", grouped(field.Limit),
		"files", strconv.Itoa(c.Uploads.PerMessage), "size", bytesInWords(c.Uploads.FileBytes))
}

// grouped writes a number with commas, as is usual in English and Welsh.
func grouped(n int) string {
	digits := strconv.Itoa(n)
	for at := len(digits) - 3; at > 0; at -= 3 {
		digits = digits[:at] + "," + digits[at:]
	}
	return digits
}

// bytesInWords writes a size in MB or kB, rounded down, so that nobody chooses
// a file that is a little too large.
func bytesInWords(n int64) string {
	if n >= 1_000_000 {
		return strconv.FormatInt(n/1_000_000, 10) + " MB"
	}
	return strconv.FormatInt(n/1000, 10) + " kB"
}

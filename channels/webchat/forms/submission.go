package forms

import (
	"crypto/rand"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"contactd/channels/webchat/upload"
)

// submission is what somebody sent, read but not judged.
type submission struct {
	// id tells the submissions of a form apart: the page's, or a program's.
	id string
	// values are the answers by the name of the field, in the order sent. A
	// date of a page is three: name-day, name-month, name-year.
	values map[string][]string
	// names are the names of values in the order in which they came.
	names []string
	files []attached
	// problems are those of files, which are found while they are read.
	problems []problem
	// mended says that not all of it was UTF-8, cut that a text was cut.
	mended, cut bool
	pairs, size int
}

// attached is a file with the field that it belongs to.
type attached struct {
	Field string `json:"field"`
	upload.File
}

// fault says why a request cannot be read at all.
type fault struct {
	status int
	// code is one of our words "trouble.<code>".
	code string
	// detail is for programs, in English.
	detail string
}

// Error implements error. It holds nothing of the request.
func (f *fault) Error() string { return f.code + ": " + f.detail }

// The most that is read of one request, beside its files. A page of ours sends
// less: 100 fields of three pairs, texts of 20,000 characters.
const (
	pairLimit  = 320
	valueLimit = 64 << 10  // bytes of one text; what is beyond is cut
	textTotal  = 512 << 10 // bytes of all texts; the same
	nameLimit  = 100       // bytes of a name
	bodyLimit  = 1 << 20   // of a body without files
)

// The names of our own fields in a page.
const (
	idName   = "_id"
	keptName = "_kept"
)

func newSubmission() *submission { return &submission{values: map[string][]string{}} }

// add takes one pair of name and value. What is too long is cut: the check
// says so to whoever wrote it.
func (s *submission) add(name, value string) error {
	if s.pairs++; s.pairs > pairLimit {
		return &fault{413, "too_large", "too many fields"}
	}
	if len(value) > valueLimit || s.size+len(value) > textTotal {
		value = wholeLetters(value[:max(0, min(valueLimit, textTotal-s.size))])
		s.cut = true
	}
	s.size += len(value)
	if !utf8.ValidString(value) || !utf8.ValidString(name) {
		s.mended = true
	}
	name = cleanName(name)
	if name == "" {
		return nil
	}
	if _, known := s.values[name]; !known {
		s.names = append(s.names, name)
	}
	s.values[name] = append(s.values[name], cleanText(value))
	return nil
}

// wholeLetters leaves out the letter that a cut may have parted.
func wholeLetters(text string) string {
	for range utf8.UTFMax - 1 {
		if r, size := utf8.DecodeLastRuneInString(text); r != utf8.RuneError || size != 1 {
			break
		}
		text = text[:len(text)-1]
	}
	return text
}

// first is the first value of a name, empty when there is none.
func (s *submission) first(name string) string {
	if values := s.values[name]; len(values) > 0 {
		return values[0]
	}
	return ""
}

// has reports whether a name has a value.
func (s *submission) has(name, value string) bool { return slices.Contains(s.values[name], value) }

// cleanText makes a text valid UTF-8 with \n alone at line ends and without
// characters that steer machines.
func cleanText(text string) string {
	text = strings.ToValidUTF8(text, "�")
	text = strings.ReplaceAll(text, "\r\n", "\n")
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n', r == '\t':
			return r
		case r == '\r':
			return '\n'
		case r < ' ', r == 0x7f, r >= 0x80 && r < 0xa0:
			return -1
		}
		return r
	}, text)
}

// oneLine makes a clean text one line.
func oneLine(text string) string {
	return strings.TrimSpace(strings.NewReplacer("\n", " ", "\t", " ").Replace(text))
}

// cleanName makes the name of a foreign field one short line.
func cleanName(name string) string {
	name = oneLine(cleanText(name))
	if len(name) > nameLimit {
		name = strings.ToValidUTF8(name[:nameLimit], "")
	}
	return name
}

var idForm = regexp.MustCompile(`^[A-Za-z0-9_.:-]{16,128}$`)

// freshID is the id of a submission that nobody has made yet.
func freshID() string { return rand.Text() }

// Package strict reads a YAML file into Go structs and forgives nothing: an
// unknown key, a key given twice, a value of the wrong kind is a problem with
// file, line and key, and all problems are told at once.
//
// Two things are easier than in plain YAML. A duration is written with its
// unit ("90s", "168h", "7d") and a number of bytes may be ("40MiB"). A secret,
// which is a string field with a _file twin beside it (password,
// password_file), may be taken from the environment: ${NAME}, the whole value.
//
// What the values mean is left to the structs and their Validate.
package strict

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"slices"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// SizeLimit is the size in bytes of the largest file that is read: far above any
// sensible configuration, it bounds the parser.
const SizeLimit = 1 << 20

// Problem is one thing that is wrong in a file.
type Problem struct {
	File string
	// Line is 0 when the problem is of the file as a whole.
	Line int
	// Key is the dotted path, such as "channels.email.accounts[0].host", or
	// empty for the file as a whole.
	Key  string
	Text string
}

// Error tells the problem as "file:line: key: text".
func (p Problem) Error() string {
	where := p.File
	if p.Line > 0 {
		where = fmt.Sprintf("%s:%d", p.File, p.Line)
	}
	if p.Key != "" {
		where += ": " + p.Key
	}
	return where + ": " + p.Text
}

// Section is a part of a file that is decoded later, by whoever knows its
// type. The zero Section is absent and decodes to nothing.
type Section struct {
	node ast.Node
	path string
	src  *source
}

// Present reports whether the file has the section.
func (s Section) Present() bool { return s.src != nil }

// Decode reads the section into the struct that into points to, whose values
// are the defaults.
func (s Section) Decode(into any) error {
	if !s.Present() {
		return nil
	}
	w := walker{src: s.src}
	w.value(s.node, s.path, reflect.ValueOf(into).Elem())
	return w.joined()
}

// Place turns an error about a value, such as "http.listen: want host:port",
// into Problems with the lines of the keys that it names. Joined errors are
// placed one by one; a message that does not begin with within gets it put
// before its own key.
func (s Section) Place(err error, within string) error {
	if s.src == nil || err == nil {
		return err
	}
	var placed []error
	for _, each := range flatten(err) {
		placed = append(placed, s.src.place(each, within))
	}
	return errors.Join(placed...)
}

// Parse reads data, the content of file. getenv looks up ${NAME}; ok is false
// for a variable that is not set.
func Parse(file string, data []byte, getenv func(string) (value string, ok bool)) (Section, error) {
	whole := func(text string) (Section, error) { return Section{}, Problem{File: file, Text: text} }
	if len(data) > SizeLimit {
		return whole(fmt.Sprintf("larger than %d bytes", SizeLimit))
	}
	// Editors of other systems begin a file with a byte order mark, which is no
	// part of the first key.
	parsed, err := parse(bytes.TrimPrefix(data, []byte("\ufeff")))
	if err != nil {
		return Section{}, syntax(file, err)
	}
	if len(parsed.Docs) > 1 {
		return whole("more than one YAML document")
	}
	src := &source{file: file, getenv: getenv, lines: map[string]int{}}
	root := Section{src: src}
	if len(parsed.Docs) == 1 {
		root.node = parsed.Docs[0].Body
	}
	return root, nil
}

// parse turns a panic of the parser into an error: the file is foreign bytes.
func parse(data []byte) (file *ast.File, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("cannot be parsed: %v", cause)
		}
	}()
	return parser.ParseBytes(data, 0)
}

// syntax places an error of the parser.
func syntax(file string, err error) Problem {
	problem := Problem{File: file, Text: err.Error()}
	var at interface {
		GetMessage() string
	}
	if errors.As(err, &at) {
		problem.Text = at.GetMessage()
	}
	if line, ok := lineOf(err); ok {
		problem.Line = line
	}
	return problem
}

// flatten takes joined errors apart.
func flatten(err error) []error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var all []error
		for _, each := range joined.Unwrap() {
			all = append(all, flatten(each)...)
		}
		return all
	}
	return []error{err}
}

// joined returns the problems found, by line.
func (w *walker) joined() error {
	errs := make([]error, len(w.problems))
	for i, problem := range w.problems {
		errs[i] = problem
	}
	return ByLine(errors.Join(errs...))
}

// ByLine sorts joined Problems as they stand in their file, those of the file
// as a whole first; in the same line they keep their order.
func ByLine(err error) error {
	all := flatten(err)
	line := func(err error) int {
		var problem Problem
		errors.As(err, &problem)
		return problem.Line
	}
	slices.SortStableFunc(all, func(a, b error) int { return line(a) - line(b) })
	return errors.Join(all...)
}

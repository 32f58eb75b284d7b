package rules

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"

	"contactd/classifiers"
	"contactd/contact"
)

// file is a rule file as written. See rules.yaml for what each key means.
type file struct {
	name string

	Version string `yaml:"version"`
	// Expires is the last day on which the file counts, such as 2026-12-31;
	// empty for no end.
	Expires line `yaml:"expires"`
	ends    time.Time
	// Foreign says that the words of the phrases are in other languages than
	// English: they tell that a text is, and have no slips.
	Foreign   bool              `yaml:"foreign"`
	Spelling  map[string]line   `yaml:"spelling"`
	Emoji     map[string]string `yaml:"emoji"`
	Lists     map[string][]line `yaml:"lists"`
	Languages languages         `yaml:"languages"`
	Rules     []rule            `yaml:"rules"`
	// Signs are phrases by what they are a sign of. They set no floor and are
	// told to nobody; a classifier that learns from them sits beside.
	Signs map[string][]line `yaml:"signs"`
}

// languages hold common words, separated by spaces.
type languages struct {
	English string `yaml:"english"`
	// Similar are English words that must not be read as a slip of another.
	Similar string `yaml:"similar"`
	Welsh   string `yaml:"welsh"`
	Other   string `yaml:"other"`
}

// rule is one rule as written.
type rule struct {
	ID       line          `yaml:"id"`
	Written  line          `yaml:"grade"`
	Grade    contact.Grade `yaml:"-"` // what is written, Unknown if that is none
	Category string        `yaml:"category"`
	// Text says it to a handler.
	Text string `yaml:"text"`
	// Alongside names a list of which an entry must occur anywhere in the
	// message for the rule to count; empty: no such condition.
	Alongside string `yaml:"alongside"`
	Phrases   []line `yaml:"phrases"`
	// Expires is the last day on which the rule fires; empty for no end.
	Expires line `yaml:"expires"`
	ends    time.Time
	// Weighed phrases set a floor only where nobody weighs them: a learned
	// classifier that judges after the rules does (Config.Weighed).
	Weighed []line `yaml:"weighed"`
	// Weak phrases are told beside the others and set no floor: they stand in
	// as many messages without danger as in others.
	Weak []line `yaml:"weak"`
}

// line is a scalar that remembers where it stands.
type line struct {
	text string
	at   int
}

// UnmarshalYAML takes any scalar as the text that was written.
func (l *line) UnmarshalYAML(node ast.Node) error {
	if tagged, ok := node.(*ast.AnchorNode); ok {
		node = tagged.Value
	}
	at := node.GetToken()
	if at == nil || at.Position == nil {
		return errors.New("want a single line of text")
	}
	if _, ok := node.(ast.ScalarNode); !ok {
		return &wrongNode{line: at.Position.Line, is: node.Type().String()}
	}
	l.text, l.at = strings.TrimSpace(at.Value), at.Position.Line
	return nil
}

// wrongNode is something else where a line was wanted.
type wrongNode struct {
	line int
	is   string
}

func (e *wrongNode) Error() string {
	return fmt.Sprintf("want a single line of text, not a %s (quote what holds a colon)", strings.ToLower(e.is))
}

// maxFile bounds a rule file, in bytes.
const maxFile = 4 << 20

// decodeFile reads a rule file strictly: an unknown or repeated key is an
// error that names file, line and column.
func decodeFile(name string, content []byte) (f *file, err error) {
	if len(content) > maxFile {
		return nil, fmt.Errorf("read rule file %s: larger than %d bytes", name, maxFile)
	}
	defer func() { // the decoder is foreign code on a hand-written file
		if recover() != nil {
			f, err = nil, fmt.Errorf("read rule file %s: not YAML", name)
		}
	}()
	f = &file{name: name}
	err = classifiers.PackDecoder(content).Decode(f)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("read rule file %w", placed(name, err))
	}
	f.name = name // an empty file was decoded over it
	for i := range f.Rules {
		_ = f.Rules[i].Grade.UnmarshalText([]byte(f.Rules[i].Written.text)) // what is none is told below
	}
	return f, errors.Join(f.dated(), f.validate())
}

// placed puts file, line and column before the decoder's message.
func placed(name string, err error) error {
	var wrong *wrongNode
	if errors.As(err, &wrong) {
		return fmt.Errorf("%s:%d: %w", name, wrong.line, wrong)
	}
	var at yaml.Error
	if errors.As(err, &at) && at.GetToken() != nil && at.GetToken().Position != nil {
		position := at.GetToken().Position
		return fmt.Errorf("%s:%d:%d: %s", name, position.Line, position.Column, at.GetMessage())
	}
	return fmt.Errorf("%s: %w", name, err)
}

// errorAt is an error about a line of this file.
func (f *file) errorAt(at line, format string, args ...any) error {
	return fmt.Errorf("%s:%d: %s", f.name, at.at, fmt.Sprintf(format, args...))
}

// validate reports what is missing, all of it.
func (f *file) validate() error {
	var problems []error
	if f.Version == "" {
		problems = append(problems, fmt.Errorf("%s: version is missing", f.name))
	}
	seen := map[string]bool{}
	for i, r := range f.Rules {
		switch {
		case r.ID.text == "":
			problems = append(problems, fmt.Errorf("%s: rule %d has no id", f.name, i+1))
		case seen[r.ID.text]:
			problems = append(problems, f.errorAt(r.ID, "rule %s stands twice", r.ID.text))
		case r.Grade == contact.Unknown && r.Written.text != "":
			problems = append(problems, f.errorAt(r.Written, "rule %s: grade: want emergency, priority, scheduled or resolution, got %q", r.ID.text, r.Written.text))
		case r.Grade == contact.Unknown:
			problems = append(problems, f.errorAt(r.ID, "rule %s has no grade", r.ID.text))
		case r.Text == "":
			problems = append(problems, f.errorAt(r.ID, "rule %s has no text", r.ID.text))
		case len(r.Phrases)+len(r.Weighed)+len(r.Weak) == 0:
			problems = append(problems, f.errorAt(r.ID, "rule %s has no phrases", r.ID.text))
		}
		seen[r.ID.text] = true
	}
	return errors.Join(problems...)
}

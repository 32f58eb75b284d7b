package thrive

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"contactd/classifiers"
)

// form is the file of headings.
type form struct {
	Version  string    `yaml:"version"`
	Headings []heading `yaml:"headings"`
}

// heading is one letter of the form.
type heading struct {
	Code  string `yaml:"code"`
	Title string `yaml:"title"`
	// Questions are what the person who fills it in is asked.
	Questions []string `yaml:"questions"`
	Hints     []hint   `yaml:"hints"`
}

// hint is one thing to look at; any of its sources speaks for it.
type hint struct {
	// Text says it to a handler.
	Text string `yaml:"text"`
	// Rules are ids of reasons for the grade, Categories theirs; an id ending in
	// * stands for all that begin so.
	Rules      []string `yaml:"rules"`
	Categories []string `yaml:"categories"`
	// Markers are codes of vulnerability; "child:writer" is that of the writer.
	Markers []string `yaml:"markers"`
	// Facts are words of facts.
	Facts []string `yaml:"facts"`
	// Phrases stand in the message's own words.
	Phrases []string `yaml:"phrases"`
}

// What an event has room for.
const (
	mostHeadings = 12
	mostHints    = 24  // that a heading can have in the form
	mostTold     = 8   // of a heading, on an event
	mostText     = 150 // characters
)

// facts are what is known beside the words, by the name that a form uses.
func facts() []string {
	return []string{"covert", "unsafe", "safe", "asked", "place", "no_place", "attachment", "public", "foreign"}
}

func decode(name string, content []byte) (form, error) {
	var f form
	err := classifiers.DecodePack(content, &f)
	if err == nil {
		err = f.validate()
	}
	if err != nil {
		return form{}, fmt.Errorf("read THRIVE form %s: %w", name, err)
	}
	return f, nil
}

func (f form) validate() error {
	var problems []error
	add := func(key, format string, args ...any) {
		problems = append(problems, fmt.Errorf(key+": "+format, args...))
	}
	if f.Version == "" {
		add("version", "want one, such as \"2026.11\"")
	}
	if n := len(f.Headings); n == 0 || n > mostHeadings {
		add("headings", "want 1 to %d, got %d", mostHeadings, n)
	}
	for i, each := range f.Headings {
		key := fmt.Sprintf("headings[%d]", i)
		switch {
		case each.Code == "" || tooLong(each.Code) || each.Title == "" || tooLong(each.Title):
			add(key, "want code and title, of at most %d characters", mostText)
		case slices.ContainsFunc(f.Headings[:i], func(h heading) bool { return h.Code == each.Code }):
			add(key, "code %q is there twice", each.Code)
		}
		if len(each.Hints) > mostHints {
			add(key, "want at most %d hints", mostHints)
		}
		for k, hint := range each.Hints {
			if err := hint.validate(); err != nil {
				add(fmt.Sprintf("%s.hints[%d]", key, k), "%w", err)
			}
		}
	}
	return errors.Join(problems...)
}

func (h hint) validate() error {
	if h.Text == "" || tooLong(h.Text) {
		return fmt.Errorf("text: want one of at most %d characters", mostText)
	}
	if len(h.Rules)+len(h.Categories)+len(h.Markers)+len(h.Facts)+len(h.Phrases) == 0 {
		return errors.New("want rules, categories, markers, facts or phrases")
	}
	for _, each := range h.Facts {
		if !slices.Contains(facts(), each) {
			return fmt.Errorf("facts: no fact %q; there are: %s", each, strings.Join(facts(), ", "))
		}
	}
	return nil
}

func tooLong(text string) bool { return utf8.RuneCountInString(text) > mostText }

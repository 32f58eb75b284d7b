// Package thrive gives hints to the person who fills in the THRIVE form (threat,
// harm, risk, investigation, vulnerability, engagement) about a message. The
// form is a file in YAML: its headings and questions, and for each heading what
// speaks for a look: rules and categories of the grade, markers, facts and
// phrases. A force replaces it by its own, THRIVES, THRIVE-SP or another.
//
// A hint points to the message and answers nothing; that nothing is hinted at
// does not mean that there is nothing. It never changes a grade. Annotators
// whose notes a form uses (places, markers) come before this one.
package thrive

import (
	"cmp"
	_ "embed"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"contactd/classifiers"
	"contactd/classifiers/fold"
	"contactd/classifiers/phrase"
	"contactd/contact"
)

//go:embed form.yaml
var defaultForm []byte

// Config is what the annotator needs.
type Config struct {
	// Form is a file in the form of the embedded one, in place of it; empty for
	// the embedded one.
	Form string `yaml:"form"`
}

// textLimit is how much of a text is read, in code points.
const textLimit = 20_000

// mostSpans is how many places a hint points to.
const mostSpans = 2

// Annotator notes hints. It is safe for concurrent use.
type Annotator struct {
	name     string
	headings []heading
	phrases  phrase.Set // numbered heading*mostHints + hint
	scratch  sync.Pool
}

// New reads the form. Errors name the file and the heading.
func New(cfg Config) (*Annotator, error) {
	name, content := "form.yaml", defaultForm
	if cfg.Form != "" {
		var err error
		if content, err = os.ReadFile(filepath.Clean(cfg.Form)); err != nil {
			return nil, fmt.Errorf("read THRIVE form: %w", err)
		}
		name = cfg.Form
	}
	f, err := decode(name, content)
	if err != nil {
		return nil, err
	}
	return compile(f, name)
}

func compile(f form, name string) (*Annotator, error) {
	a := &Annotator{name: "thrive@" + f.Version, headings: f.Headings}
	a.scratch.New = func() any { return new(scratch) }
	for i, heading := range f.Headings {
		for k, hint := range heading.Hints {
			for _, list := range hint.Phrases {
				if err := a.phrases.Add(i*mostHints+k, list); err != nil {
					return nil, fmt.Errorf("read THRIVE form %s: headings[%d].hints[%d]: %w", name, i, k, err)
				}
			}
		}
	}
	return a, nil
}

type scratch struct {
	text fold.Text
	hits []phrase.Hit
}

// Annotate notes the hints that there are.
func (a *Annotator) Annotate(message contact.Message, assessed contact.Assessment, notes *contact.Notes) {
	s := a.scratch.Get().(*scratch)
	defer a.scratch.Put(s)
	v := view{
		own: classifiers.NewOwn(message), reasons: assessed.Reasons, categories: assessed.Categories, notes: notes,
		placed: slices.ContainsFunc(message.Locations, isPlace), attached: len(message.Attachments) > 0, public: message.Channel.Visibility == "public",
		urgent: assessed.Grade.Above(contact.Scheduled),
	}
	fold.Fold(&s.text, v.own.Words, nil, textLimit)
	s.hits = a.phrases.Append(s.hits[:0], &s.text)
	slices.SortStableFunc(s.hits, func(x, y phrase.Hit) int { return cmp.Compare(x.ID, y.ID) })
	hits := s.hits
	var headings []contact.Heading
	for i, heading := range a.headings {
		told := contact.Heading{Code: heading.Code, Title: heading.Title}
		for k := range heading.Hints {
			hint := &heading.Hints[k]
			spans, found := v.look(hint)
			for ; len(hits) > 0 && hits[0].ID == i*mostHints+k; hits = hits[1:] {
				found = true
				if span, ok := v.own.Span(hits[0].Start, hits[0].End); ok {
					spans = add(spans, span)
				}
			}
			if found && len(told.Hints) < mostTold {
				told.Hints = append(told.Hints, contact.Hint{Text: hint.Text, Spans: spans})
			}
		}
		if len(told.Hints) > 0 {
			headings = append(headings, told)
		}
	}
	if len(headings) > 0 {
		notes.Thrive = &contact.Thrive{Headings: headings, By: a.name}
	}
}

// view is what a hint can be found in.
type view struct {
	own        classifiers.Own
	reasons    []contact.Reason
	categories []string
	notes      *contact.Notes
	// Whether the channel knows a place, files came with it, the public sees
	// it, and it is graded higher than scheduled.
	placed, attached, public, urgent bool
}

// look looks for a hint in everything but the words.
func (v *view) look(h *hint) (spans []contact.Span, found bool) {
	if len(h.Rules)+len(h.Categories) > 0 {
		for i := range v.reasons {
			reason := &v.reasons[i]
			if names(h.Rules, strings.TrimPrefix(reason.Rule, "together.")) || reason.Category != "" && slices.Contains(h.Categories, reason.Category) {
				spans, found = add(spans, reason.Spans...), true
			}
		}
		for _, category := range v.categories {
			found = found || slices.Contains(h.Categories, category)
		}
	}
	if len(h.Markers) > 0 {
		for _, marker := range v.notes.Markers {
			if slices.Contains(h.Markers, marker.Code) || slices.Contains(h.Markers, marker.Code+":"+marker.Of) {
				spans, found = add(spans, marker.Spans...), true
			}
		}
	}
	for _, fact := range h.Facts {
		more, yes := v.fact(fact)
		spans, found = add(spans, more...), found || yes
	}
	return spans, found
}

// fact reports whether a fact holds, with what says so.
func (v *view) fact(name string) (spans []contact.Span, holds bool) {
	reply := v.notes.SafeToReply
	switch name {
	case "covert":
		if v.notes.Covert != nil {
			return signed(v.notes.Covert.Signs), true
		}
	case "unsafe":
		if reply != nil && reply.Safe == "no" {
			return signed(reply.Signs), true
		}
	case "safe":
		return nil, reply != nil && reply.Safe == "yes"
	case "asked":
		if reply != nil && len(reply.Asks) > 0 {
			return signed(reply.Asks), true
		}
	case "place":
		for _, place := range v.notes.Locations {
			if isPlace(place) {
				holds = true
				if place.Span != nil {
					spans = add(spans, *place.Span)
				}
			}
		}
		return spans, holds || v.placed
	case "no_place":
		_, known := v.fact("place")
		return nil, v.urgent && !known
	case "attachment":
		return nil, v.attached
	case "public":
		return nil, v.public
	case "foreign":
		return nil, slices.ContainsFunc(v.notes.Markers, func(m contact.Marker) bool { return m.Code == "language_need" })
	}
	return nil, false
}

// isPlace tells places from phones, which stand among them.
func isPlace(l contact.Location) bool { return l.Form != "phone" }

func signed(signs []contact.Sign) (spans []contact.Span) {
	for _, each := range signs {
		spans = add(spans, each.Spans...)
	}
	return spans
}

// names reports whether a list names a rule.
func names(list []string, rule string) bool {
	return slices.ContainsFunc(list, func(each string) bool {
		begin, open := strings.CutSuffix(each, "*")
		return each == rule || open && strings.HasPrefix(rule, begin)
	})
}

// add adds places that are not there yet, without their quotes.
func add(spans []contact.Span, more ...contact.Span) []contact.Span {
	for _, each := range more {
		each.Quote = ""
		if len(spans) < mostSpans && !slices.Contains(spans, each) {
			spans = append(spans, each)
		}
	}
	return spans
}

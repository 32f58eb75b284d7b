// Package linear judges urgency by a model learned from labelled messages: a
// logistic regression over hashed words, runs of characters and what the
// classifiers before it noticed. The weights lie in the binary; whoever has
// labelled messages of their own can train others. It finds what no rule says
// in so many words, and says how sure it is; it floors nothing that others
// found.
//
//	text ─ fold ─▶ words, characters ┐
//	rules, language, channel ────────┴▶ hashed features ─▶ sums ─▶ chances ─▶ plan ─▶ grade
package linear

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"contactd/classifiers"
	"contactd/contact"
)

// Classifier grades by a model. It is safe for concurrent use.
type Classifier struct {
	model   *Model
	name    string
	scratch sync.Pool
}

// Config says which model judges.
type Config struct {
	// File is a model made by "contactd train"; empty for the shipped one.
	File string `yaml:"file"`
	// Shadow is a model that is tried beside it, which counts for nothing;
	// empty for none.
	Shadow string `yaml:"shadow"`
}

// Candidate makes a classifier of the model that is tried, nil without one.
func Candidate(cfg Config) (*Classifier, error) {
	if cfg.Shadow == "" {
		return nil, nil //nolint:nilnil // nobody to try is no error
	}
	return New(Config{File: cfg.Shadow})
}

// New makes a classifier of the configured model.
func New(cfg Config) (*Classifier, error) {
	m, err := Load(cfg.File)
	if err != nil {
		return nil, err
	}
	return NewOf(m), nil
}

// NewOf makes a classifier of a model.
func NewOf(m *Model) *Classifier {
	c := &Classifier{model: m, name: "linear@" + cmp.Or(m.name, m.Trained)}
	c.scratch.New = func() any { return &judging{reader: newReader()} }
	return c
}

// Name is "linear@" and the name of the model; of one that was never stored,
// as in cross-validation, that of its training messages.
func (c *Classifier) Name() string { return c.name }

// Bounded is true: at most a number of windows is read.
func (c *Classifier) Bounded() bool { return true }

// Grade judges a message on its own.
func (c *Classifier) Grade(ctx context.Context, message contact.Message) (contact.Opinion, error) {
	return c.GradeAfter(ctx, message, nil)
}

// GradeAfter judges a message with what others noticed as features.
func (c *Classifier) GradeAfter(_ context.Context, message contact.Message, before []contact.Opinion) (contact.Opinion, error) {
	if !classifiers.Legible(message.Subject) && !classifiers.Legible(message.Text) {
		return contact.Opinion{By: c.name, Failed: "empty"}, nil
	}
	j := c.scratch.Get().(*judging)
	defer c.scratch.Put(j)
	j.judge(c.model, message, before)
	var chances [headCount]float64
	for k := range chances {
		chances[k] = c.model.Heads[k].chance(j.sums[k])
	}
	opinion := c.opinion(c.model.Plan.grade(j.heard), chances)
	if doubt := j.doubt(opinion.Grade, chances[urgent], before); doubt != "" {
		opinion.Grade = contact.Unknown
		opinion.Reasons = append(opinion.Reasons, contact.Reason{Rule: "learned.doubt", Grade: contact.Unknown, Text: doubt})
	}
	if !opinion.Grade.Above(contact.Scheduled) {
		opinion.Topic = j.topic(c.model, message)
	}
	if head, ok := decisive(opinion.Grade); ok {
		reason := &opinion.Reasons[0]
		var signs []string
		reason.Spans, signs = j.telling(c.model, message, before, head)
		if len(signs) > 0 {
			reason.Text += "; signs of " + strings.Join(signs, ", ")
		}
	}
	return opinion, nil
}

// From so likely to be urgent on a message is not left as calm as it reads,
// where less is known of its like than of others.
const (
	doubtfulToMachines = 0.25
	// doubtfulInWelsh was chosen on two files by authors who were not learned
	// from (kept/train-cy and train-cz): of 170 emergencies one is lost, two
	// were when all Welsh was unknown, and 136 of 185 calm messages are flagged,
	// 176 then.
	doubtfulInWelsh = 0.05
)

// doubt says why a grade is not to be trusted; empty if it is.
func (j *judging) doubt(grade contact.Grade, urgent float64, before []contact.Opinion) string {
	switch {
	case j.framed && urgent >= doubtfulToMachines && contact.Unknown.Above(grade):
		return "speaks to a machine, and what it says to people is not clearly calm"
	case urgent >= doubtfulInWelsh && contact.Priority.Above(grade) && isWelsh(before):
		return "in Welsh, or partly, and not clearly calm"
	}
	return ""
}

// isWelsh reports whether a message was told to be in Welsh, or partly: by its
// common words, or by most of those that the rules know.
func isWelsh(before []contact.Opinion) bool {
	return slices.ContainsFunc(before, func(opinion contact.Opinion) bool {
		return slices.ContainsFunc(opinion.Reasons, func(reason contact.Reason) bool {
			return reason.Rule == "language.cy" || reason.Rule == "language.welsh"
		})
	})
}

// decisive is the head that gave an urgent grade.
func decisive(g contact.Grade) (head int, ok bool) {
	switch g {
	case contact.Emergency:
		return emergency, true
	case contact.Priority:
		return urgent, true
	}
	return 0, false
}

// Chance is how likely the answer to one question about a message is yes.
type Chance struct {
	Head   string
	Chance float64
}

// Chances are the answers to all questions, in the order of HeadNames.
func (c *Classifier) Chances(message contact.Message, before []contact.Opinion) []Chance {
	j := c.scratch.Get().(*judging)
	defer c.scratch.Put(j)
	j.judge(c.model, message, before)
	chances := make([]Chance, headCount)
	for k, name := range HeadNames() {
		chances[k] = Chance{name, c.model.Heads[k].chance(j.sums[k])}
	}
	return chances
}

// notPolice is the chance of being for somebody else, or of needing no police
// at all if that is higher: of the former there are fewer examples.
func notPolice(chances *[headCount]float64) float64 {
	return max(chances[nonPolice], 1-chances[police])
}

// opinion says what grade and chances mean.
func (c *Classifier) opinion(grade contact.Grade, chances [headCount]float64) contact.Opinion {
	chance := map[contact.Grade]float64{
		contact.Emergency: chances[emergency], contact.Priority: chances[urgent],
		contact.Scheduled: chances[police], contact.Resolution: 1 - chances[police],
	}[grade]
	opinion := contact.Opinion{By: c.name, Grade: grade, NotPolice: notPolice(&chances)}
	for k := suicide; k <= violence; k++ {
		if chances[k] >= 0.5 {
			opinion.Categories = append(opinion.Categories, c.model.Heads[k].Name)
		}
	}
	opinion.Reasons = []contact.Reason{{
		Rule: "learned." + grade.String(), Grade: grade,
		Text: fmt.Sprintf("reads like messages that were graded %s or higher (%.0f of 100)", grade, 100*chance),
	}}
	return opinion
}

var _ classifiers.Informed = (*Classifier)(nil)

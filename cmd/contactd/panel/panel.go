// Package panel seats the classifiers that the configuration names, the same way
// for the daemon and for every command that judges as it would: rules and
// language first, the learned one that is told their opinions, a language model
// behind them, and what is noted beside a grade. How opinions become one grade
// is the matter of package classifiers, and how urgency is judged of the
// packages below it.
package panel

import (
	"errors"
	"fmt"

	"contactd/classifiers"
	"contactd/classifiers/linear"
	"contactd/classifiers/llm"
	"contactd/classifiers/markers"
	"contactd/classifiers/places"
	"contactd/classifiers/rules"
	"contactd/classifiers/signpost"
	"contactd/classifiers/thrive"
)

// Config is the panel's own settings and a section for each method.
type Config struct {
	classifiers.Config `yaml:",inline"`
	Rules              rules.Config  `yaml:"rules"`
	Linear             linear.Config `yaml:"linear"`
	LLM                llm.Config    `yaml:"llm"`

	Signpost signpost.Config `yaml:"signpost"`
	Markers  markers.Config  `yaml:"markers"`
	Thrive   thrive.Config   `yaml:"thrive"`
}

// Validate returns every problem of the section.
func (c Config) Validate() error {
	return errors.Join(c.Config.Validate(), c.LLM.Validate())
}

// Panel is the configured classifiers, in the order in which they are asked.
type Panel struct {
	*classifiers.Panel
	byRules *rules.Classifier // they can expire
	learned *linear.Classifier
}

// New seats the configured classifiers, and more behind them.
func New(config Config, more ...classifiers.Classifier) (Panel, error) {
	first, err := NewFirst(config)
	if err != nil {
		return Panel{}, err
	}
	learned, err := linear.New(config.Linear)
	if err != nil {
		return Panel{}, fmt.Errorf("make classifier linear: %w", err)
	}
	var members []classifiers.Classifier
	for _, each := range first {
		members = append(members, each)
	}
	members = append(append(members, learned), more...)
	byRules, _ := first[0].(*rules.Classifier)
	return Panel{classifiers.NewPanel(config.Config, members...), byRules, learned}, nil
}

// Expiries are when rules of the force's pack stop firing.
func (p Panel) Expiries() []rules.Expiry { return p.byRules.Expiries() }

// Annotated adds what a handler needs beside the grade, which is the panel's
// or that of an assessor which asks it.
func (p Panel) Annotated(assessor classifiers.Assessor, config Config) (*classifiers.Annotated, error) {
	posts, err := signpost.New(config.Signpost, p.learned.Topics())
	if err != nil {
		return nil, err
	}
	vulnerable, err := markers.New(config.Markers)
	if err != nil {
		return nil, err
	}
	hints, err := thrive.New(config.Thrive)
	if err != nil {
		return nil, err
	}
	return classifiers.NewAnnotated(assessor, places.New(), posts, vulnerable, hints), nil
}

// Second makes the language model that is asked after a message was
// published, or nil when none is configured.
func Second(config Config, deps llm.Deps) (*llm.Classifier, error) {
	if !config.LLM.Enabled() {
		return nil, nil //nolint:nilnil // nobody to ask is no error
	}
	model, err := llm.New(config.LLM, deps)
	if err != nil {
		return nil, fmt.Errorf("make classifier llm: %w", err)
	}
	return model, nil
}

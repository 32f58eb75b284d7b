package panel

import (
	"context"
	"fmt"
	"time"

	"contactd/classifiers"
	"contactd/classifiers/language"
	"contactd/classifiers/rules"
	"contactd/cmd/contactd/interrupt"
	"contactd/contact"
)

// First are the classifiers whose opinions the learned one is told.
type First []classifiers.Bounded

// NewFirst makes them.
func NewFirst(config Config) (First, error) {
	config.Rules.Weighed = true
	byRules, err := rules.New(config.Rules)
	if err != nil {
		return nil, fmt.Errorf("make classifier rules: %w", err)
	}
	return First{byRules, language.New()}, nil
}

// Hear gives their opinions on a message, in their order, with the time that each
// took.
func (f First) Hear(ctx context.Context, message contact.Message) ([]contact.Opinion, error) {
	opinions := make([]contact.Opinion, 0, len(f))
	for _, classifier := range f {
		if ctx.Err() != nil {
			return nil, interrupt.Err
		}
		begun := time.Now()
		opinion, err := classifier.Grade(ctx, message)
		if err != nil {
			return nil, err
		}
		opinion.Micros = time.Since(begun).Microseconds()
		opinions = append(opinions, opinion)
	}
	return opinions, nil
}

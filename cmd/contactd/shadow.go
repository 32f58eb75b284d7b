package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"contactd/classifiers/linear"
	"contactd/cmd/contactd/shadow"
)

// checkShadow tries to read the candidate; nothing without one.
func checkShadow(c linear.Config) (findings []finding) {
	if c.Shadow == "" {
		return nil
	}
	f := finding{what: "candidate", name: c.Shadow}
	candidate, err := linear.Candidate(c)
	if f.err = err; err == nil {
		f.detail = candidate.Name() + ", tried beside the learned classifier and counts for nothing"
	}
	return []finding{f}
}

type shadowCommand struct {
	Since  string `help:"Only messages accepted from this time on: 2026-11-03T21:00:00Z, \"2026-11-03 21:00\" or 2026-11-03 (local), or a time ago such as 168h." placeholder:"TIME"`
	Missed bool   `help:"Only those to which the candidate would have given a lower grade."`
}

// Help is shown below the usage.
func (shadowCommand) Help() string {
	return `Lists the messages on contact.events that would have another grade with the candidate in classifiers.linear.shadow, each alone, and
what a handler decided about them, and counts all: the grade by the classifiers, the one with the candidate, how often. Ends with 1, and names them, when there are
records that cannot be believed: what they held is missing from the counts.`
}

// Run lists where the candidate would have judged otherwise.
func (s shadowCommand) Run(ctx context.Context, p *program, c *commands) error {
	var since time.Time
	var err error
	if s.Since != "" {
		if since, err = moment(s.Since, time.Now()); err != nil {
			return usageError{fmt.Errorf("--since: %w", err)}
		}
	}
	config, err := p.load(c.Config)
	if err != nil {
		return err
	}
	cluster, err := clusterOf(config)
	if err != nil {
		return err
	}
	compared, lost, err := shadow.Read(ctx, cluster, config.Force, since)
	if err != nil {
		return err
	}
	p.printf("%s", compared.Differing(s.Missed))
	if compared.None() {
		return errors.Join(lost.Told("shadow"), errors.New("shadow: no message was judged by a candidate; see classifiers.linear.shadow"))
	}
	p.printf("%s", compared.Counts())
	return lost.Told("shadow")
}

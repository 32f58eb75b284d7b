package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"contactd/cmd/contactd/tell"
	"contactd/pipeline/journal"
)

type replayCommand struct {
	Since  string `required:"" help:"First time of acceptance: 2026-11-03T21:00:00Z, \"2026-11-03 21:00\" or 2026-11-03 (local), or a time ago such as 2h or 3d." placeholder:"TIME"`
	Until  string `help:"Time before which to end, in the same forms. Default: now." placeholder:"TIME"`
	DryRun bool   `help:"Only say how much it would be."`
}

// Help is shown below the usage.
func (replayCommand) Help() string {
	return `The events have the ids that they had, so a reader that drops what it has seen reads nothing twice. A running contactd
begins at once; otherwise the next start does. Messages are kept for journal.keep after Kafka had them.`
}

// Run makes what was published in a time ready to be published again.
func (r replayCommand) Run(ctx context.Context, p *program, c *commands) error {
	now := time.Now()
	since, err := moment(r.Since, now)
	if err != nil {
		return usageError{fmt.Errorf("--since: %w", err)}
	}
	// Without --until there is no bound: what came before the clock was set back
	// has a time of acceptance after now.
	until, stretch := now, journal.Range{Since: since}
	if r.Until != "" {
		if until, err = moment(r.Until, now); err != nil {
			return usageError{fmt.Errorf("--until: %w", err)}
		}
		stretch.Until = until
	}
	switch {
	case since.Before(until):
	case r.Until != "":
		return usageError{errors.New("--since: is not before --until")}
	default:
		return usageError{errors.New("--since: it is not over yet; for what was accepted while the clock was ahead give --until too")}
	}
	tools, err := p.journalTools(c)
	if err != nil {
		return err
	}
	defer func() { _ = tools.Close() }()
	done, err := tools.Republish(ctx, stretch, r.DryRun)
	if err != nil && done == (journal.Republished{}) {
		return err
	}
	verb := "will be published again, by the running contactd or after its next start"
	if r.DryRun {
		verb = "would be published again"
	}
	p.printf("%s accepted from %s until %s %s\n", tell.Count(int(done.Entries), "message"), since.Format(time.RFC3339), until.Format(time.RFC3339), verb)
	if done.Gone > 0 {
		p.printf("%d more cannot be: their bytes are no longer kept (journal.keep)\n", done.Gone)
	}
	return err
}

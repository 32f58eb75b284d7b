package main

import (
	"context"
	"encoding/json"
	"fmt"

	"contactd/cmd/contactd/tell"
	"contactd/pipeline/journal"
)

type verifyCommand struct {
	JSON bool `help:"Print the report as JSON."`
}

// Help is shown below the usage.
func (verifyCommand) Help() string {
	return `Reads everything that the journal keeps, beside a running contactd or without one: follows the chain of hashes, compares
all bytes with their digests, and checks that accepted = published + waiting + quarantined. Changes nothing.`
}

// verified is the report as JSON.
type verified struct {
	Accepted    int64    `json:"accepted"`
	Published   int64    `json:"published"`
	Waiting     int64    `json:"waiting"`
	Quarantined int64    `json:"quarantined"`
	Rows        int64    `json:"rows"`
	Blobs       int64    `json:"blobs"`
	Bytes       int64    `json:"bytes"`
	Replies     replies  `json:"replies"`
	Restored    string   `json:"restored,omitempty"`
	Differences []string `json:"differences"`
	More        int      `json:"more,omitempty"`
}

// replies are how many replies have come how far.
type replies struct {
	Queued  int64 `json:"queued"`
	Unknown int64 `json:"unknown"`
	Settled int64 `json:"settled"`
}

// Run reads the journal and tells what is not as it was written.
func (v verifyCommand) Run(ctx context.Context, p *program, c *commands) error {
	tools, err := p.journalTools(c)
	if err != nil {
		return err
	}
	defer func() { _ = tools.Close() }()
	report, err := tools.Verify(ctx)
	if err != nil {
		return err
	}
	differences := make([]string, 0, len(report.Differences))
	for _, each := range report.Differences {
		differences = append(differences, each.String())
	}
	if v.JSON {
		encoder := json.NewEncoder(p.out)
		if err := encoder.Encode(verified{
			report.Accepted, report.Published, report.Waiting, report.Quarantined,
			report.Rows, report.Blobs, report.Bytes, replies(report.Replies), report.Restored.String(), differences, report.More,
		}); err != nil {
			return fmt.Errorf("write report: %w", err)
		}
	} else {
		if report.Counted {
			p.printf("accepted %d = published %d + waiting %d + quarantined %d\n",
				report.Accepted, report.Published, report.Waiting, report.Quarantined)
		} else {
			p.printf("accepted: cannot be counted\n")
		}
		p.printf("compared %d messages and %d attachments and large originals, %d bytes\n", report.Rows, report.Blobs, report.Bytes)
		p.printf("replies: %d to be sent, %d nobody knows of whether they were sent, %d settled\n",
			report.Replies.Queued, report.Replies.Unknown, report.Replies.Settled)
		if report.Restored != (journal.Restoration{}) {
			p.printf("the folder: %s\n", report.Restored)
		}
		for _, each := range differences {
			p.printf("  %s\n", each)
		}
	}
	if n := len(differences) + report.More; n > 0 {
		return fmt.Errorf("verify journal: %s", tell.Count(n, "difference"))
	}
	return nil
}

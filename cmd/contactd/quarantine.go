package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"text/tabwriter"
	"time"

	"contactd/cmd/contactd/tell"
	"contactd/contact"
	"contactd/pipeline/journal"
)

type quarantineCommand struct {
	List   quarantineList   `cmd:"" help:"List what is set aside, oldest first."`
	Show   quarantineShow   `cmd:"" help:"Show one message and why nobody could read it."`
	Retry  quarantineRetry  `cmd:"" help:"Have it read again, after the cause was mended."`
	Export quarantineExport `cmd:"" help:"Write the untouched original to a file."`
}

type quarantineList struct {
	JSON bool `help:"One JSON object a line."`
}

type quarantineShow struct {
	Number int64 `arg:"" help:"The message's number, as list shows it."`
}

type quarantineRetry struct {
	Numbers []int64 `arg:"" optional:"" help:"The messages' numbers."`
	All     bool    `help:"Everything that is set aside."`
}

type quarantineExport struct {
	Number int64  `arg:"" help:"The message's number."`
	File   string `arg:"" help:"Where to write it; it must not exist. \"-\" is the standard output."`
}

// quarantinePage is how many messages are looked up at a time.
const quarantinePage = 500

// set is a message set aside, as --json shows it.
type set struct {
	Number     int64     `json:"number"`
	ContactID  string    `json:"contact_id"`
	Channel    string    `json:"channel"`
	Account    string    `json:"account"`
	AcceptedAt time.Time `json:"accepted_at"`
	Bytes      int64     `json:"bytes"`
	Attempts   int       `json:"attempts"`
	Reason     string    `json:"reason"`
	Published  bool      `json:"published"`
}

// Run lists what is set aside.
func (l quarantineList) Run(ctx context.Context, p *program, c *commands) error {
	tools, err := p.journalTools(c)
	if err != nil {
		return err
	}
	defer func() { _ = tools.Close() }()
	encoder := json.NewEncoder(p.out)
	table := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
	count := 0
	err = eachSetAside(ctx, tools, func(q journal.Quarantined) error {
		if count++; l.JSON {
			return encoder.Encode(set{
				q.Seq, contact.MessageID(q.Channel, q.Account, q.ID), q.Channel, q.Account,
				q.AcceptedAt.UTC(), q.Size, q.Attempts, q.Reason, q.Published,
			})
		}
		if count == 1 {
			_, _ = fmt.Fprintln(table, "number\taccepted\tfrom\tbytes\treason")
		}
		_, err := fmt.Fprintf(table, "%d\t%s\t%s/%s\t%d\t%s\n",
			q.Seq, q.AcceptedAt.Local().Format(time.DateTime), q.Channel, q.Account, q.Size, tell.Plain(q.Reason))
		return err
	})
	if count == 0 && !l.JSON && err == nil {
		p.printf("nothing is set aside\n")
	}
	return errors.Join(err, table.Flush())
}

// eachSetAside visits everything that is set aside, oldest first.
func eachSetAside(ctx context.Context, tools *journal.Tools, visit func(journal.Quarantined) error) error {
	for after := int64(0); ; {
		page, err := tools.Quarantined(ctx, after, quarantinePage)
		if err != nil || len(page) == 0 {
			return err
		}
		for _, q := range page {
			if err := visit(q); err != nil {
				return err
			}
			after = q.Seq
		}
	}
}

// Run shows one message without its text.
func (s quarantineShow) Run(ctx context.Context, p *program, c *commands) error {
	tools, err := p.journalTools(c)
	if err != nil {
		return err
	}
	defer func() { _ = tools.Close() }()
	entry, err := tools.Show(ctx, s.Number)
	if err != nil {
		return err
	}
	o := entry.Original
	for _, row := range [][2]string{
		{"number", fmt.Sprint(entry.Seq)},
		{"contact", contact.MessageID(o.Channel, o.Account, o.ID)},
		{"from", o.Channel + "/" + o.Account},
		{"platform id", tell.Plain(o.ID)},
		{"received", shownTime(o.ReceivedAt)},
		{"accepted", shownTime(entry.AcceptedAt)},
		{"form", tell.Plain(o.MediaType)},
		{"sha256", entry.SHA256},
		{"attempts", fmt.Sprint(entry.Attempts)},
		{"set aside", shownOr(tell.Plain(entry.Quarantined), "no")},
		{"defect", shownOr(tell.Plain(o.Defect), "none")},
	} {
		p.printf("%-12s %s\n", row[0], row[1])
	}
	return nil
}

func shownTime(at time.Time) string {
	if at.IsZero() {
		return "unknown"
	}
	return at.Local().Format(time.RFC3339)
}

func shownOr(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

// Run puts messages back to be read.
func (r quarantineRetry) Run(ctx context.Context, p *program, c *commands) error {
	if r.All == (len(r.Numbers) > 0) {
		return usageError{errors.New("quarantine retry: give numbers, or --all")}
	}
	tools, err := p.journalTools(c)
	if err != nil {
		return err
	}
	defer func() { _ = tools.Close() }()
	if r.All {
		if err := eachSetAside(ctx, tools, func(q journal.Quarantined) error {
			r.Numbers = append(r.Numbers, q.Seq)
			return nil
		}); err != nil {
			return err
		}
	}
	var problems []error
	done := 0
	for _, number := range r.Numbers {
		if err := tools.Retry(ctx, number); err != nil {
			problems = append(problems, err)
			continue
		}
		done++
	}
	if done == 0 && len(problems) > 0 {
		return errors.Join(problems...)
	}
	p.printf("%s will be read again, by the running contactd or at its next start\n", tell.Count(done, "message"))
	return errors.Join(problems...)
}

// Run writes an original, whole or not at all.
func (e quarantineExport) Run(ctx context.Context, p *program, c *commands) (err error) {
	tools, err := p.journalTools(c)
	if err != nil {
		return err
	}
	defer func() { _ = tools.Close() }()
	if e.File == "-" {
		return tools.Export(ctx, e.Number, p.out)
	}
	file, err := os.OpenFile(filepath.Clean(e.File), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("export message %d: %w", e.Number, err)
	}
	err = errors.Join(tools.Export(ctx, e.Number, io.Writer(file)), file.Sync(), file.Close())
	if err != nil {
		return errors.Join(err, os.Remove(file.Name()))
	}
	p.printf("wrote message %d to %s\n", e.Number, e.File)
	return nil
}

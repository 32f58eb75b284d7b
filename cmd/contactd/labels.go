package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"contactd/cmd/contactd/labels"
	"contactd/cmd/contactd/replace"
	"contactd/cmd/contactd/tell"
)

type labelsCommand struct {
	Export labelsExport `cmd:"" help:"Write what handlers have graded as labelled messages, for train and eval."`
}

type labelsExport struct {
	Since     string `help:"Only grades given from this time on: 2026-11-03T21:00:00Z, \"2026-11-03 21:00\" or 2026-11-03 (local), or a time ago such as 720h." placeholder:"TIME"`
	Until     string `help:"Only grades given before this time, in the same forms." placeholder:"TIME"`
	Out       string `help:"Where the labels go; default: the standard output." placeholder:"FILE.csv"`
	Anonymise bool   `help:"Replace names, numbers and addresses by stand-ins. A person must still read the file before it is given away."`
}

// Help is shown below the usage.
func (labelsExport) Help() string {
	return `Reads contact.events as it is now and writes one row for each conversation that a person has graded: the last grade counts.
The text is that of the message that was graded, with the short ones that the same person wrote in the half hour before, as the
daemon judges them; one that was too long for its event is read from the journal, and one without words is left out. The category
is what the handler said.

Notes, separated by semicolons: was:GRADE, what the machines had given; lang:TAG; joined:N, the text is of N messages;
cut, the text is not whole; type=handled.

--anonymise masks text and category by form and by common first names, with the same stand-in for the same words throughout the file, and what the
channel knows of the people; ids are numbers. It cannot know a nickname, a rare name in small letters, a place without a number
or a story that only one person can have. Do not open the file in a program that runs what cells begin with, such as =.`
}

// Run exports the labels.
func (l labelsExport) Run(ctx context.Context, p *program, c *commands) error {
	since, until, err := l.bounds(time.Now())
	if err != nil {
		return err
	}
	if l.Out != "" {
		if err := replace.Try(l.Out); err != nil {
			return fmt.Errorf("labels export: --out: %w", err)
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
	found, lost, err := labels.Read(ctx, cluster, config.Force, since, until)
	if err != nil {
		return err
	}
	rest, err := openWhole(config)
	if err != nil {
		return err
	}
	defer rest.close()
	table := labels.TableOf(ctx, found, rest, l.Anonymise)
	if err := l.write(p, table); err != nil {
		return err
	}
	_, _ = fmt.Fprintf(p.err, "contactd: %s written, %d of them cut; of graded messages %d are no longer on the topic and %d have no words\n",
		tell.Count(len(table.Rows)-1, "label"), table.Cut, table.Gone, table.Wordless)
	return lost.Told("labels export")
}

// bounds are the times between which grades count; zero for none.
func (l labelsExport) bounds(now time.Time) (since, until time.Time, err error) {
	if l.Since != "" {
		if since, err = moment(l.Since, now); err != nil {
			return since, until, usageError{fmt.Errorf("--since: %w", err)}
		}
	}
	if l.Until != "" {
		if until, err = moment(l.Until, now); err != nil {
			return since, until, usageError{fmt.Errorf("--until: %w", err)}
		}
	}
	if l.Since != "" && l.Until != "" && !since.Before(until) {
		return since, until, usageError{errors.New("--since: is not before --until")}
	}
	return since, until, nil
}

// write writes the table, to a file whole or not at all.
func (l labelsExport) write(p *program, table labels.Table) error {
	if l.Out == "" {
		if err := table.Write(p.out); err != nil {
			return fmt.Errorf("write labels: %w", err)
		}
		return nil
	}
	if err := replace.File(l.Out, table.Write); err != nil {
		return fmt.Errorf("write labels: %w", err)
	}
	return nil
}

package main

import (
	"context"
	"path/filepath"

	"contactd/cmd/contactd/backup"
	"contactd/cmd/contactd/tell"
	"contactd/pipeline/journal"
)

type backupCommand struct {
	Folder string `arg:"" help:"Where to put it; it must not exist. Best on the same disk: attachments are linked then, and copied from there."`
}

// Help is shown below the usage.
func (backupCommand) Help() string {
	return `Copies data_dir beside a running contactd or without one: journal, attachments and what channels keep, not the records of the
broker that comes along. To restore, stop contactd, put the folder in the place of data_dir, and start it: it sees that this
is a backup, compares it with Kafka, and looks up with the platforms every reply that may have been sent since.`
}

// Run copies the data folder.
func (b backupCommand) Run(ctx context.Context, p *program, c *commands) error {
	config, err := p.load(c.Config)
	if err != nil {
		return err
	}
	tools, err := config.journalTools()
	if err != nil {
		return err
	}
	_ = tools.Close()
	copied, err := backup.Take(ctx, backup.Plan{
		From: config.DataDir, To: b.Folder, First: "journal", Leave: []string{config.Broker.Dir}, Passing: journal.Passing(),
		Mark: filepath.Join("journal", journal.PutBack),
	})
	if err != nil {
		return err
	}
	p.printf("%s, %d bytes in %s\n", tell.Count(copied.Files, "file"), copied.Bytes, b.Folder)
	return nil
}

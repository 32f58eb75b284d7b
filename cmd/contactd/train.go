package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"contactd/classifiers/linear"
	"contactd/cmd/contactd/interrupt"
	"contactd/cmd/contactd/labelled"
	"contactd/cmd/contactd/panel"
	"contactd/cmd/contactd/replace"
)

type trainCommand struct {
	Data []string `help:"Files of labelled messages (CSV: id, channel, text, grade, category, notes), each by another author: calibration leaves out one after the other." sep:"none" required:"" placeholder:"FILE.csv"`
	Calm []string `help:"Files of ordinary talk that nobody wrote to the police, in the same form: it teaches what is not urgent." sep:"none" placeholder:"FILE.csv"`
	Out  string   `help:"Where the model goes." required:"" placeholder:"FILE"`
}

// Help is shown below the usage.
func (trainCommand) Help() string {
	return `Example:
  contactd train --data a.csv --data b.csv --out weights.bin

The same files in the same order give the same model, to the byte. Use it with classifiers.linear.file. Look at
"contactd eval --cross" first: it shows what such a model finds in files that it has not seen.`
}

// Run trains a model and writes it.
func (t trainCommand) Run(ctx context.Context, p *program, c *commands) error {
	config, err := p.load(c.Config)
	if err != nil {
		return err
	}
	if err := overwritable(t.Out); err != nil {
		return err
	}
	first, err := panel.NewFirst(config.Classifiers)
	if err != nil {
		return err
	}
	rows, err := labelled.Read(ctx, t.Data, first.Hear)
	if err != nil {
		return err
	}
	examples, err := labelled.Teaching(ctx, rows, t.Calm, first.Hear, config.Classifiers.Signpost)
	if err != nil {
		return err
	}
	var model *linear.Model
	if err := interrupt.Or(ctx, func() error { model = linear.Read(examples).Train(); return nil }); err != nil {
		return err
	}
	content, err := model.Encode()
	if err != nil {
		return err
	}
	err = replace.File(t.Out, func(w io.Writer) error {
		_, err := w.Write(content)
		return err
	})
	if err != nil {
		return fmt.Errorf("write model: %w", err)
	}
	p.printf("trained %s on %d messages and %d lines of ordinary talk and of signposts\n", linear.NameOf(content), len(rows), len(examples)-len(rows))
	return nil
}

// overwritable refuses a place where a model cannot be written, or a file that
// is none, such as one of the labelled messages.
func overwritable(name string) error {
	if err := replace.Try(name); err != nil {
		return fmt.Errorf("train: --out: %w", err)
	}
	file, err := os.Open(filepath.Clean(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("write model: %w", err)
	}
	defer func() { _ = file.Close() }()
	begin := make([]byte, len(modelBegins))
	n, err := io.ReadFull(file, begin)
	if errors.Is(err, io.EOF) || string(begin[:n]) == modelBegins {
		return nil
	}
	return usageError{fmt.Errorf("train: --out: %s is there and is no model; name another file", name)}
}

// modelBegins is how models of every version begin.
const modelBegins = "contactd linear "

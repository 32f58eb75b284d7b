package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"contactd/pipeline/journal"
)

// journalDir is where the journal of a configuration lies.
func (c config) journalDir() string { return filepath.Join(c.DataDir, "journal") }

// journalTools opens the configured journal for an operator.
func (p *program) journalTools(c *commands) (*journal.Tools, error) {
	config, err := p.load(c.Config)
	if err != nil {
		return nil, err
	}
	return config.journalTools()
}

// journalTools opens the journal for an operator, or says why that cannot be.
func (c config) journalTools() (*journal.Tools, error) {
	tools, err := journal.OpenTools(c.journalDir())
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("open journal: there is none in %s; is data_dir right?", c.journalDir())
	case errors.Is(err, fs.ErrPermission):
		return nil, errors.Join(err, c.owned())
	default:
		return tools, err
	}
}

// checkDataDir tries to write where the daemon will, without leaving anything.
func checkDataDir(c config) finding {
	f := finding{what: "data", name: c.DataDir}
	if f.err = c.owned(); f.err != nil {
		return f
	}
	dir := c.DataDir
	for { // the nearest folder that exists
		if _, err := os.Stat(dir); err == nil || dir == filepath.Dir(dir) {
			break
		}
		dir = filepath.Dir(dir)
	}
	file, err := os.CreateTemp(dir, ".contactd-check-*")
	if err != nil {
		f.err = fmt.Errorf("cannot be written: %w", err)
		return f
	}
	f.err = errors.Join(file.Close(), os.Remove(file.Name()), c.Journal.TryRoom(dir))
	switch _, err := os.Stat(filepath.Join(c.journalDir(), journal.PutBack)); {
	case dir != c.DataDir:
		f.detail = "will be created"
	case err == nil:
		f.detail = "put back from a backup; contactd run compares it with Kafka before it sends a reply"
	}
	return f
}

package main

import (
	"errors"
	"io"
	"os"
	"path/filepath"
)

// replaceFile writes a file, for its owner alone, whole or not at all: one that
// was there stays until all is on the disk.
func replaceFile(name string, write func(io.Writer) error) error {
	file, err := os.CreateTemp(filepath.Dir(name), ".contactd-*")
	if err != nil {
		return err
	}
	err = errors.Join(write(file), file.Sync(), file.Close())
	if err == nil {
		err = os.Rename(file.Name(), name)
	}
	if err != nil {
		return errors.Join(err, os.Remove(file.Name()))
	}
	return nil
}

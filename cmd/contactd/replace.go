package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// replaceFile writes a file, for its owner alone, whole or not at all: one that
// was there stays until all is on the disk.
func replaceFile(name string, write func(io.Writer) error) error {
	if err := replaceable(name); err != nil {
		return err
	}
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

// replaceable refuses what is there and is no file: root could replace even
// /dev/null.
func replaceable(name string) error {
	if info, err := os.Stat(name); err == nil && !info.Mode().IsRegular() {
		return fmt.Errorf("%s is there and is no file", name)
	}
	return nil
}

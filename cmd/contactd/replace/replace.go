// Package replace writes the files that a person asks a command for, whole or not
// at all.
package replace

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// File writes a file, for its owner alone, whole or not at all: one that
// was there stays until all is on the disk.
func File(name string, write func(io.Writer) error) error {
	file, err := beside(name)
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

// Try says why File could not write a file, before the work for it.
func Try(name string) error {
	file, err := beside(name)
	if err != nil {
		return err
	}
	return errors.Join(file.Close(), os.Remove(file.Name()))
}

// beside makes the file that is to replace another. It refuses to replace what
// is there and is no file: root could replace even /dev/null.
func beside(name string) (*os.File, error) {
	if info, err := os.Stat(name); err == nil && !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is there and is no file", name)
	}
	file, err := os.CreateTemp(filepath.Dir(name), ".contactd-*")
	var about *fs.PathError
	if errors.As(err, &about) { // its path is not the one that was asked for
		err = fmt.Errorf("%s cannot be written: %w", name, about.Err)
	}
	return file, err
}

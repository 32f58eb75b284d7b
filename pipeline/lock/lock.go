// Package lock takes a folder for one process alone: that of a journal, or of a
// broker's records. What to do about another one there is left to its users.
package lock

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// ErrTaken says that another process has the folder.
var ErrTaken = errors.New("another process uses it")

// Name is the file in the folder that is locked. Nothing stands in it.
const Name = "lock"

// Take takes a folder, made with mode 0700 if it is missing, until the file is
// closed or the process ends, however it ends. The error is ErrTaken while
// another process has it.
func Take(dir string) (*os.File, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("create folder: %w", err)
	}
	file, err := os.OpenFile(filepath.Join(dir, Name), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open lock: %w", err)
	}
	err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil {
		return file, nil
	}
	_ = file.Close()
	if errors.Is(err, syscall.EWOULDBLOCK) {
		err = ErrTaken
	}
	return nil, fmt.Errorf("lock %s: %w", dir, err)
}

// Taken reports whether a process has the folder now, or may have it because
// this user cannot tell. A process that would take the folder in this very
// moment could be refused, so it is asked only where somebody is likely to.
func Taken(dir string) bool {
	file, err := os.Open(filepath.Join(dir, Name))
	if err != nil {
		return !errors.Is(err, fs.ErrNotExist)
	}
	defer func() { _ = file.Close() }()
	return syscall.Flock(int(file.Fd()), syscall.LOCK_SH|syscall.LOCK_NB) != nil
}

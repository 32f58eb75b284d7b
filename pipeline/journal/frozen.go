//go:build unix

package journal

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"syscall"

	"zombiezen.com/go/sqlite"
)

// accessWrite asks whether a directory may be written (access(2)).
const accessWrite = 2

var errFrozen = errors.New("the disk is read-only")

// onFrozenDisk reports whether the disk of dir is mounted for reading only, as
// that of evidence is.
func onFrozenDisk(dir string) bool {
	return errors.Is(syscall.Access(dir, accessWrite), syscall.EROFS)
}

// openFrozen opens a database that nobody can write. SQLite then keeps no files
// beside it, but reads no log either: a journal that was not closed in order
// would look older than it is.
func openFrozen(dir string) (*sqlite.Conn, error) {
	name := filepath.Join(dir, databaseName)
	if log, err := os.Stat(name + "-wal"); err == nil && log.Size() > 0 {
		return nil, fmt.Errorf("open journal in %s: %w, and contactd had not closed the journal: copy the directory to another disk first", dir, errFrozen)
	}
	name, err := filepath.Abs(name)
	if err != nil {
		return nil, fmt.Errorf("open journal in %s: %w", dir, err)
	}
	from := url.URL{Scheme: "file", Path: name, RawQuery: "immutable=1"}
	return sqlite.OpenConn(from.String(), sqlite.OpenReadOnly, sqlite.OpenURI)
}

// openToRead opens the database for reading, whatever disk it lies on.
func openToRead(dir string) (*sqlite.Conn, error) {
	if onFrozenDisk(dir) {
		return openFrozen(dir)
	}
	return sqlite.OpenConn(filepath.Join(dir, databaseName), sqlite.OpenReadOnly)
}

package journal

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"zombiezen.com/go/sqlite"
)

// ErrClosed is returned by every method of a journal that was closed.
var ErrClosed = errors.New("journal is closed")

// refusal is an error of one operation that wrote nothing: the others of its
// group are committed.
type refusal struct{ error }

func (r refusal) Unwrap() error { return r.error }

// explain adds to an error of the database what an operator can do about it.
func explain(dir string, err error) error {
	if err == nil || errors.Is(err, errFrozen) {
		return err
	}
	if errors.Is(err, errDamaged) {
		return fmt.Errorf("read journal in %s: damaged, %s: %w", dir, wayOut, err)
	}
	switch sqlite.ErrCode(err).ToPrimary() {
	case sqlite.ResultFull:
		return fmt.Errorf("write journal in %s: the disk is full, free some space and it goes on by itself: %w", dir, err)
	case sqlite.ResultIOErr:
		return fmt.Errorf("use journal in %s: the disk reports an error, it is tried again by itself; look at the system log: %w", dir, err)
	case sqlite.ResultCorrupt, sqlite.ResultNotADB:
		return fmt.Errorf("read journal in %s: the database is damaged, %s: %w", dir, wayOut, err)
	case sqlite.ResultBusy:
		return fmt.Errorf("write journal in %s: another program holds the database: %w", dir, err)
	case sqlite.ResultReadOnly, sqlite.ResultCantOpen, sqlite.ResultPerm, sqlite.ResultAuth:
		if _, gone := os.Stat(dir); errors.Is(gone, fs.ErrNotExist) {
			return fmt.Errorf("open journal in %s: the directory is gone, put it back and it goes on by itself: %w", dir, err)
		}
		return fmt.Errorf("open journal in %s: not allowed, give this user the directory: %w", dir, err)
	default:
		return fmt.Errorf("use journal in %s: %w", dir, err)
	}
}

// wayOut is what can be done about a damaged journal.
const wayOut = "stop the daemon and copy the directory; \"contactd verify\" tells what cannot be read; put a backup back, or move the directory away, and contactd begins a new one, for which mailboxes are read again: see deploy/README.md"

// damaged reports whether the database itself is at fault.
func damaged(err error) bool {
	code := sqlite.ErrCode(err).ToPrimary()
	return code == sqlite.ResultCorrupt || code == sqlite.ResultNotADB || errors.Is(err, errDamaged)
}

// broken reports whether the connection must be closed: after an input or
// output error nobody knows what the file holds, so it is opened again and
// recovered by checksums.
func broken(err error) bool {
	switch sqlite.ErrCode(err).ToPrimary() {
	case sqlite.ResultFull, sqlite.ResultBusy, sqlite.ResultLocked, sqlite.ResultConstraint, sqlite.ResultTooBig:
		return false
	default:
		return true
	}
}

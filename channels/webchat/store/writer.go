package store

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

// groupLimit is how many changes are committed together at most. A commit waits
// until breath has passed since the one before, so that a thousand changes a
// second, which come one by one, do not cost a sync each.
const (
	groupLimit = 512
	breath     = time.Millisecond
)

// request is a change on its way to the disk. Its error undoes it alone; for
// that it may be made a second time, after the first was undone.
type request struct {
	change func(*sqlite.Conn) error
	done   chan error // nil when nobody waits
	// taken by the writer when it begins, or by the caller when it gives up.
	taken atomic.Bool
}

// begin reports whether somebody still wants the change.
func (r *request) begin() bool { return r.done == nil || r.taken.CompareAndSwap(false, true) }

// do makes a change durable. When ctx ends before it has begun, it does not
// happen.
func (s *Store) do(ctx context.Context, change func(*sqlite.Conn) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	r := &request{change: change, done: make(chan error, 1)}
	select {
	case s.requests <- r:
	case <-ctx.Done():
		return ctx.Err()
	case <-s.closing:
		return ErrClosed
	}
	select {
	case err := <-r.done:
		return err
	case <-s.stopped:
	case <-ctx.Done():
		if r.taken.CompareAndSwap(false, true) {
			return ctx.Err()
		}
		// Too late to give up: the answer must say what really happened.
	}
	select {
	case err := <-r.done:
		return err
	case <-s.stopped:
	}
	select {
	case err := <-r.done:
		return err
	default:
		return ErrClosed
	}
}

// later makes a change that nobody waits for, with the next commit. It is lost
// when that fails: only for what the next one says again.
func (s *Store) later(change func(*sqlite.Conn) error) {
	select {
	case s.requests <- &request{change: change}:
	case <-s.closing:
	}
}

// write is the one goroutine that writes.
func (s *Store) write(conn *sqlite.Conn) {
	defer close(s.stopped)
	defer func() {
		if conn != nil {
			_ = conn.Close()
		}
	}()
	next := time.NewTimer(0)
	defer next.Stop()
	for {
		group := s.collect(next.C)
		if len(group) == 0 {
			return
		}
		each, err := s.attempt(&conn, group)
		next.Reset(breath)
		for i, r := range group {
			switch {
			case r.done == nil:
			case err != nil:
				r.done <- err
			default:
				r.done <- each[i]
			}
		}
		if err != nil {
			s.rest()
		}
	}
}

// attempt commits a group. After a failure nobody knows what the connection
// still holds, so the next group gets a new one.
func (s *Store) attempt(conn **sqlite.Conn, group []*request) (each []error, err error) {
	if *conn == nil {
		if *conn, err = s.openWriter(); err != nil {
			return nil, err
		}
	}
	if each, err = commit(*conn, group); err == nil {
		return each, nil
	}
	_ = (*conn).Close()
	*conn = nil
	return nil, s.explain(err)
}

// rest waits a moment after a failure, so that a full disk costs no processor.
func (s *Store) rest() {
	select {
	case <-time.After(20 * time.Millisecond):
	case <-s.closing:
	}
}

// collect waits for a change, then for the next time to commit, and takes what
// is there by then; none when the store is closing and all is done.
func (s *Store) collect(next <-chan time.Time) []*request {
	var group []*request
	for len(group) == 0 {
		select {
		case r := <-s.requests:
			group = r.join(group)
		case <-s.closing:
			if group = s.take(group); len(group) == 0 {
				return nil
			}
		}
	}
	for len(group) < groupLimit {
		select {
		case r := <-s.requests:
			group = r.join(group)
		case <-next:
			return s.take(group)
		case <-s.closing:
			return s.take(group)
		}
	}
	return group
}

// take adds what is there already.
func (s *Store) take(group []*request) []*request {
	for len(group) < groupLimit {
		select {
		case r := <-s.requests:
			group = r.join(group)
		default:
			return group
		}
	}
	return group
}

// join adds a change to a group unless nobody wants it any more.
func (r *request) join(group []*request) []*request {
	if r.begin() {
		group = append(group, r)
	}
	return group
}

// commit writes a group in one transaction. The errors beside a nil error are
// those of single changes. They hardly ever fail: only when one does, all are
// made again, each within a savepoint, for which every page that a change
// touches is copied.
func commit(conn *sqlite.Conn, group []*request) ([]error, error) {
	switch err := transact(conn, func() error { return together(conn, group) }); {
	case err == nil:
		return make([]error, len(group)), nil
	case fatal(err):
		return nil, err
	}
	errs := make([]error, len(group))
	err := transact(conn, func() error {
		for i, r := range group {
			if errs[i] = alone(conn, r.change); fatal(errs[i]) {
				return errs[i]
			}
		}
		return nil
	})
	return errs, err
}

// transact commits what write wrote, or leaves nothing of it.
func transact(conn *sqlite.Conn, write func() error) error {
	if err := sqlitex.Execute(conn, "BEGIN IMMEDIATE", nil); err != nil {
		return err
	}
	err := write()
	if err == nil {
		err = sqlitex.Execute(conn, "COMMIT", nil)
	}
	if err != nil {
		return errors.Join(err, rollBack(conn))
	}
	return nil
}

// together makes all changes, or fails with the first that does.
func together(conn *sqlite.Conn, group []*request) error {
	for _, r := range group {
		if err := r.change(conn); err != nil {
			return err
		}
	}
	return nil
}

// alone makes a change that leaves nothing behind when it fails.
func alone(conn *sqlite.Conn, change func(*sqlite.Conn) error) (err error) {
	if err := sqlitex.Execute(conn, "SAVEPOINT one", nil); err != nil {
		return err
	}
	if err := change(conn); err != nil {
		if fatal(err) {
			return err
		}
		return errors.Join(err, sqlitex.Execute(conn, "ROLLBACK TO one", nil), sqlitex.Execute(conn, "RELEASE one", nil))
	}
	return sqlitex.Execute(conn, "RELEASE one", nil)
}

func rollBack(conn *sqlite.Conn) error {
	if conn.AutocommitEnabled() {
		return nil
	}
	return sqlitex.Execute(conn, "ROLLBACK", nil)
}

// fatal reports whether an error concerns the whole transaction.
func fatal(err error) bool {
	if err == nil {
		return false
	}
	switch sqlite.ErrCode(err).ToPrimary() {
	case sqlite.ResultError, sqlite.ResultConstraint, sqlite.ResultTooBig: // the first also for what is no error of SQLite
		return false
	default:
		return true
	}
}

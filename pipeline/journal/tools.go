package journal

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"contactd/channels"
	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

// Tools are what an operator does with a journal from the command line. They
// work while a daemon runs on the same directory, which notices a change
// within a second, and without one.
type Tools struct {
	dir    string
	reader *reader
	now    func() time.Time
}

// OpenTools opens the journal in dir for an operator. The caller closes.
func OpenTools(dir string) (*Tools, error) {
	if _, err := os.Stat(filepath.Join(dir, databaseName)); err != nil {
		return nil, fmt.Errorf("open journal: %w", err)
	}
	return &Tools{dir: dir, reader: &reader{dir: dir}, now: time.Now}, nil
}

// Tools returns the operator's tools on this journal. The caller closes them.
func (j *Journal) Tools() *Tools {
	return &Tools{dir: j.config.Dir, reader: &reader{dir: j.config.Dir}, now: j.deps.Now}
}

// Blobs returns the folder of large bytes, to which a tool may add.
func (t *Tools) Blobs() channels.Blobs { return blobsOf(t.dir) }

// Close frees the connection.
func (t *Tools) Close() error {
	t.reader.close()
	return nil
}

// Counts accounts for every accepted message:
// Accepted = Published + Waiting + Quarantined.
type Counts struct {
	// Accepted counts since the beginning, forgotten ones included. Published
	// were acknowledged by Kafka; Quarantined are set aside, whether or not
	// their notice was published; Waiting are the rest.
	Accepted, Published, Waiting, Quarantined int64
}

// Counts counts. It reads the whole of the narrow tables.
func (t *Tools) Counts(ctx context.Context) (Counts, error) {
	var c Counts
	err := t.read(ctx, func(conn *sqlite.Conn) (err error) {
		c, err = counts(conn)
		return err
	})
	return c, err
}

func counts(conn *sqlite.Conn) (Counts, error) {
	var c Counts
	const query = `SELECT (SELECT coalesce(max(seq), 0) FROM messages), (SELECT pruned FROM state),
		(SELECT count(*) FROM progress WHERE reason IS NOT NULL),
		(SELECT count(*) FROM progress WHERE reason IS NULL AND published IS NOT NULL),
		(SELECT count(*) FROM progress WHERE reason IS NULL AND published IS NULL AND rank > 0),
		(SELECT count(*) FROM unread)`
	err := sqlitex.Execute(conn, query, &sqlitex.ExecOptions{ResultFunc: func(stmt *sqlite.Stmt) error {
		pruned := stmt.ColumnInt64(1)
		c = Counts{
			Accepted:    max(stmt.ColumnInt64(0), pruned),
			Quarantined: stmt.ColumnInt64(2),
			Published:   stmt.ColumnInt64(3) + pruned,
			Waiting:     stmt.ColumnInt64(4) + stmt.ColumnInt64(5),
		}
		return nil
	}})
	return c, err
}

// read runs a query in one read transaction, ended by ctx.
func (t *Tools) read(ctx context.Context, query func(*sqlite.Conn) error) error {
	return t.reader.with(func(conn *sqlite.Conn) (err error) {
		conn.SetInterrupt(ctx.Done())
		defer conn.SetInterrupt(nil)
		defer sqlitex.Transaction(conn)(&err)
		return query(conn)
	})
}

// change runs a short writing transaction that the daemon will notice.
func (t *Tools) change(change func(*sqlite.Conn) error) error {
	if onFrozenDisk(t.dir) {
		return fmt.Errorf("write journal in %s: %w", t.dir, errFrozen)
	}
	conn, err := sqlite.OpenConn(filepath.Join(t.dir, databaseName), sqlite.OpenReadWrite)
	if err != nil {
		return explain(t.dir, err)
	}
	defer conn.Close()
	conn.SetBusyTimeout(busyTimeout)
	if err := checkVersion(conn); err != nil {
		return explain(t.dir, err)
	}
	if err := setPragmas(conn, "synchronous = FULL", "wal_autocheckpoint = 0"); err != nil {
		return explain(t.dir, err)
	}
	return explain(t.dir, func() (err error) {
		end, err := sqlitex.ImmediateTransaction(conn)
		if err != nil {
			return err
		}
		defer end(&err)
		if err := change(conn); err != nil {
			return err
		}
		return execute(conn, "UPDATE state SET tools = tools + 1")
	}())
}

// Range is a stretch of time by acceptance: Since included, Until not. Zero
// means no bound.
type Range struct{ Since, Until time.Time }

// Republished says what Republish did or would do.
type Republished struct {
	// Entries is how many published messages of the range are published
	// again; Gone how many cannot be, because their bytes were pruned.
	Entries, Gone int64
}

// republishRows is how many messages one transaction makes unpublished, and
// breather the pause between two: the daemon, which waits for the database, looks
// at least every 100 ms whether it is free, and would else get it by chance only.
const (
	republishRows = 2000
	breather      = 120 * time.Millisecond
)

// Republish publishes the published messages of a range again, with the same
// ids. A dry run only counts.
func (t *Tools) Republish(ctx context.Context, r Range, dryRun bool) (Republished, error) {
	var sum Republished
	if !r.Until.IsZero() && !r.Since.Before(r.Until) {
		return sum, errors.New("replay: until is not after since")
	}
	first, last, err := t.seqs(ctx, r)
	for ; err == nil && first <= last; first += republishRows {
		var step Republished
		if err = ctx.Err(); err != nil {
			break
		}
		to := min(last, first+republishRows-1)
		if dryRun {
			err = t.read(ctx, func(conn *sqlite.Conn) (err error) {
				step, err = countRepublishable(conn, first, to)
				return err
			})
		} else if step, err = t.republish(first, to); to < last {
			time.Sleep(breather)
		}
		sum.Entries += step.Entries
		sum.Gone += step.Gone
	}
	return sum, err
}

func (t *Tools) republish(first, last int64) (Republished, error) {
	var step Republished
	if err := t.change(func(conn *sqlite.Conn) (err error) {
		if step, err = countRepublishable(conn, first, last); err != nil {
			return err
		}
		_, err = waitAgain(conn, first, last, "")
		return err
	}); err != nil {
		return Republished{}, err // what was counted is undone
	}
	return step, nil
}

func countRepublishable(conn *sqlite.Conn, first, last int64) (Republished, error) {
	var r Republished
	// Bytes are gone when body is NULL, or for a blob when it is not.
	const query = `SELECT count(*), coalesce(sum((m.body IS NULL) = (m.blob IS NULL)), 0)
		FROM progress p JOIN messages m USING (seq) WHERE p.seq BETWEEN ? AND ? AND p.published IS NOT NULL`
	err := sqlitex.Execute(conn, query, &sqlitex.ExecOptions{
		Args: []any{first, last},
		ResultFunc: func(stmt *sqlite.Stmt) error {
			r.Gone = stmt.ColumnInt64(1)
			r.Entries = stmt.ColumnInt64(0) - r.Gone
			return nil
		},
	})
	return r, err
}

// seqs turns a range of time into one of rows. Times of acceptance never go
// backwards, so it is found by halving.
func (t *Tools) seqs(ctx context.Context, r Range) (first, last int64, err error) {
	err = t.read(ctx, func(conn *sqlite.Conn) error {
		low, err := queryInt(conn, "SELECT min(seq) FROM messages")
		if err != nil {
			return err
		}
		high, err := queryInt(conn, "SELECT max(seq) FROM messages")
		if err != nil {
			return err
		}
		first, last = low, high
		if !r.Since.IsZero() {
			if first, err = firstAt(conn, low, high, r.Since); err != nil {
				return err
			}
		}
		if !r.Until.IsZero() {
			last, err = firstAt(conn, low, high, r.Until)
			last--
		}
		return err
	})
	return max(first, 1), last, err
}

// firstAt returns the first row between low and high accepted at or after a
// time, high+1 when there is none.
func firstAt(conn *sqlite.Conn, low, high int64, at time.Time) (int64, error) {
	for low <= high {
		middle := (low + high) / 2
		accepted, err := queryInt(conn, "SELECT accepted FROM messages WHERE seq = ?", middle)
		if err != nil {
			return 0, err
		}
		if accepted < at.UnixMicro() {
			low = middle + 1
		} else {
			high = middle - 1
		}
	}
	return low, nil
}

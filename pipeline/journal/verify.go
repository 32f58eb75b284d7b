package journal

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"

	"contactd/channels"
	"contactd/pipeline"
	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

// Report is what Verify found.
type Report struct {
	Counts
	// Rows and Blobs were compared with their digests; Bytes of them read.
	Rows, Blobs, Bytes int64
	// Replies accounts for every reply that was asked for and is remembered.
	Replies ReplyCounts
	// Differences are what is not as it was written, at most maxDifferences;
	// More counts the others. None means that all is well.
	Differences []Difference
	More        int
	// Counted is whether the Counts could be read.
	Counted bool
	// Restored is when the journal was last found to be put back from a backup;
	// zero for never.
	Restored Restoration
}

// Difference is one thing that is not as it should be.
type Difference struct {
	// Seq is the message it is about, 0 for none in particular.
	Seq  int64
	What string
}

// String gives it for a person.
func (d Difference) String() string {
	if d.Seq == 0 {
		return d.What
	}
	return fmt.Sprintf("message %d: %s", d.Seq, d.What)
}

const maxDifferences = 1000

func (r *Report) differ(seq int64, format string, args ...any) {
	if len(r.Differences) >= maxDifferences {
		r.More++
		return
	}
	r.Differences = append(r.Differences, Difference{seq, fmt.Sprintf(format, args...)})
}

// Verify reads everything: it follows the chain of hashes, compares all bytes
// with their digests, checks the places of messages and the indexes, and
// accounts for every accepted message. An error means that it could not be
// done at all; what is wrong with the journal is in the report.
func (t *Tools) Verify(ctx context.Context) (Report, error) {
	var report Report
	steps := []struct {
		what string
		do   func(context.Context, *Report) error
	}{
		{"messages", t.verifyMessages},
		{"places", t.verifyPlaces},
		{"cursors", t.verifyCursors},
		{"answers", t.verifyAnswers},
		{"replies", t.verifyReplies},
		{"accounts", t.verifyAccounts},
		{"structure", t.verifyStructure},
	}
	for _, step := range steps {
		err := step.do(ctx, &report)
		if ctx.Err() != nil {
			return report, ctx.Err()
		}
		if err != nil && !damage(err) {
			return report, fmt.Errorf("verify %s: %w", step.what, err)
		}
		if err != nil {
			report.differ(0, "%s cannot be read to the end: %v", step.what, err)
		}
	}
	return report, nil
}

// damage reports whether an error says that what was read is damaged.
func damage(err error) bool {
	switch {
	case errors.Is(err, errDamaged):
		return true
	case errors.Is(err, errVersion), errors.Is(err, errFrozen):
		return false
	}
	switch sqlite.ErrCode(err).ToPrimary() {
	case sqlite.ResultCorrupt, sqlite.ResultNotADB, sqlite.ResultError, sqlite.ResultIOErr, sqlite.ResultCantOpen:
		return true
	default:
		return false
	}
}

// verifyRows is how many rows are read in one transaction.
const verifyRows = 500

// verifyMessages follows the chain.
func (t *Tools) verifyMessages(ctx context.Context, report *Report) error {
	var first, last int64
	var prev digest
	err := t.read(ctx, func(conn *sqlite.Conn) (err error) {
		if last, err = queryInt(conn, "SELECT max(seq) FROM messages"); err != nil {
			return err
		}
		if first, err = queryInt(conn, "SELECT pruned FROM state"); err != nil || last == 0 {
			return err
		}
		prev, err = chainBefore(conn, first+1)
		return err
	})
	for at := first + 1; err == nil && at <= last; {
		var rows []*row
		to := min(last, at+verifyRows-1)
		rows, err = t.readRows(ctx, at, to, report)
		for _, r := range rows {
			if r.seq != at && r.seq > at {
				report.differ(at, "missing, up to %d", r.seq-1)
			}
			r.prev, prev, at = prev, r.chain, r.seq+1
			t.verifyRow(ctx, r, report)
		}
		if err == nil && at <= to {
			report.differ(at, "missing, up to %d", to)
			at = to + 1
		}
	}
	return err
}

// readRows reads a stretch of rows; where the page is damaged, those that can
// be read one by one.
func (t *Tools) readRows(ctx context.Context, from, to int64, report *Report) ([]*row, error) {
	rows, err := t.readRowsAtOnce(ctx, from, to)
	if err == nil || ctx.Err() != nil || !damage(err) || from == to {
		return rows, err
	}
	rows = nil
	for seq := from; seq <= to; seq++ {
		one, err := t.readRowsAtOnce(ctx, seq, seq)
		if err != nil {
			if ctx.Err() != nil || !damage(err) {
				return rows, err
			}
			report.differ(seq, "cannot be read: %v", err)
		}
		rows = append(rows, one...)
	}
	return rows, nil
}

func (t *Tools) readRowsAtOnce(ctx context.Context, from, to int64) ([]*row, error) {
	var rows []*row
	err := t.read(ctx, func(conn *sqlite.Conn) error {
		stmt, err := conn.Prepare("SELECT " + rowColumns + ` FROM messages m LEFT JOIN sources s ON s.id = m.source
			WHERE m.seq BETWEEN ? AND ? ORDER BY m.seq`)
		if err != nil {
			return err
		}
		stmt.BindInt64(1, from)
		stmt.BindInt64(2, to)
		for {
			found, err := stmt.Step()
			if err != nil || !found {
				return err
			}
			rows = append(rows, scanRow(stmt))
		}
	})
	return rows, err
}

func (t *Tools) verifyRow(ctx context.Context, r *row, report *Report) {
	report.Rows++
	report.Bytes += int64(len(r.body))
	if err := r.check(); err != nil {
		report.differ(r.seq, "%v", err)
	}
	if !r.byReference || r.gone {
		return
	}
	report.Blobs++
	size, err := blobsOf(t.dir).check(ctx, r)
	report.Bytes += size
	if err != nil {
		report.differ(r.seq, "its blob: %v", err)
	}
}

// check compares a blob with its name.
func (b *blobs) check(ctx context.Context, r *row) (int64, error) {
	file, err := b.Open(r.entry().SHA256)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	sum := sha256.New()
	size, err := io.Copy(sum, &untilDone{ctx, file})
	if err == nil && (!bytes.Equal(sum.Sum(nil), r.sha[:]) || size != r.size) {
		err = errDamaged
	}
	return size, err
}

// verifyPlaces checks every message's place in its conversation.
func (t *Tools) verifyPlaces(ctx context.Context, report *Report) error {
	return t.read(ctx, func(conn *sqlite.Conn) error {
		const query = `SELECT p.seq, p.sequence, p.foreigner, p.mark, p.rank, c.key, c.next, p.source = m.source
			FROM progress p LEFT JOIN conversations c ON c.id = p.conversation LEFT JOIN messages m ON m.seq = p.seq`
		return sqlitex.Execute(conn, query, &sqlitex.ExecOptions{ResultFunc: func(stmt *sqlite.Stmt) error {
			seq := stmt.ColumnInt64(0)
			placed := pipeline.Placed{
				Conversation: stmt.ColumnText(5), Sequence: stmt.ColumnInt64(1), Foreign: stmt.ColumnInt64(2) != 0,
			}
			switch rank := stmt.ColumnInt(4); {
			case stmt.ColumnInt64(3) != markOf(seq, placed):
				report.differ(seq, "its place: %v", errDamaged)
			case rank < rankUnsorted || rank >= ranks:
				report.differ(seq, "its lane is none")
			case placed.Sequence >= stmt.ColumnInt64(6):
				report.differ(seq, "its conversation counts to %d, but it is number %d", stmt.ColumnInt64(6)-1, placed.Sequence)
			case stmt.ColumnInt64(7) == 0:
				report.differ(seq, "its place belongs to another account")
			}
			return nil
		}})
	})
}

func (t *Tools) verifyCursors(ctx context.Context, report *Report) error {
	return t.read(ctx, func(conn *sqlite.Conn) error {
		const query = "SELECT name, value, sum FROM cursors"
		return sqlitex.Execute(conn, query, &sqlitex.ExecOptions{ResultFunc: func(stmt *sqlite.Stmt) error {
			c := channels.Cursor{Name: stmt.ColumnText(0), Value: stmt.ColumnText(1)}
			sum := make([]byte, stmt.ColumnLen(2))
			stmt.ColumnBytes(2, sum)
			if !bytes.Equal(sum, cursorSum(c)) {
				report.differ(0, "cursor %q: %v", c.Name, errDamaged)
			} else if c.Name == originCursor {
				o, _ := readOrigin(c.Value)
				report.Restored = o.last()
			}
			return nil
		}})
	})
}

// verifyAccounts checks that every accepted message is exactly one of
// published, waiting and quarantined.
func (t *Tools) verifyAccounts(ctx context.Context, report *Report) error {
	return t.read(ctx, func(conn *sqlite.Conn) (err error) {
		if report.Counts, err = counts(conn); err != nil {
			return err
		}
		report.Counted = true
		if c := report.Counts; c.Accepted != c.Published+c.Waiting+c.Quarantined {
			report.differ(0, "accepted %d is not published %d + waiting %d + quarantined %d",
				c.Accepted, c.Published, c.Waiting, c.Quarantined)
		}
		for _, wrong := range []struct{ query, what string }{
			{`SELECT m.seq FROM messages m LEFT JOIN unread u ON u.source = m.source AND u.seq = m.seq
				LEFT JOIN progress p ON p.seq = m.seq
				WHERE u.seq IS NULL AND (p.seq IS NULL OR p.rank = 0)`, "neither unread nor sorted: nobody would publish it"},
			{
				`SELECT p.seq FROM progress p JOIN unread u ON u.source = p.source AND u.seq = p.seq WHERE p.rank > 0`,
				"both unread and sorted",
			},
			{
				`SELECT u.seq FROM unread u LEFT JOIN messages m ON m.seq = u.seq AND m.source = u.source WHERE m.seq IS NULL`,
				"unread, but was never accepted",
			},
			{
				`SELECT p.seq FROM progress p LEFT JOIN messages m USING (seq) WHERE m.seq IS NULL`,
				"has a place, but was never accepted",
			},
		} {
			err := sqlitex.Execute(conn, wrong.query, &sqlitex.ExecOptions{ResultFunc: func(stmt *sqlite.Stmt) error {
				report.differ(stmt.ColumnInt64(0), "%s", wrong.what)
				return nil
			}})
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// verifyStructure has SQLite compare its pages and indexes.
func (t *Tools) verifyStructure(ctx context.Context, report *Report) error {
	return t.read(ctx, func(conn *sqlite.Conn) error {
		return sqlitex.Execute(conn, "PRAGMA integrity_check(100)", &sqlitex.ExecOptions{ResultFunc: func(stmt *sqlite.Stmt) error {
			if text := stmt.ColumnText(0); text != "ok" {
				report.differ(0, "%s", text)
			}
			return nil
		}})
	})
}

package journal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"contactd/pipeline"
	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

// ErrNotQuarantined is returned for a message that is not in quarantine.
var ErrNotQuarantined = errors.New("not in quarantine")

// Quarantined is one line of the list of messages set aside.
type Quarantined struct {
	Seq                  int64
	Channel, Account, ID string
	AcceptedAt           time.Time
	// Size is that of the original in bytes.
	Size int64
	// Attempts is how often the program ended while reading it.
	Attempts int
	// Reason says why it could not be read.
	Reason string
	// Published says that Kafka has the notice for a person to look.
	Published bool
}

// Quarantined lists up to limit messages set aside behind a seq, oldest first.
func (t *Tools) Quarantined(ctx context.Context, after int64, limit int) ([]Quarantined, error) {
	var all []Quarantined
	err := t.read(ctx, func(conn *sqlite.Conn) error {
		const query = `SELECT p.seq, s.channel, s.account, m.id, m.accepted, m.size, p.attempts, p.reason, p.published IS NOT NULL
			FROM progress p INDEXED BY quarantined JOIN messages m USING (seq) JOIN sources s ON s.id = m.source
			WHERE p.reason IS NOT NULL AND p.seq > ? ORDER BY p.seq LIMIT ?`
		return sqlitex.Execute(conn, query, &sqlitex.ExecOptions{
			Args: []any{after, limit},
			ResultFunc: func(stmt *sqlite.Stmt) error {
				all = append(all, Quarantined{
					Seq: stmt.ColumnInt64(0), Channel: stmt.ColumnText(1), Account: stmt.ColumnText(2), ID: stmt.ColumnText(3),
					AcceptedAt: fromMicros(stmt.ColumnInt64(4)), Size: stmt.ColumnInt64(5), Attempts: stmt.ColumnInt(6),
					Reason: stmt.ColumnText(7), Published: stmt.ColumnInt64(8) != 0,
				})
				return nil
			},
		})
	})
	return all, err
}

// Show returns a message, quarantined or not. Original.Bytes is nil when they
// lie in the blob folder or were pruned.
func (t *Tools) Show(ctx context.Context, seq int64) (pipeline.Entry, error) {
	var e pipeline.Entry
	err := t.read(ctx, func(conn *sqlite.Conn) (err error) {
		e, _, err = readEntry(conn, seq)
		return err
	})
	return e, err
}

// Export writes the original bytes of a message, quarantined or not.
func (t *Tools) Export(ctx context.Context, seq int64, w io.Writer) error {
	var r *row
	err := t.read(ctx, func(conn *sqlite.Conn) (err error) {
		r, err = readRow(conn, seq)
		return err
	})
	switch {
	case err != nil:
		return fmt.Errorf("export message %d: %w", seq, err)
	case r == nil:
		return fmt.Errorf("export message %d: never accepted", seq)
	case r.gone:
		return fmt.Errorf("export message %d: its bytes were pruned", seq)
	}
	var from io.Reader = bytes.NewReader(r.body)
	if r.byReference {
		file, err := blobsOf(t.dir).Open(r.entry().SHA256)
		if err != nil {
			return fmt.Errorf("export message %d: %w", seq, err)
		}
		defer file.Close()
		from = file
	}
	if _, err := io.Copy(w, &untilDone{ctx, from}); err != nil {
		return fmt.Errorf("export message %d: %w", seq, err)
	}
	return nil
}

// Retry moves a message from quarantine back to the unread. One that was set
// aside before it had a conversation gets its place like a new one; one that
// had a place keeps it.
func (t *Tools) Retry(ctx context.Context, seq int64) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return t.change(func(conn *sqlite.Conn) error {
		p, found, err := positionOf(conn, seq)
		if err != nil {
			return err
		}
		if !found || p.reason == "" {
			return fmt.Errorf("retry message %d: %w", seq, ErrNotQuarantined)
		}
		r, err := readRow(conn, seq)
		if err != nil {
			return err
		}
		if r == nil || r.gone {
			return fmt.Errorf("retry message %d: its bytes were pruned", seq)
		}
		forget := `UPDATE progress SET rank = 0, reason = NULL, attempts = 0, published = NULL, part = NULL, offs = NULL WHERE seq = ?`
		if p.Conversation == ownConversation(r.channel, r.account, r.id) {
			forget = "DELETE FROM progress WHERE seq = ?"
		}
		if err := execute(conn, forget, seq); err != nil {
			return err
		}
		return execute(conn, "INSERT OR REPLACE INTO unread (source, seq, attempts) VALUES (?, ?, 0)", r.source, seq)
	})
}

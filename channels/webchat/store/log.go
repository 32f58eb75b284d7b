package store

import (
	"context"
	"time"

	"zombiezen.com/go/sqlite"
)

// Row is one numbered frame of a session.
type Row struct {
	N int64
	// Kind and Ref are unique in a session unless Ref is empty: what was
	// written once is not written again.
	Kind, Ref string
	// Contact is the message id of what the person said, for Upto.
	Contact string
	// Frame is what goes over the wire.
	Frame []byte
	// Old is set when it had been there before.
	Old bool
}

// Change is what happens to a session at once.
type Change struct {
	At time.Time
	// Rows are appended in order unless they are there already; Render makes
	// the frame of row i when its number is known.
	Rows   []Row
	Render func(i int, n int64) []byte

	// Spoke counts a message of the person, Answered a handler's.
	Spoke, Answered bool
	// Covert, Ended, Details and Language replace what the session holds, unless
	// nil.
	Covert, Ended     *bool
	Details, Language *string
	// Reply is the id under which the first row was asked for, and Files what
	// comes with it.
	Reply string
	Files []File
	// Asked is a copy that the person asks for. Sent and Failed are copies of
	// which it is decided: one counts, the other never was.
	Asked, Sent, Failed *Copy
}

// Append makes a change durable and returns its rows with their numbers. When
// the first row is old, nothing happens, and the others are not returned.
func (s *Store) Append(ctx context.Context, session int64, c Change) (rows []Row, err error) {
	err = s.do(ctx, func(conn *sqlite.Conn) error {
		rows = nil
		if len(c.Rows) > 0 {
			old, err := existing(conn, session, c.Rows[0])
			if err != nil {
				return err
			}
			if old != nil {
				rows = []Row{*old}
				return nil
			}
		}
		var n int64
		if rows, n, err = c.append(conn, session); err != nil {
			return err
		}
		if err := c.session(conn, session, n); err != nil {
			return err
		}
		if err := c.copies(conn, session); err != nil {
			return err
		}
		return c.reply(conn, session, rows)
	})
	if err != nil {
		return nil, err
	}
	return rows, nil
}

func existing(conn *sqlite.Conn, session int64, row Row) (*Row, error) {
	if row.Ref == "" {
		return nil, nil
	}
	var found *Row
	err := all(conn, "SELECT n, kind, ref, contact, frame FROM log WHERE session = ? AND kind = ? AND ref = ?", func(stmt *sqlite.Stmt) {
		r := scanRow(stmt)
		r.Old = true
		found = &r
	}, session, row.Kind, row.Ref)
	return found, err
}

func scanRow(stmt *sqlite.Stmt) Row {
	r := Row{
		N: stmt.ColumnInt64(0), Kind: stmt.ColumnText(1), Ref: stmt.ColumnText(2), Contact: stmt.ColumnText(3),
		Frame: make([]byte, stmt.ColumnLen(4)),
	}
	stmt.ColumnBytes(4, r.Frame)
	return r
}

// session changes what the session itself holds, n among it: the number of its
// last row.
func (c Change) session(conn *sqlite.Conn, id, n int64) error {
	at := micros(c.At)
	set, args := "n = ?1", []any{n, id}
	switch {
	case c.Spoke:
		set += ", last_word = ?3, last_message = ?3, heard = ?3, unanswered = unanswered + 1"
		args = append(args, at)
	case c.Answered:
		set += ", last_word = ?3, unanswered = 0"
		args = append(args, at)
	}
	if err := run(conn, "UPDATE sessions SET "+set+" WHERE id = ?2", args...); err != nil {
		return err
	}
	if c.Spoke {
		// A person who writes is not gone, whatever we know of connections.
		err := run(conn, `UPDATE sessions SET vanished = 0, gone = CASE WHEN gone > 0 THEN ?1 ELSE 0 END
			WHERE id = ?2 AND (vanished = 1 OR gone > 0)`, at, id)
		if err != nil {
			return err
		}
	}
	for column, value := range map[string]any{
		"covert": optional(c.Covert), "ended": optional(c.Ended), "details": optional(c.Details), "language": optional(c.Language),
	} {
		if value == nil {
			continue
		}
		if err := run(conn, "UPDATE sessions SET "+column+" = ? WHERE id = ?", value, id); err != nil {
			return err
		}
	}
	return nil
}

func optional[T any](v *T) any {
	if v == nil {
		return nil
	}
	return *v
}

// append numbers and writes the rows that are new, and returns them with the
// number of the session's last row.
func (c Change) append(conn *sqlite.Conn, session int64) (rows []Row, n int64, err error) {
	if err := one(conn, "SELECT n FROM sessions WHERE id = ?", func(stmt *sqlite.Stmt) { n = stmt.ColumnInt64(0) }, session); err != nil {
		return nil, 0, err
	}
	rows = make([]Row, 0, len(c.Rows))
	for i, row := range c.Rows {
		if i > 0 { // Append has looked for the first
			if old, err := existing(conn, session, row); err != nil || old != nil {
				if err != nil {
					return nil, 0, err
				}
				continue
			}
		}
		n++
		row.N, row.Frame = n, c.Render(i, n)
		if err := run(conn, "INSERT INTO log (session, n, kind, ref, contact, frame) VALUES (?,?,?,?,?,?)",
			session, n, row.Kind, text(row.Ref), text(row.Contact), row.Frame); err != nil {
			return nil, 0, err
		}
		rows = append(rows, row)
	}
	return rows, n, nil
}

func (c Change) reply(conn *sqlite.Conn, session int64, rows []Row) error {
	for _, f := range c.Files {
		if err := insertFile(conn, session, f); err != nil {
			return err
		}
	}
	if c.Reply == "" {
		return nil
	}
	return run(conn, "INSERT INTO replies (reply, session, n) VALUES (?,?,?)", c.Reply, session, rows[0].N)
}

func (c Change) copies(conn *sqlite.Conn, session int64) error {
	switch {
	case c.Asked != nil:
		return insertCopy(conn, session, *c.Asked)
	case c.Sent != nil:
		return c.Sent.decide(conn, session, true)
	case c.Failed != nil:
		return c.Failed.decide(conn, session, false)
	}
	return nil
}

// After returns rows above n, at most limit.
func (s *Store) After(ctx context.Context, session, n int64, limit int) (rows []Row, err error) {
	err = s.read(ctx, func(conn *sqlite.Conn) error {
		rows = nil
		return all(conn, "SELECT n, kind, ref, contact, frame FROM log WHERE session = ? AND n > ? ORDER BY n LIMIT ?",
			func(stmt *sqlite.Stmt) { rows = append(rows, scanRow(stmt)) }, session, n, int64(limit))
	})
	return rows, err
}

// Find returns the row of a kind and ref.
func (s *Store) Find(ctx context.Context, session int64, kind, ref string) (row Row, err error) {
	err = s.read(ctx, func(conn *sqlite.Conn) error {
		found, err := existing(conn, session, Row{Kind: kind, Ref: ref})
		if err == nil && found == nil {
			return ErrUnknown
		}
		if err == nil {
			row = *found
		}
		return err
	})
	return row, err
}

// Refs returns the refs of all rows of a kind.
func (s *Store) Refs(ctx context.Context, session int64, kind string) (refs []string, err error) {
	err = s.read(ctx, func(conn *sqlite.Conn) error {
		refs = nil
		return all(conn, "SELECT ref FROM log WHERE session = ? AND kind = ? AND ref IS NOT NULL",
			func(stmt *sqlite.Stmt) { refs = append(refs, stmt.ColumnText(0)) }, session, kind)
	})
	return refs, err
}

// ByContact returns what the person said under a message id.
func (s *Store) ByContact(ctx context.Context, session int64, contact string) (row Row, err error) {
	err = s.read(ctx, func(conn *sqlite.Conn) error {
		return one(conn, "SELECT n, kind, ref, contact, frame FROM log WHERE session = ? AND contact = ?",
			func(stmt *sqlite.Stmt) { row = scanRow(stmt) }, session, contact)
	})
	return row, err
}

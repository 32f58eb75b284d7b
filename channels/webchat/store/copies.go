package store

import (
	"context"
	"time"

	"zombiezen.com/go/sqlite"
)

// Copy is a copy of a chat that a person asked for by mail.
type Copy struct {
	Session int64
	// Ref is what the person's client calls it, unique in the session.
	Ref string
	// Address is where it goes, empty once that is decided. Language is that of
	// the person.
	Address, Language string
	// Due is when to try, Tries how often that was done in vain.
	Due   time.Time
	Tries int
	// Handing is set while the mail server may have it and nobody knows.
	Handing bool
}

const copyColumns = "session, ref, address, language, due, tries, handing"

func scanCopy(stmt *sqlite.Stmt) Copy {
	return Copy{
		Session: stmt.ColumnInt64(0), Ref: stmt.ColumnText(1), Address: stmt.ColumnText(2), Language: stmt.ColumnText(3),
		Due: instant(stmt.ColumnInt64(4)), Tries: stmt.ColumnInt(5), Handing: stmt.ColumnInt64(6) != 0,
	}
}

func insertCopy(conn *sqlite.Conn, session int64, c Copy) error {
	return run(conn, "INSERT INTO copies ("+copyColumns+") VALUES (?,?,?,?,?,?,?)",
		session, c.Ref, c.Address, c.Language, micros(c.Due), int64(c.Tries), c.Handing)
}

// PutCopy notes how far a copy is, unless it is decided or forgotten: then the
// error is ErrUnknown.
func (s *Store) PutCopy(ctx context.Context, c Copy) error {
	return s.do(ctx, func(conn *sqlite.Conn) error {
		err := run(conn, "UPDATE copies SET due = ?, tries = ?, handing = ? WHERE session = ? AND ref = ? AND address <> ''",
			micros(c.Due), int64(c.Tries), c.Handing, c.Session, c.Ref)
		if err == nil && conn.Changes() == 0 {
			err = ErrUnknown
		}
		return err
	})
}

// Copies returns copies that are due at now, at most limit, or those that were
// in the mail server's hands when the program ended. One whose time is beyond
// latest was put off by a clock that has been set back.
func (s *Store) Copies(ctx context.Context, now, latest time.Time, handing bool, limit int) (copies []Copy, err error) {
	err = s.read(ctx, func(conn *sqlite.Conn) error {
		copies = nil
		return all(conn, "SELECT "+copyColumns+" FROM copies WHERE address <> '' AND handing = ? AND (due <= ? OR due > ?) ORDER BY due LIMIT ?",
			func(stmt *sqlite.Stmt) { copies = append(copies, scanCopy(stmt)) }, handing, micros(now), micros(latest), int64(limit))
	})
	return copies, err
}

// CopiesOf counts the copies of a session that were or will be sent.
func (s *Store) CopiesOf(ctx context.Context, session int64) (copies int, err error) {
	err = s.read(ctx, func(conn *sqlite.Conn) error {
		return one(conn, "SELECT count(*) FROM copies WHERE session = ?", func(stmt *sqlite.Stmt) { copies = stmt.ColumnInt(0) }, session)
	})
	return copies, err
}

// decide leaves of a copy that it was, or nothing.
func (c Copy) decide(conn *sqlite.Conn, session int64, counts bool) error {
	if !counts {
		return run(conn, "DELETE FROM copies WHERE session = ? AND ref = ?", session, c.Ref)
	}
	return run(conn, "UPDATE copies SET address = '' WHERE session = ? AND ref = ?", session, c.Ref)
}

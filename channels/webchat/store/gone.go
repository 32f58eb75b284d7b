package store

import (
	"context"
	"time"

	"zombiezen.com/go/sqlite"
)

// Restarted notes that nobody is connected any more: whose connection
// broke with the program is gone since at.
func (s *Store) Restarted(ctx context.Context, at time.Time) error {
	return s.do(ctx, func(conn *sqlite.Conn) error {
		return run(conn, "UPDATE sessions SET gone = ? WHERE gone = 0", micros(at))
	})
}

// Connected notes that somebody is there.
func (s *Store) Connected(id int64, at time.Time) {
	s.later(func(conn *sqlite.Conn) error {
		return run(conn, "UPDATE sessions SET gone = 0, vanished = last_message = 0, heard = max(heard, ?) WHERE id = ?", micros(at), id)
	})
}

// Gone notes that the last connection was lost, and when it was last heard of.
func (s *Store) Gone(id int64, heard time.Time) {
	s.later(func(conn *sqlite.Conn) error {
		return run(conn, "UPDATE sessions SET gone = ?1, heard = max(heard, ?1) WHERE id = ?2", micros(heard), id)
	})
}

// Interrupted notes when a connection was last heard of that is broken by us.
func (s *Store) Interrupted(id int64, heard time.Time) {
	s.later(func(conn *sqlite.Conn) error {
		return run(conn, "UPDATE sessions SET heard = max(heard, ?) WHERE id = ?", micros(heard), id)
	})
}

// Vanishing returns sessions whose person wrote, did not end the chat and is
// gone since before, at most limit, the longest gone first.
func (s *Store) Vanishing(ctx context.Context, before time.Time, limit int) (sessions []Session, err error) {
	err = s.read(ctx, func(conn *sqlite.Conn) error {
		sessions = nil
		return all(conn, "SELECT "+sessionColumns+` FROM sessions
			WHERE vanished = 0 AND ended = 0 AND last_message > 0 AND gone > 0 AND gone <= ? ORDER BY gone LIMIT ?`,
			func(stmt *sqlite.Stmt) { sessions = append(sessions, scanSession(stmt)) }, micros(before), int64(limit))
	})
	return sessions, err
}

// Vanished notes that a disappearance was told. A person who is back by now
// may vanish again.
func (s *Store) Vanished(ctx context.Context, session Session) error {
	return s.do(ctx, func(conn *sqlite.Conn) error {
		return run(conn, "UPDATE sessions SET vanished = 1 WHERE id = ? AND gone = ?", session.ID, micros(session.GoneAt))
	})
}

package store

import (
	"context"

	"zombiezen.com/go/sqlite"
)

// Reply says where a reply stands.
type Reply struct {
	ID      string
	Session int64
	N       int64
	// Confirmed is set when the person's device has it and the outcome was told.
	Confirmed bool
}

// Reply finds a reply by its id.
func (s *Store) Reply(ctx context.Context, id string) (r Reply, err error) {
	err = s.read(ctx, func(conn *sqlite.Conn) error {
		return one(conn, "SELECT reply, session, n, confirmed FROM replies WHERE reply = ?",
			func(stmt *sqlite.Stmt) { r = scanReply(stmt) }, id)
	})
	return r, err
}

func scanReply(stmt *sqlite.Stmt) Reply {
	return Reply{ID: stmt.ColumnText(0), Session: stmt.ColumnInt64(1), N: stmt.ColumnInt64(2), Confirmed: stmt.ColumnInt64(3) != 0}
}

// Received notes that the person's device has everything up to n.
func (s *Store) Received(ctx context.Context, session, n int64) error {
	return s.do(ctx, func(conn *sqlite.Conn) error {
		return run(conn, "UPDATE sessions SET received = max(received, min(?, n)) WHERE id = ?", n, session)
	})
}

// Unconfirmed returns replies that have reached the person and whose outcome
// is not told, at most limit.
func (s *Store) Unconfirmed(ctx context.Context, limit int) (replies []Reply, err error) {
	err = s.read(ctx, func(conn *sqlite.Conn) error {
		replies = nil
		return all(conn, `SELECT r.reply, r.session, r.n, r.confirmed FROM replies r JOIN sessions s ON s.id = r.session
			WHERE r.confirmed = 0 AND r.n <= s.received LIMIT ?`,
			func(stmt *sqlite.Stmt) { replies = append(replies, scanReply(stmt)) }, int64(limit))
	})
	return replies, err
}

// Confirm notes that the outcome of a reply was told.
func (s *Store) Confirm(ctx context.Context, reply string) error {
	return s.do(ctx, func(conn *sqlite.Conn) error {
		return run(conn, "UPDATE replies SET confirmed = 1 WHERE reply = ?", reply)
	})
}

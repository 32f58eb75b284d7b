package store

import (
	"context"
	"crypto/sha256"
	"time"

	"zombiezen.com/go/sqlite"
)

// Session is one person's chat.
type Session struct {
	ID int64
	// Public names it to the person and to handlers; Conversation is its key
	// everywhere else.
	Public, Conversation string
	Site, Language, Page string
	CreatedAt            time.Time
	// N is the number of the last frame.
	N int64
	// Covert, Details (the channel's own encoding) and Ended are what the
	// person last said.
	Covert  bool
	Details string
	Ended   bool
	// Forgotten is set when no token leads here any more.
	Forgotten bool
	// LastMessageAt and LastTypingAt are the person's; Unanswered counts their
	// messages since a handler last wrote.
	LastMessageAt, LastTypingAt time.Time
	Unanswered                  int
	// Received is the number up to which the person's device has the log.
	Received int64
	// HeardAt is when the person's device was last heard of, as far as is
	// known. GoneAt is since when nobody is connected, zero while somebody is;
	// it is later after a restart, which gives everybody time to come back.
	HeardAt, GoneAt time.Time
}

const sessionColumns = `id, public, conversation, site, language, page, created, n, covert, details, ended,
	token IS NULL, last_message, last_typing, unanswered, received, gone, heard`

func scanSession(stmt *sqlite.Stmt) Session {
	return Session{
		ID: stmt.ColumnInt64(0), Public: stmt.ColumnText(1), Conversation: stmt.ColumnText(2),
		Site: stmt.ColumnText(3), Language: stmt.ColumnText(4), Page: stmt.ColumnText(5),
		CreatedAt: instant(stmt.ColumnInt64(6)), N: stmt.ColumnInt64(7),
		Covert: stmt.ColumnInt64(8) != 0, Details: stmt.ColumnText(9), Ended: stmt.ColumnInt64(10) != 0,
		Forgotten:     stmt.ColumnInt64(11) != 0,
		LastMessageAt: instant(stmt.ColumnInt64(12)), LastTypingAt: instant(stmt.ColumnInt64(13)),
		Unanswered: stmt.ColumnInt(14), Received: stmt.ColumnInt64(15), GoneAt: instant(stmt.ColumnInt64(16)),
		HeardAt: instant(stmt.ColumnInt64(17)),
	}
}

// tokenSum is what is kept of a token: who reads the database cannot use it.
func tokenSum(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}

// Create begins a session that token opens. ID, and what has yet to happen,
// are left out of s.
func (s *Store) Create(ctx context.Context, token string, session Session) (Session, error) {
	err := s.do(ctx, func(conn *sqlite.Conn) error {
		at := micros(session.CreatedAt)
		err := run(conn, `INSERT INTO sessions (token, public, conversation, site, language, page, covert, created, last_word, heard, gone, vanished)
			VALUES (?,?,?,?,?,?,?,?,?,?,?,1)`, tokenSum(token), session.Public, session.Conversation, session.Site, session.Language, session.Page,
			session.Covert, at, at, at, at)
		session.ID = conn.LastInsertRowID()
		return err
	})
	session.GoneAt, session.HeardAt = session.CreatedAt, session.CreatedAt
	return session, err
}

// ByToken finds the session that a token opens.
func (s *Store) ByToken(ctx context.Context, token string) (Session, error) {
	return s.session(ctx, "token = ?", tokenSum(token))
}

// ByID finds a session by its number here.
func (s *Store) ByID(ctx context.Context, id int64) (Session, error) {
	return s.session(ctx, "id = ?", id)
}

// ByPublic finds a session by its public name.
func (s *Store) ByPublic(ctx context.Context, public string) (Session, error) {
	return s.session(ctx, "public = ?", public)
}

// ByConversation finds the session of a conversation.
func (s *Store) ByConversation(ctx context.Context, conversation string) (Session, error) {
	return s.session(ctx, "conversation = ?", conversation)
}

func (s *Store) session(ctx context.Context, where string, key any) (found Session, err error) {
	err = s.read(ctx, func(conn *sqlite.Conn) error {
		return one(conn, "SELECT "+sessionColumns+" FROM sessions WHERE "+where, func(stmt *sqlite.Stmt) { found = scanSession(stmt) }, key)
	})
	return found, err
}

// Forget makes the session's token useless for ever, and sends no copy that is
// not with the mail server yet.
func (s *Store) Forget(ctx context.Context, id int64) error {
	return s.do(ctx, func(conn *sqlite.Conn) error {
		if err := run(conn, "UPDATE sessions SET token = NULL WHERE id = ?", id); err != nil {
			return err
		}
		return run(conn, "DELETE FROM copies WHERE session = ? AND address <> '' AND handing = 0", id)
	})
}

// Typing notes that the person is writing. It rides on the next commit.
func (s *Store) Typing(id int64, at time.Time) {
	s.later(func(conn *sqlite.Conn) error {
		return run(conn, "UPDATE sessions SET last_typing = max(last_typing, ?1), heard = max(heard, ?1) WHERE id = ?2", micros(at), id)
	})
}

// over is the condition for a session that nobody needs any more.
const over = "gone > 0 AND (last_word < ?1 OR last_word < ?2 AND last_message = 0 AND n = 0)"

// Purge removes sessions in which nobody has said a word since before, and
// those that were begun before and never used. It returns how many went; call
// it again while that is limit.
func (s *Store) Purge(ctx context.Context, before, unused time.Time, limit int) (gone int, err error) {
	// They are looked for beside what is written: the oldest come first, but the
	// last look goes through all sessions.
	var ids []int64
	err = s.read(ctx, func(conn *sqlite.Conn) error {
		ids = nil
		return all(conn, "SELECT id FROM sessions WHERE "+over+" ORDER BY id LIMIT ?3",
			func(stmt *sqlite.Stmt) { ids = append(ids, stmt.ColumnInt64(0)) }, micros(before), micros(unused), int64(limit))
	})
	if err != nil || len(ids) == 0 {
		return 0, err
	}
	err = s.do(ctx, func(conn *sqlite.Conn) error {
		for _, id := range ids {
			if err := purge(conn, id, micros(before), micros(unused)); err != nil {
				return err
			}
		}
		return nil
	})
	return len(ids), err
}

// purge removes a session unless it is needed again by now.
func purge(conn *sqlite.Conn, id, before, unused int64) error {
	still := false
	if err := all(conn, "SELECT 1 FROM sessions WHERE "+over+" AND id = ?3", func(*sqlite.Stmt) { still = true }, before, unused, id); err != nil || !still {
		return err
	}
	for _, table := range []string{"log WHERE session", "files WHERE session", "replies WHERE session", "copies WHERE session", "sessions WHERE id"} {
		if err := run(conn, "DELETE FROM "+table+" = ?", id); err != nil {
			return err
		}
	}
	return nil
}

// Package store keeps the chat sessions of the channel webchat in an SQLite
// database of their own: who may come back to which session, the numbered log
// that every window of a session shows, uploads, replies, and since when a
// person is gone. What it has returned nil for survives a power cut.
//
// It knows neither the wire nor the clock: frames are bytes, times are given.
// The evidence is elsewhere: every message is in the inbox before it is here.
package store

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

// ErrUnknown says that there is no such session, file or reply, or no more.
var ErrUnknown = errors.New("not known")

// ErrClosed is returned after Close.
var ErrClosed = errors.New("chat store is closed")

// Store is the database. All methods are safe for concurrent use.
type Store struct {
	path     string
	readers  *sqlitex.Pool
	requests chan *request
	closing  chan struct{}
	stopped  chan struct{}
}

const databaseName = "chat.db"

// schemaVersion is kept in PRAGMA user_version; another one is refused.
const schemaVersion = 1

// Times are microseconds since 1970, 0 for never. A session was last heard of
// at heard. Its gone is 0 while somebody is connected, and else when the clock
// of their being gone began; vanished is set once that was told as abandoned,
// and until the person has written a first time.
const schema = `
CREATE TABLE sessions (
	id INTEGER PRIMARY KEY,
	token BLOB UNIQUE,
	public TEXT NOT NULL UNIQUE,
	conversation TEXT NOT NULL UNIQUE,
	site TEXT NOT NULL,
	language TEXT NOT NULL,
	page TEXT NOT NULL,
	created INTEGER NOT NULL,
	n INTEGER NOT NULL DEFAULT 0,
	covert INTEGER NOT NULL DEFAULT 0,
	details TEXT NOT NULL DEFAULT '',
	ended INTEGER NOT NULL DEFAULT 0,
	last_word INTEGER NOT NULL,
	last_message INTEGER NOT NULL DEFAULT 0,
	last_typing INTEGER NOT NULL DEFAULT 0,
	unanswered INTEGER NOT NULL DEFAULT 0,
	received INTEGER NOT NULL DEFAULT 0,
	heard INTEGER NOT NULL,
	gone INTEGER NOT NULL,
	vanished INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE log (
	session INTEGER NOT NULL,
	n INTEGER NOT NULL,
	kind TEXT NOT NULL,
	ref TEXT,
	contact TEXT,
	frame BLOB NOT NULL,
	PRIMARY KEY (session, n)
);
CREATE UNIQUE INDEX refs ON log (session, kind, ref);
CREATE TABLE files (
	file TEXT PRIMARY KEY,
	session INTEGER NOT NULL,
	sha256 TEXT NOT NULL,
	name TEXT NOT NULL,
	size INTEGER NOT NULL,
	media TEXT NOT NULL,
	claimed TEXT NOT NULL,
	scan TEXT NOT NULL,
	uploaded INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX files_of ON files (session);
CREATE TABLE replies (
	reply TEXT PRIMARY KEY,
	session INTEGER NOT NULL,
	n INTEGER NOT NULL,
	confirmed INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE INDEX unconfirmed ON replies (session, n) WHERE confirmed = 0;
`

// indexes are those of sessions, which changes of before had otherwise: none is
// over what every message changes.
const indexes = `
DROP INDEX IF EXISTS waiting;
DROP INDEX IF EXISTS words;
CREATE INDEX IF NOT EXISTS leaving ON sessions (gone) WHERE vanished = 0 AND ended = 0;
`

// copies are younger than the rest, and made where they are missing.
const copies = `
CREATE TABLE IF NOT EXISTS copies (
	session INTEGER NOT NULL,
	ref TEXT NOT NULL,
	address TEXT NOT NULL,
	language TEXT NOT NULL,
	due INTEGER NOT NULL,
	tries INTEGER NOT NULL,
	handing INTEGER NOT NULL,
	PRIMARY KEY (session, ref)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS undecided ON copies (due) WHERE address <> '';
`

// Open opens the database in dir, creating it when there is none. Only one
// process may have it open. The caller closes.
func Open(dir string) (*Store, error) {
	s := &Store{
		path:     filepath.Join(dir, databaseName),
		requests: make(chan *request, groupLimit),
		closing:  make(chan struct{}), stopped: make(chan struct{}),
	}
	conn, err := s.openWriter()
	if err != nil {
		return nil, err
	}
	s.readers, err = sqlitex.NewPool(s.path, sqlitex.PoolOptions{
		Flags: sqlite.OpenReadOnly, PoolSize: 4,
		PrepareConn: func(c *sqlite.Conn) error { return pragmas(c, "cache_size = -2000") },
	})
	if err != nil {
		return nil, errors.Join(s.explain(err), conn.Close())
	}
	go s.write(conn)
	return s, nil
}

// Close finishes what was begun.
func (s *Store) Close() error {
	select {
	case <-s.closing:
		return nil
	default:
	}
	close(s.closing)
	<-s.stopped
	return s.readers.Close()
}

func (s *Store) openWriter() (*sqlite.Conn, error) {
	conn, err := sqlite.OpenConn(s.path, sqlite.OpenReadWrite, sqlite.OpenCreate)
	if err != nil {
		return nil, s.explain(err)
	}
	conn.SetBusyTimeout(5 * time.Second)
	err = pragmas(conn, "journal_mode = WAL", "synchronous = FULL", "cache_size = -16000", "temp_store = MEMORY", "wal_autocheckpoint = 4000")
	if err == nil {
		err = create(conn)
	}
	if err != nil {
		return nil, errors.Join(s.explain(err), conn.Close())
	}
	return conn, nil
}

func create(conn *sqlite.Conn) (err error) {
	end, err := sqlitex.ImmediateTransaction(conn)
	if err != nil {
		return err
	}
	defer end(&err)
	version, err := sqlitex.ResultInt(conn.Prep("PRAGMA user_version"))
	switch {
	case err != nil:
		return err
	case version == schemaVersion:
		return sqlitex.ExecuteScript(conn, indexes+copies, nil)
	case version != 0:
		return fmt.Errorf("database has version %d, this program knows %d: start the program that wrote it", version, schemaVersion)
	}
	return sqlitex.ExecuteScript(conn, schema+indexes+copies+fmt.Sprintf("PRAGMA user_version = %d;", schemaVersion), nil)
}

func pragmas(conn *sqlite.Conn, all ...string) error {
	for _, each := range all {
		if err := sqlitex.ExecuteTransient(conn, "PRAGMA "+each, nil); err != nil {
			return err
		}
	}
	return nil
}

// read runs a query on a connection that only reads.
func (s *Store) read(ctx context.Context, query func(*sqlite.Conn) error) error {
	conn, err := s.readers.Take(ctx)
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return s.explain(err)
	}
	defer s.readers.Put(conn)
	err = query(conn)
	switch {
	case err == nil, errors.Is(err, ErrUnknown):
		return err
	case ctx.Err() != nil:
		return ctx.Err()
	default:
		return s.explain(err)
	}
}

// explain says what an operator can do.
func (s *Store) explain(err error) error {
	dir := filepath.Dir(s.path)
	switch sqlite.ErrCode(err).ToPrimary() {
	case sqlite.ResultFull:
		return fmt.Errorf("write chat sessions in %s: the disk is full, free some space and it goes on by itself: %w", dir, err)
	case sqlite.ResultCorrupt, sqlite.ResultNotADB:
		return fmt.Errorf("read chat sessions in %s: the database is damaged; stop contactd and move it away: people begin a new chat, no message is lost: %w", dir, err)
	case sqlite.ResultReadOnly, sqlite.ResultCantOpen, sqlite.ResultPerm, sqlite.ResultAuth:
		return fmt.Errorf("open chat sessions in %s: not allowed, give this user the directory: %w", dir, err)
	default:
		return fmt.Errorf("use chat sessions in %s: %w", dir, err)
	}
}

// micros is a time as the database keeps it.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// instant is the time of a database value.
func instant(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return time.UnixMicro(us).UTC()
}

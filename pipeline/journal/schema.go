package journal

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"contactd/pipeline"
	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

const databaseName = "journal.db"

// pageSize is that of the database, in bytes.
const pageSize = 4096

// schemaVersion is kept in PRAGMA user_version; a database of another version
// is refused.
const schemaVersion = 2

// The ranks in which waiting rows are published: pipeline.Lane as numbers of
// the database, which never change.
const (
	rankUnsorted  = int(pipeline.LaneUnsorted)
	rankEmergency = int(pipeline.LaneEmergency)
	rankUnjudged  = int(pipeline.LaneUnjudged)
	rankNormal    = int(pipeline.LaneNormal)
	rankLow       = int(pipeline.LaneLow)
	ranks         = 5 // how many there are
)

// Messages are only appended (and, long after they were published, emptied).
// Unread rows exist from acceptance until the message is sorted, progress rows
// from its placing on; the partial indexes hold only what is unpublished. A
// conversation has an answer once a message said how it is answered; replies
// are kept as long as identities. Times are microseconds since 1970, 0 for
// unknown.
const schema = `
CREATE TABLE sources (
	id INTEGER PRIMARY KEY,
	channel TEXT NOT NULL,
	account TEXT NOT NULL,
	placed INTEGER NOT NULL DEFAULT 0,
	UNIQUE (channel, account)
);
CREATE TABLE messages (
	seq INTEGER PRIMARY KEY,
	identity BLOB NOT NULL UNIQUE,
	source INTEGER NOT NULL,
	id TEXT NOT NULL,
	media TEXT NOT NULL,
	received INTEGER NOT NULL,
	accepted INTEGER NOT NULL,
	size INTEGER NOT NULL,
	sha256 BLOB NOT NULL,
	chain BLOB NOT NULL,
	blob TEXT,
	defect TEXT NOT NULL,
	body BLOB
);
CREATE TABLE unread (
	source INTEGER NOT NULL,
	seq INTEGER NOT NULL,
	attempts INTEGER NOT NULL,
	PRIMARY KEY (source, seq)
) WITHOUT ROWID;
CREATE INDEX suspects ON unread (seq) WHERE attempts > 0;
CREATE TABLE progress (
	seq INTEGER PRIMARY KEY,
	source INTEGER NOT NULL,
	conversation INTEGER NOT NULL,
	sequence INTEGER NOT NULL,
	foreigner INTEGER NOT NULL,
	mark INTEGER NOT NULL,
	rank INTEGER NOT NULL,
	attempts INTEGER NOT NULL,
	reason TEXT,
	published INTEGER,
	part INTEGER,
	offs INTEGER
);
CREATE INDEX waiting ON progress (rank, seq, source, conversation) WHERE published IS NULL;
CREATE INDEX queued ON progress (conversation, sequence) WHERE published IS NULL;
CREATE INDEX quarantined ON progress (seq) WHERE reason IS NOT NULL;
CREATE TABLE conversations (
	id INTEGER PRIMARY KEY,
	key TEXT NOT NULL UNIQUE,
	next INTEGER NOT NULL,
	last INTEGER NOT NULL,
	source INTEGER NOT NULL,
	urgent INTEGER NOT NULL
);
CREATE TABLE answers (
	conversation INTEGER PRIMARY KEY,
	source INTEGER NOT NULL,
	until INTEGER NOT NULL,
	rules BLOB NOT NULL,
	address TEXT NOT NULL,
	mark INTEGER NOT NULL
);
CREATE TABLE replies (
	id INTEGER PRIMARY KEY,
	reply TEXT NOT NULL UNIQUE,
	conversation INTEGER NOT NULL,
	source INTEGER NOT NULL,
	state INTEGER NOT NULL,
	urgent INTEGER NOT NULL,
	automatic INTEGER NOT NULL,
	recipient INTEGER NOT NULL,
	attempts INTEGER NOT NULL,
	tries INTEGER NOT NULL,
	changes INTEGER NOT NULL,
	queued INTEGER NOT NULL,
	since INTEGER NOT NULL,
	due INTEGER NOT NULL,
	platform TEXT NOT NULL,
	address TEXT NOT NULL,
	sha256 BLOB NOT NULL,
	body BLOB NOT NULL,
	mark INTEGER NOT NULL
);
CREATE INDEX open_replies ON replies (source, urgent DESC, id, due, state, conversation, since) WHERE state <= 3;
CREATE INDEX open_in_conversation ON replies (conversation, id, state, since) WHERE state <= 3;
CREATE INDEX settled_replies ON replies (since) WHERE state > 3;
CREATE INDEX worded_replies ON replies (since) WHERE state > 3 AND due = 0;
CREATE INDEX automatic_to ON replies (recipient, queued) WHERE automatic = 1;
CREATE INDEX automatic_in ON replies (conversation) WHERE automatic = 1;
CREATE INDEX automatic_at ON replies (queued) WHERE automatic = 1;
CREATE TABLE participants (
	conversation INTEGER NOT NULL,
	person INTEGER NOT NULL,
	PRIMARY KEY (conversation, person)
) WITHOUT ROWID;
CREATE TABLE links (
	reference BLOB NOT NULL PRIMARY KEY,
	conversation INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE cursors (
	name TEXT NOT NULL PRIMARY KEY,
	value TEXT NOT NULL,
	sum BLOB NOT NULL
) WITHOUT ROWID;
CREATE TABLE ends (
	part INTEGER PRIMARY KEY,
	offs INTEGER NOT NULL
);
CREATE TABLE digests (
	source INTEGER NOT NULL,
	digest INTEGER NOT NULL,
	seq INTEGER NOT NULL,
	PRIMARY KEY (source, digest, seq)
) WITHOUT ROWID;
CREATE TABLE state (
	id INTEGER PRIMARY KEY CHECK (id = 1),
	pruned INTEGER NOT NULL,
	pruned_chain BLOB NOT NULL,
	emptied INTEGER NOT NULL,
	digested INTEGER NOT NULL,
	tools INTEGER NOT NULL
);
INSERT INTO state VALUES (1, 0, zeroblob(32), 0, 0, 0);
`

// openWriter opens the one connection that writes, creating the database when
// there is none.
func openWriter(dir string) (*sqlite.Conn, error) {
	conn, err := sqlite.OpenConn(filepath.Join(dir, databaseName), sqlite.OpenReadWrite, sqlite.OpenCreate)
	if err != nil {
		return nil, explain(dir, err)
	}
	if err := prepareWriter(conn); err != nil {
		_ = conn.Close()
		return nil, explain(dir, err)
	}
	return conn, nil
}

func prepareWriter(conn *sqlite.Conn) error {
	conn.SetBusyTimeout(busyTimeout)
	// A commit never checkpoints: another connection does, see checkpoint.go.
	err := setPragmas(conn, fmt.Sprint("page_size = ", pageSize), "journal_mode = WAL", "synchronous = FULL",
		"wal_autocheckpoint = 0", "cache_size = -32000", "temp_store = MEMORY")
	if err != nil {
		return err
	}
	if err := checkVersion(conn); err != nil {
		return err
	}
	version, err := userVersion(conn)
	switch {
	case err != nil:
		return err
	case version == 0:
		return createSchema(conn)
	}
	want, err := intended()
	if err != nil {
		return err
	}
	return checkSchema(conn, want)
}

// checkVersion refuses a database of another version; one without a version is
// not made yet.
func checkVersion(conn *sqlite.Conn) error {
	version, err := userVersion(conn)
	if err == nil && version != 0 && version != schemaVersion {
		err = fmt.Errorf("%w %d, this program knows %d: let the program that wrote it publish everything, "+
			"then move the directory away and start anew", errVersion, version, schemaVersion)
	}
	return err
}

var errVersion = errors.New("database has version")

func createSchema(conn *sqlite.Conn) (err error) {
	end, err := sqlitex.ImmediateTransaction(conn)
	if err != nil {
		return err
	}
	defer end(&err)
	if version, err := userVersion(conn); err != nil || version == schemaVersion {
		return err // another process was faster
	}
	return sqlitex.ExecuteScript(conn, schema+fmt.Sprintf("PRAGMA user_version = %d;", schemaVersion), nil)
}

// checkSchema compares the tables and indexes with what they should be: with a
// damaged definition SQLite would read sound rows wrong.
func checkSchema(conn *sqlite.Conn, want string) error {
	got, err := definitions(conn)
	if err == nil && got != want {
		err = fmt.Errorf("read definitions of the database: %w", errDamaged)
	}
	return err
}

// intended returns the definitions that a new database has.
func intended() (string, error) {
	model, err := sqlite.OpenConn(":memory:", sqlite.OpenReadWrite)
	if err != nil {
		return "", err
	}
	defer model.Close()
	if err := sqlitex.ExecuteScript(model, schema, nil); err != nil {
		return "", err
	}
	return definitions(model)
}

func definitions(conn *sqlite.Conn) (string, error) {
	var all strings.Builder
	const query = "SELECT type, name, tbl_name, rootpage, sql FROM sqlite_schema ORDER BY rowid"
	err := sqlitex.Execute(conn, query, &sqlitex.ExecOptions{ResultFunc: func(stmt *sqlite.Stmt) error {
		for column := range 5 {
			all.WriteString(stmt.ColumnText(column))
			all.WriteByte(0)
		}
		return nil
	}})
	return all.String(), err
}

func userVersion(conn *sqlite.Conn) (int64, error) {
	return queryInt(conn, "PRAGMA user_version")
}

// openReader opens a connection that only reads a database with these
// definitions.
func openReader(dir, definitions string) (*sqlite.Conn, error) {
	conn, err := openToRead(dir)
	if err != nil {
		return nil, explain(dir, err)
	}
	conn.SetBusyTimeout(busyTimeout)
	err = setPragmas(conn, "cache_size = -4000")
	if err == nil {
		err = checkVersion(conn)
	}
	if err == nil {
		err = checkSchema(conn, definitions)
	}
	if err != nil {
		_ = conn.Close()
		return nil, explain(dir, err)
	}
	return conn, nil
}

// setPragmas sets them outside of a transaction, as some need.
func setPragmas(conn *sqlite.Conn, pragmas ...string) error {
	for _, pragma := range pragmas {
		if err := sqlitex.ExecuteTransient(conn, "PRAGMA "+pragma, nil); err != nil {
			return err
		}
	}
	return nil
}

// busyTimeout is how long a connection waits for another process's short
// transaction.
const busyTimeout = 5 * time.Second

// queryInt returns the first column of the first row, 0 when there is none.
func queryInt(conn *sqlite.Conn, query string, args ...int64) (int64, error) {
	stmt, err := conn.Prepare(query)
	if err != nil {
		return 0, err
	}
	for i, arg := range args {
		stmt.BindInt64(i+1, arg)
	}
	found, err := stmt.Step()
	if err != nil || !found {
		return 0, err
	}
	value := stmt.ColumnInt64(0)
	return value, stmt.Reset()
}

// execute runs a prepared statement that returns no rows.
func execute(conn *sqlite.Conn, query string, args ...int64) error {
	stmt, err := conn.Prepare(query)
	if err != nil {
		return err
	}
	for i, arg := range args {
		stmt.BindInt64(i+1, arg)
	}
	_, err = stmt.Step()
	return err
}

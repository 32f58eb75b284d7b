package journal

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"sync"

	"contactd/pipeline"
	"zombiezen.com/go/sqlite"
)

// reader is a connection that only reads, shared by those who need it. After
// an error it is opened anew.
type reader struct {
	dir  string
	mu   sync.Mutex
	conn *sqlite.Conn
	// definitions are what the database must have, "" until they are needed.
	definitions string
}

// with runs a query on the connection.
func (r *reader) with(query func(*sqlite.Conn) error) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.conn == nil {
		if err := r.open(); err != nil {
			return err
		}
	}
	err := query(r.conn)
	if err != nil && broken(err) && sqlite.ErrCode(err) != sqlite.ResultError {
		_ = r.conn.Close()
		r.conn = nil
	}
	return explain(r.dir, err)
}

// atOnce runs several queries in one look at the database: taking and leaving
// its lock costs as much as a query.
func (r *reader) atOnce(queries func(*sqlite.Conn) error) error {
	return r.with(func(conn *sqlite.Conn) error {
		if err := execute(conn, "BEGIN"); err != nil {
			return err
		}
		err := queries(conn)
		if end := execute(conn, "ROLLBACK"); err == nil {
			err = end
		}
		return err
	})
}

func (r *reader) open() (err error) {
	if r.definitions == "" {
		if r.definitions, err = intended(); err != nil {
			return err
		}
	}
	r.conn, err = openReader(r.dir, r.definitions)
	return err
}

func (r *reader) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.conn != nil {
		_ = r.conn.Close()
		r.conn = nil
	}
}

// rowColumns are what scanRow reads.
const rowColumns = `m.seq, m.source, s.channel, s.account, m.id, m.media, m.received, m.accepted, m.size,
	m.sha256, m.chain, m.blob, m.defect, m.body, m.body IS NULL, m.identity`

// scanRow reads a row of messages m joined with sources s.
func scanRow(stmt *sqlite.Stmt) *row {
	r := &row{
		seq: stmt.ColumnInt64(0), source: stmt.ColumnInt64(1),
		channel: stmt.ColumnText(2), account: stmt.ColumnText(3), id: stmt.ColumnText(4), media: stmt.ColumnText(5),
		received: stmt.ColumnInt64(6), accepted: stmt.ColumnInt64(7), size: stmt.ColumnInt64(8),
		byReference: !stmt.ColumnIsNull(11), sniffed: stmt.ColumnText(11), defect: stmt.ColumnText(12),
	}
	stmt.ColumnBytes(9, r.sha[:])
	stmt.ColumnBytes(10, r.chain[:])
	stmt.ColumnBytes(15, r.identity[:])
	r.gone = (stmt.ColumnInt64(14) != 0) != r.byReference
	if !r.gone && !r.byReference {
		r.body = make([]byte, stmt.ColumnLen(13))
		stmt.ColumnBytes(13, r.body)
	}
	return r
}

// check compares a row with its digests; prev is the hash of the row before.
func (r *row) check() error {
	if r.link(r.prev) != r.chain {
		return fmt.Errorf("read message %d: %w", r.seq, errDamaged)
	}
	if !r.gone && !r.byReference && (sha256.Sum256(r.body) != r.sha || int64(len(r.body)) != r.size) {
		return fmt.Errorf("read bytes of message %d: %w", r.seq, errDamaged)
	}
	if r.identity != identityOf(r.channel, r.account, r.id) {
		return fmt.Errorf("read identity of message %d: %w", r.seq, errDamaged)
	}
	return nil
}

// chainBefore returns the hash that the row of seq is linked to.
func chainBefore(conn *sqlite.Conn, seq int64) (digest, error) {
	stmt, err := conn.Prepare("SELECT chain FROM messages WHERE seq = ?1 UNION ALL SELECT pruned_chain FROM state WHERE pruned = ?1")
	if err != nil {
		return digest{}, err
	}
	stmt.BindInt64(1, seq-1)
	found, err := stmt.Step()
	if err != nil {
		return digest{}, err
	}
	if !found {
		return digest{}, fmt.Errorf("read message %d: the one before is missing", seq)
	}
	var prev digest
	stmt.ColumnBytes(0, prev[:])
	return prev, stmt.Reset()
}

// readRow reads a message; nil when there is none.
func readRow(conn *sqlite.Conn, seq int64) (*row, error) {
	stmt, err := conn.Prepare("SELECT " + rowColumns + " FROM messages m LEFT JOIN sources s ON s.id = m.source WHERE m.seq = ?")
	if err != nil {
		return nil, err
	}
	stmt.BindInt64(1, seq)
	found, err := stmt.Step()
	if err != nil || !found {
		return nil, err
	}
	r := scanRow(stmt)
	if err := stmt.Reset(); err != nil {
		return nil, err
	}
	r.prev, err = chainBefore(conn, seq)
	return r, err
}

// readEntry reads a message with its place. A damaged row is an error.
func readEntry(conn *sqlite.Conn, seq int64) (pipeline.Entry, position, error) {
	r, err := readRow(conn, seq)
	if err != nil {
		return pipeline.Entry{}, position{}, err
	}
	if r == nil {
		return pipeline.Entry{}, position{}, fmt.Errorf("read message %d: %w", seq, ErrNoMessage)
	}
	if err := r.check(); err != nil {
		return pipeline.Entry{}, position{}, err
	}
	e := r.entry()
	p, placed, err := positionOf(conn, seq)
	if err == nil && !placed {
		err = mustBeUnread(conn, r)
	}
	if err != nil || !placed {
		return e, p, err
	}
	e.Placed, e.Lane, e.Quarantined, e.Attempts = p.Placed, laneOf(p.rank), p.reason, p.attempts
	return e, p, p.damaged
}

// mustBeUnread returns an error unless a message without a place is unread.
func mustBeUnread(conn *sqlite.Conn, r *row) error {
	waits, err := queryInt(conn, "SELECT 1 FROM unread WHERE source = ? AND seq = ?", r.source, r.seq)
	if err == nil && waits == 0 {
		err = fmt.Errorf("find place of message %d: %w", r.seq, errDamaged)
	}
	return err
}

// parseDigest reads a SHA-256 in lower-case hex.
func parseDigest(s string) (digest, error) {
	var d digest
	if len(s) != 2*len(d) {
		return d, fmt.Errorf("read digest: %d characters, want %d", len(s), 2*len(d))
	}
	if _, err := hex.Decode(d[:], []byte(s)); err != nil {
		return d, fmt.Errorf("read digest: %w", err)
	}
	if hex.EncodeToString(d[:]) != s {
		return d, fmt.Errorf("read digest: not in lower case")
	}
	return d, nil
}

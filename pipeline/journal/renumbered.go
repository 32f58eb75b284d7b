package journal

import (
	"context"
	"encoding/binary"
)

// A platform that gives its messages new ids makes the same bytes in the same
// account a repetition. That is rare, so the index of digests is not kept up
// with every message but filled when it is needed.

// digestChunk is how many rows are indexed in one transaction: few enough not
// to make others wait.
const digestChunk = 1000

// digestAll fills the index up to the present, in small steps.
func (j *Journal) digestAll(ctx context.Context) error {
	for {
		step := &digesting{}
		if err := j.do(ctx, step, 0); err != nil || step.done {
			return err
		}
	}
}

// digesting indexes the next rows.
type digesting struct{ done bool }

func (d *digesting) apply(t *tx) error {
	from, err := queryInt(t.conn, "SELECT digested FROM state")
	if err != nil {
		return err
	}
	to := min(from+digestChunk, t.last)
	d.done = to == t.last
	return t.digest(from, to)
}

func (*digesting) committed(*Journal) {}

// digest indexes the rows after from up to to.
func (t *tx) digest(from, to int64) error {
	if to <= from {
		return nil
	}
	rows, err := t.conn.Prepare("SELECT source, sha256, seq FROM messages WHERE seq > ? AND seq <= ?")
	if err != nil {
		return err
	}
	rows.BindInt64(1, from)
	rows.BindInt64(2, to)
	for {
		found, err := rows.Step()
		if err != nil {
			return err
		}
		if !found {
			break
		}
		var sha digest
		rows.ColumnBytes(1, sha[:])
		err = execute(t.conn, "INSERT OR IGNORE INTO digests VALUES (?, ?, ?)", rows.ColumnInt64(0), short(sha), rows.ColumnInt64(2))
		if err != nil {
			return err
		}
	}
	return execute(t.conn, "UPDATE state SET digested = ?", to)
}

// knowsDigest reports whether the account of r holds a message of the same
// bytes.
func (t *tx) knowsDigest(r *row) (bool, error) {
	from, err := queryInt(t.conn, "SELECT digested FROM state")
	if err != nil {
		return false, err
	}
	if err := t.digest(from, t.last); err != nil {
		return false, err
	}
	stmt, err := t.conn.Prepare(`SELECT 1 FROM digests d JOIN messages m USING (seq)
		WHERE d.source = ? AND d.digest = ? AND m.sha256 = ? LIMIT 1`)
	if err != nil {
		return false, err
	}
	stmt.BindInt64(1, r.source)
	stmt.BindInt64(2, short(r.sha))
	stmt.BindBytes(3, r.sha[:])
	found, err := stmt.Step()
	if err != nil {
		return false, err
	}
	return found, stmt.Reset()
}

// short is the part of a digest that is indexed.
func short(d digest) int64 { return int64(binary.BigEndian.Uint64(d[:8])) }

// undigest removes the rows up to a seq from the index.
func (t *tx) undigest(to int64) error {
	digested, err := queryInt(t.conn, "SELECT digested FROM state")
	if err != nil || digested == 0 {
		return err
	}
	rows, err := t.conn.Prepare("SELECT source, sha256, seq FROM messages WHERE seq <= ?")
	if err != nil {
		return err
	}
	rows.BindInt64(1, to)
	for {
		found, err := rows.Step()
		if err != nil || !found {
			return err
		}
		var sha digest
		rows.ColumnBytes(1, sha[:])
		err = execute(t.conn, "DELETE FROM digests WHERE source = ? AND digest = ? AND seq = ?",
			rows.ColumnInt64(0), short(sha), rows.ColumnInt64(2))
		if err != nil {
			return err
		}
	}
}

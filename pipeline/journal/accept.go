package journal

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"slices"

	"contactd/channels"
)

// Accept stores the originals and the cursor in one transaction, synced to the
// disk. It implements channels.Inbox.
func (j *Journal) Accept(ctx context.Context, originals []channels.Original, cursor channels.Cursor) error {
	if err := j.room(); err != nil {
		return err
	}
	a := &acceptance{cursor: cursor, rows: make([]*row, len(originals))}
	weight := len(originals) * 256
	for i := range originals {
		r, err := j.prepare(ctx, &originals[i])
		if err != nil {
			return err
		}
		a.rows[i] = r
		weight += len(r.body)
	}
	if slices.ContainsFunc(a.rows, func(r *row) bool { return r.renumbered }) {
		if err := j.digestAll(ctx); err != nil {
			return err
		}
	}
	return j.do(ctx, a, weight)
}

// prepare makes the row of an original. What a channel should have stored as a
// blob is stored as one here.
func (j *Journal) prepare(ctx context.Context, o *channels.Original) (*row, error) {
	if o.Channel == "" || o.Account == "" || o.ID == "" {
		return nil, fmt.Errorf("accept message: channel %q, account %q: identity is incomplete", o.Channel, o.Account)
	}
	if o.Blob == nil && len(o.Bytes) > channels.InlineLimit {
		blob, err := j.blobs.Store(ctx, bytes.NewReader(o.Bytes))
		if err != nil {
			return nil, err
		}
		large := *o
		large.Bytes, large.Blob = nil, &blob
		return newRow(&large)
	}
	r, err := newRow(o)
	if err != nil {
		return nil, fmt.Errorf("accept message: channel %q, account %q: %w", o.Channel, o.Account, err)
	}
	return r, nil
}

// acceptance is the change behind Accept.
type acceptance struct {
	rows   []*row
	cursor channels.Cursor
	stored []*row
}

func (a *acceptance) apply(t *tx) error {
	a.stored = a.stored[:0]
	for _, r := range a.rows {
		s, err := t.sourceOf(r.channel, r.account)
		if err != nil {
			return err
		}
		r.source = s.id
		if r.renumbered {
			known, err := t.knowsDigest(r)
			if err != nil {
				return err
			}
			if known {
				continue
			}
		}
		stored, err := t.insert(r)
		if err != nil {
			return err
		}
		if stored {
			a.stored = append(a.stored, r)
		}
	}
	if a.cursor == (channels.Cursor{}) {
		return nil
	}
	return t.moveCursor(a.cursor)
}

func (a *acceptance) committed(j *Journal) {
	j.remember(a.cursor)
	j.arrived(a.stored)
}

// arrived hands rows that are durable now to the subscribers.
func (j *Journal) arrived(rows []*row) {
	j.metrics.accepted.Add(float64(len(rows)))
	for _, r := range rows {
		j.recent.put(r)
		j.blobs.accepted.Store(r.accepted)
	}
	j.outbox.know(rows)
	j.unread.arrived(rows)
}

// insert appends a row unless its identity is known.
func (t *tx) insert(r *row) (bool, error) {
	r.seq = t.last + 1
	r.accepted = max(t.now().UnixMicro(), t.accepted)
	r.prev = t.chain
	r.chain = r.link(r.prev)
	stmt, err := t.conn.Prepare(`INSERT INTO messages
		(seq, identity, source, id, media, received, accepted, size, sha256, chain, blob, defect, body)
		VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT (identity) DO NOTHING`)
	if err != nil {
		return false, err
	}
	stmt.BindInt64(1, r.seq)
	stmt.BindBytes(2, r.identity[:])
	stmt.BindInt64(3, r.source)
	stmt.BindText(4, r.id)
	stmt.BindText(5, r.media)
	stmt.BindInt64(6, r.received)
	stmt.BindInt64(7, r.accepted)
	stmt.BindInt64(8, r.size)
	stmt.BindBytes(9, r.sha[:])
	stmt.BindBytes(10, r.chain[:])
	if r.byReference {
		stmt.BindText(11, r.sniffed)
	} else {
		stmt.BindBytes(13, r.body)
	}
	stmt.BindText(12, r.defect)
	if _, err := stmt.Step(); err != nil {
		return false, err
	}
	if t.conn.Changes() == 0 {
		return false, nil
	}
	t.last, t.chain, t.accepted = r.seq, r.chain, r.accepted
	return true, execute(t.conn, "INSERT INTO unread (source, seq, attempts) VALUES (?, ?, 0)", r.source, r.seq)
}

// moveCursor stores a cursor with a digest, so that a damaged one is not
// believed: that would skip messages.
func (t *tx) moveCursor(c channels.Cursor) error {
	stmt, err := t.conn.Prepare("INSERT OR REPLACE INTO cursors (name, value, sum) VALUES (?, ?, ?)")
	if err != nil {
		return err
	}
	stmt.BindText(1, c.Name)
	stmt.BindText(2, c.Value)
	stmt.BindBytes(3, cursorSum(c))
	_, err = stmt.Step()
	return err
}

func cursorSum(c channels.Cursor) []byte {
	sum := sha256.Sum256([]byte(c.Name + "\x00" + c.Value))
	return sum[:8]
}

// Cursor returns the cursor last accepted under name. It implements
// channels.Inbox.
func (j *Journal) Cursor(ctx context.Context, name string) (channels.Cursor, error) {
	if err := ctx.Err(); err != nil {
		return channels.Cursor{}, err
	}
	j.cursorMu.Lock()
	defer j.cursorMu.Unlock()
	return channels.Cursor{Name: name, Value: j.cursors[name]}, nil
}

// remember keeps a stored cursor at hand.
func (j *Journal) remember(c channels.Cursor) {
	if c == (channels.Cursor{}) {
		return
	}
	j.cursorMu.Lock()
	defer j.cursorMu.Unlock()
	j.cursors[c.Name] = c.Value
}

package journal

import (
	"context"

	"zombiezen.com/go/sqlite"
)

// forgetConversations removes conversations whose last message is forgotten,
// and then the links that led to them.
func (j *Journal) forgetConversations(ctx context.Context) error {
	var after int64
	for {
		change := &forgettingConversations{after: after}
		if err := j.do(ctx, change, 0); err != nil {
			return err
		}
		if change.last == 0 {
			break
		}
		after = change.last
	}
	if after == 0 {
		return nil
	}
	return j.forgetLinks(ctx)
}

type forgettingConversations struct{ after, last int64 }

func (f *forgettingConversations) apply(t *tx) error {
	f.last = 0
	pruned, err := queryInt(t.conn, "SELECT pruned FROM state")
	if err != nil || pruned == 0 {
		return err
	}
	// The youngest stays: SQLite would give its number to the next one, and old
	// links would lead there.
	f.last, err = queryInt(t.conn, `SELECT max(id) FROM (SELECT id FROM conversations
		WHERE id > ? AND last <= ? AND id < (SELECT max(id) FROM conversations) ORDER BY id LIMIT ?)`, f.after, pruned, pruneRows)
	if err != nil || f.last == 0 {
		return err
	}
	// One in which a reply is still to be dealt with is not over.
	const where = ` WHERE id > ?1 AND id <= ?2 AND last <= ?3 AND NOT EXISTS (
		SELECT 1 FROM replies r INDEXED BY open_in_conversation WHERE r.state <= 3 AND r.conversation = conversations.id)`
	const old = "SELECT id FROM conversations" + where
	for _, query := range []string{
		"DELETE FROM participants WHERE conversation IN (" + old + ")",
		"DELETE FROM answers WHERE conversation IN (" + old + ")",
		"DELETE FROM conversations" + where,
	} {
		if err := execute(t.conn, query, f.after, f.last, pruned); err != nil {
			return err
		}
	}
	return nil
}

func (*forgettingConversations) committed(*Journal) {}

// linkRows is how many links are looked at in one go.
const linkRows = 1000

// forgetLinks removes the links that lead nowhere. Nothing finds them but a
// walk over all, which takes about a second for a million.
func (j *Journal) forgetLinks(ctx context.Context) error {
	var last reference
	for more := true; more; {
		var dead []reference
		err := j.reader.with(func(conn *sqlite.Conn) (err error) {
			dead, last, more, err = deadLinks(conn, last)
			return err
		})
		if err == nil && len(dead) > 0 {
			err = j.do(ctx, unlinking{dead}, 0)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// deadLinks are those that lead nowhere among the next linkRows behind one. The
// last one looked at is returned too, and whether there may be more.
func deadLinks(conn *sqlite.Conn, after reference) (dead []reference, last reference, more bool, err error) {
	last = after
	stmt, err := conn.Prepare(`SELECT reference, NOT EXISTS (SELECT 1 FROM conversations c WHERE c.id = links.conversation)
		FROM links WHERE reference > ? ORDER BY reference LIMIT ?`)
	if err != nil {
		return nil, last, false, err
	}
	stmt.BindBytes(1, after[:])
	stmt.BindInt64(2, linkRows)
	for {
		found, err := stmt.Step()
		if err != nil || !found {
			return dead, last, more, err
		}
		more = true
		stmt.ColumnBytes(0, last[:])
		if stmt.ColumnBool(1) {
			dead = append(dead, last)
		}
	}
}

// unlinking removes links to conversations that are gone.
type unlinking struct{ references []reference }

func (u unlinking) apply(t *tx) error {
	for _, reference := range u.references {
		stmt, err := t.conn.Prepare("DELETE FROM links WHERE reference = ? AND NOT EXISTS (SELECT 1 FROM conversations c WHERE c.id = links.conversation)")
		if err != nil {
			return err
		}
		stmt.BindBytes(1, reference[:])
		if _, err := stmt.Step(); err != nil {
			return err
		}
	}
	return nil
}

func (unlinking) committed(*Journal) {}

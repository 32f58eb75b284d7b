package journal

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"zombiezen.com/go/sqlite"
)

// wordless is the due of a settled reply whose row no longer holds what it
// said; before that it is 0.
const wordless = -1

// pruneReplies takes the texts of replies that were settled longer than Keep
// ago, and forgets those of which no original tells any more.
func (j *Journal) pruneReplies(ctx context.Context, now time.Time) error {
	for {
		change := &unwording{before: now.Add(-j.config.Keep)}
		if err := j.do(ctx, change, 0); err != nil {
			return err
		}
		if change.rows == 0 {
			break
		}
	}
	for {
		change := &forgettingReplies{before: now.Add(-j.config.Remember)}
		if err := j.do(ctx, change, 0); err != nil || change.rows == 0 {
			return err
		}
	}
}

// unwording takes the texts of some replies.
type unwording struct {
	before time.Time
	rows   int
}

func (u *unwording) apply(t *tx) error {
	u.rows = 0
	ids, err := textsOf(t.conn, "SELECT reply FROM replies INDEXED BY worded_replies WHERE state > 3 AND due = 0 AND since < ? LIMIT ?",
		u.before.UnixMicro(), pruneRows)
	if err != nil {
		return err
	}
	for _, id := range ids {
		r, err := replyOf(t.conn, id)
		if err == nil {
			err = r.unword()
		}
		if errors.Is(err, errDamaged) {
			continue // verify tells of it
		}
		if err != nil {
			return err
		}
		if err := t.saveReply(r); err != nil {
			return err
		}
		u.rows++ // without progress there is no next step
	}
	return nil
}

// unword takes what a reply said out of its row.
func (r *replyRow) unword() error {
	reply, err := r.open()
	if err != nil {
		return err
	}
	reply.Text, reply.Attachments = "", nil
	r.due = wordless
	r.body, err = json.Marshal(reply)
	return err
}

func (*unwording) committed(*Journal) {}

// forgettingReplies removes some rows of replies.
type forgettingReplies struct {
	before time.Time
	rows   int
}

func (f *forgettingReplies) apply(t *tx) error {
	// As long as one of its originals is kept, its row is.
	oldest, err := queryInt(t.conn, "SELECT accepted FROM messages ORDER BY seq LIMIT 1")
	if err != nil {
		return err
	}
	before := f.before.UnixMicro()
	if oldest != 0 {
		before = min(before, oldest)
	}
	err = execute(t.conn, `DELETE FROM replies WHERE id IN (
		SELECT id FROM replies INDEXED BY settled_replies WHERE state > 3 AND since < ? LIMIT ?)`, before, pruneRows)
	f.rows = t.conn.Changes()
	return err
}

func (*forgettingReplies) committed(*Journal) {}

// oldestReply returns the earlier of a time and when the oldest reply was
// queued that is not settled: its attachments are still needed.
func (j *Journal) oldestReply(than time.Time) (time.Time, error) {
	err := j.reader.with(func(conn *sqlite.Conn) error {
		queued, err := queryInt(conn, "SELECT min(queued) FROM replies INDEXED BY open_replies WHERE state <= 3")
		if at := fromMicros(queued); err == nil && queued != 0 && at.Before(than) {
			than = at
		}
		return err
	})
	return than, err
}

// textsOf returns the first column of all rows.
func textsOf(conn *sqlite.Conn, query string, args ...int64) ([]string, error) {
	stmt, err := conn.Prepare(query)
	if err != nil {
		return nil, err
	}
	for i, arg := range args {
		stmt.BindInt64(i+1, arg)
	}
	var all []string
	for {
		found, err := stmt.Step()
		if err != nil || !found {
			return all, err
		}
		all = append(all, stmt.ColumnText(0))
	}
}

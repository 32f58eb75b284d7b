package journal

import (
	"bytes"
	"fmt"
	"time"

	"contactd/channels"
	"contactd/pipeline"
	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

// maxAttempts is how often a message may be found half read after a crash
// before it is put into quarantine.
const maxAttempts = 2

// recover notes which messages were being read when the process ended, and
// learns the accounts and cursors. The writer does not run yet.
func (j *Journal) recover(reading []int64) error {
	suspects, doomed, err := j.blame(reading)
	if err != nil {
		return err
	}
	for _, item := range doomed {
		reason := fmt.Sprintf("the program ended %d times while reading it", item.attempts)
		q := &quarantining{seq: item.seq, source: item.source, reason: reason}
		if err := inTransaction(j.tx, q.apply); err != nil {
			return err
		}
		j.metrics.quarantined.Inc()
	}
	if err := j.doubtHandOvers(); err != nil {
		return err
	}
	j.unread.suspects = suspects
	for id, s := range j.tx.byID {
		j.unread.backlogOf(id, s.channel).complete = false
		j.outbox.channels[id] = s.channel
	}
	j.unread.wakeLoader()
	if err := j.loadCursors(); err != nil {
		return err
	}
	return j.lookBack()
}

// recall finds what the program left behind when it ended last and nobody need
// wait for, however much waits.
func (j *Journal) recall(stop <-chan struct{}) {
	from := &reader{dir: j.config.Dir}
	defer from.close()
	for _, find := range []func(*reader) error{j.ahead.find, j.resume} {
		for err := find(from); err != nil && j.ctx.Err() == nil; err = find(from) {
			j.deps.Log.Error("look through what waits", "err", err)
			select {
			case <-time.After(time.Second):
			case <-stop:
				return
			}
		}
	}
}

// blame counts the attempts of messages that were being read, and returns the
// suspects and those that were tried too often. What contactd says
// itself kills nobody: it is never suspected.
func (j *Journal) blame(reading []int64) (suspects, doomed []unreadItem, err error) {
	err = inTransaction(j.tx, func(t *tx) error {
		for _, seq := range reading {
			err := execute(t.conn, `UPDATE unread SET attempts = attempts + 1
				WHERE seq = ?1 AND source = (SELECT m.source FROM messages m JOIN sources s ON s.id = m.source
					WHERE m.seq = ?1 AND s.channel NOT IN ('`+pipeline.RepliesChannel+`', '`+pipeline.AssessmentsChannel+`'))`, seq)
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	const query = "SELECT source, seq, attempts FROM unread INDEXED BY suspects WHERE attempts > 0 ORDER BY seq"
	err = sqlitex.Execute(j.tx.conn, query, &sqlitex.ExecOptions{ResultFunc: func(stmt *sqlite.Stmt) error {
		item := unreadItem{
			source: stmt.ColumnInt64(0), seq: stmt.ColumnInt64(1), attempts: stmt.ColumnInt(2), suspect: true,
		}
		if item.attempts >= maxAttempts {
			doomed = append(doomed, item)
		} else {
			suspects = append(suspects, item)
		}
		return nil
	}})
	return suspects, doomed, err
}

// inTransaction applies a change outside the writer's goroutine, before it
// runs.
func inTransaction(t *tx, change func(*tx) error) (err error) {
	end, err := sqlitex.ImmediateTransaction(t.conn)
	if err != nil {
		return err
	}
	defer end(&err)
	if err := change(t); err != nil {
		return err
	}
	return t.finish()
}

// loadCursors learns the cursors. A damaged one is forgotten: the channel
// reads its source from the start, and what it repeats is recognized.
func (j *Journal) loadCursors() error {
	const query = "SELECT name, value, sum FROM cursors WHERE name < '" + formerPlace + "' OR name >= '" + formerPlaceEnd + "'"
	return sqlitex.Execute(j.tx.conn, query, &sqlitex.ExecOptions{ResultFunc: func(stmt *sqlite.Stmt) error {
		c := channels.Cursor{Name: stmt.ColumnText(0), Value: stmt.ColumnText(1)}
		sum := make([]byte, stmt.ColumnLen(2))
		stmt.ColumnBytes(2, sum)
		if !bytes.Equal(sum, cursorSum(c)) {
			j.deps.Log.Error("cursor is damaged, the channel starts from the beginning", "cursor", c.Name)
			return nil
		}
		j.cursors[c.Name] = c.Value
		return nil
	}})
}

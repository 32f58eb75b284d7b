package journal

import "zombiezen.com/go/sqlite"

// defaultRaisedAtOnce is how many messages are raised in one change, so that a
// flood before an urgent message holds up neither that nor other people's.
const defaultRaisedAtOnce = 1000

// raise lifts the less urgent messages before p to rank: the first of them, if
// they are many, and the rest in changes that follow. It reports whether any
// message waits before p. Since no message waits behind a less urgent one, but
// for those that are just being raised, it can stop at the first that is urgent
// enough.
func (t *tx) raise(p position, rank int) (earlier bool, err error) {
	stmt, err := t.conn.Prepare(`SELECT seq, rank FROM progress WHERE conversation = ? AND published IS NULL
		AND sequence < ? ORDER BY sequence DESC`)
	if err != nil {
		return false, err
	}
	stmt.BindInt64(1, p.conversation)
	stmt.BindInt64(2, p.Sequence)
	var low []int64
	for t.raisedAtOnce == 0 || len(low) <= t.raisedAtOnce {
		found, err := stmt.Step()
		if err != nil {
			return earlier, err
		}
		if !found {
			break
		}
		earlier = true
		old := stmt.ColumnInt(1)
		if old == rankUnsorted {
			continue
		}
		if old <= rank {
			break
		}
		low = append(low, stmt.ColumnInt64(0))
	}
	if err := stmt.Reset(); err != nil {
		return earlier, err
	}
	if t.raisedAtOnce > 0 && len(low) > t.raisedAtOnce {
		r := &raising{conversation: p.conversation, before: p.Sequence, rank: rank}
		t.raisings = append(t.raisings, r)
		return earlier, r.apply(t)
	}
	return earlier, t.setRank(low, rank)
}

func (t *tx) setRank(seqs []int64, rank int) error {
	for _, seq := range seqs {
		if err := execute(t.conn, "UPDATE progress SET rank = ? WHERE seq = ?", int64(rank), seq); err != nil {
			return err
		}
	}
	return nil
}

// raising is the change that raises what waits in a conversation before a
// sequence, some at a time from the front, where it is needed first.
type raising struct {
	conversation, before int64
	rank                 int
	after                int64 // everything up to this sequence was raised

	// What one change came to.
	reached int64
	more    bool
	head    waiting
}

func (r *raising) apply(t *tx) error {
	stmt, err := t.conn.Prepare(`SELECT seq, sequence FROM progress WHERE conversation = ? AND published IS NULL
		AND sequence > ? AND sequence < ? AND rank > ? ORDER BY sequence LIMIT ?`)
	if err != nil {
		return err
	}
	most := t.raisedAtOnce
	if most == 0 {
		most = -1
	}
	for i, value := range []int64{r.conversation, r.after, r.before, int64(r.rank), int64(most)} {
		stmt.BindInt64(i+1, value)
	}
	var low []int64
	r.reached = r.after
	for {
		found, err := stmt.Step()
		if err != nil {
			return err
		}
		if !found {
			break
		}
		low, r.reached = append(low, stmt.ColumnInt64(0)), stmt.ColumnInt64(1)
	}
	r.more = len(low) == most
	if err := t.setRank(low, r.rank); err != nil {
		return err
	}
	r.head, err = headOf(t.conn, r.conversation)
	return err
}

func (r *raising) committed(j *Journal) {
	if r.head.rank != rankUnsorted {
		j.outbox.offer(r.head, false)
	}
	r.after = r.reached
	select {
	case <-j.closing: // the next start goes on
		return
	default:
	}
	if r.more {
		j.lazy = append(j.lazy, &request{op: r})
	}
}

// resume goes on raising where the end of the program interrupted it.
func (j *Journal) resume(from *reader) error {
	for rank := rankEmergency; rank < rankLow; rank++ {
		err := j.eachBehind(from, rank, func(conn *sqlite.Conn, w waiting) error {
			p, _, err := positionOf(conn, w.seq)
			if err != nil {
				return err
			}
			before, err := queryInt(conn, `SELECT rank FROM progress WHERE conversation = ? AND published IS NULL
				AND sequence < ? AND rank > 0 ORDER BY sequence DESC LIMIT 1`, w.conversation, p.Sequence)
			if err == nil && int(before) > rank {
				j.later(&raising{conversation: w.conversation, before: p.Sequence, rank: rank})
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// eachBehind shows each message that waits with a rank behind others of its
// conversation, oldest first, of those that were there when the journal was
// opened. It fails when that closes.
func (j *Journal) eachBehind(from *reader, rank int, show func(*sqlite.Conn, waiting) error) error {
	for after, more := int64(0), true; more; {
		if err := j.ctx.Err(); err != nil {
			return err
		}
		err := from.with(func(conn *sqlite.Conn) error {
			found, err := readWaiting(conn, rank, after, scanRows)
			if err != nil {
				return err
			}
			more = len(found) == scanRows
			for _, c := range found {
				after = c.seq
				if c.seq > j.opened {
					more = false
					break
				}
				if c.first {
					continue
				}
				if err := show(conn, c.waiting); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

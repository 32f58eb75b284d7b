package journal

import (
	"context"
	"strconv"

	"contactd/pipeline"
	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

// ReplyCounts accounts for the replies that were asked for: Queued are still to
// be sent or being sent, Unknown to be looked up; with the Settled they are all
// that are remembered.
type ReplyCounts struct{ Queued, Unknown, Settled int64 }

// verifyAnswers compares what is known of how conversations are answered with
// its checksums.
func (t *Tools) verifyAnswers(ctx context.Context, report *Report) error {
	return t.read(ctx, func(conn *sqlite.Conn) error {
		const query = `SELECT a.source, a.until, a.rules, a.address, a.mark, a.conversation, c.key FROM answers a
			LEFT JOIN conversations c ON c.id = a.conversation`
		return sqlitex.Execute(conn, query, &sqlitex.ExecOptions{ResultFunc: func(stmt *sqlite.Stmt) error {
			a := scanAnswer(stmt)
			if stmt.ColumnInt64(4) != a.mark(stmt.ColumnInt64(5)) || stmt.ColumnIsNull(6) {
				report.differ(0, "how conversation %s is answered: %v", stmt.ColumnText(6), errDamaged)
			}
			return nil
		}})
	})
}

// verifyReplies checks every reply, and that the journal holds the original
// that tells of its state.
func (t *Tools) verifyReplies(ctx context.Context, report *Report) error {
	return t.read(ctx, func(conn *sqlite.Conn) error {
		oldest, err := queryInt(conn, "SELECT accepted FROM messages ORDER BY seq LIMIT 1")
		if err != nil {
			return err
		}
		const query = "SELECT " + replyColumns + ", s.channel, s.account FROM replies r LEFT JOIN sources s ON s.id = r.source"
		err = sqlitex.Execute(conn, query, &sqlitex.ExecOptions{ResultFunc: func(stmt *sqlite.Stmt) error {
			r, sound := soundReply(stmt)
			if !sound {
				report.differ(0, "reply %s: %v", r.reply, errDamaged)
				return nil
			}
			report.Replies.count(r.state)
			if r.since < oldest || oldest == 0 {
				return nil // its originals may be forgotten
			}
			account := stmt.ColumnText(19) + "/" + stmt.ColumnText(20)
			if stmt.ColumnIsNull(19) {
				account = nowhere + "/none"
			}
			told, err := tells(conn, account, r)
			if err == nil && !told {
				report.differ(0, "reply %s is %s, but no original tells of it", r.reply, stateName(r.state))
			}
			return err
		}})
		if err != nil {
			return err
		}
		return verifyToldReplies(conn, report)
	})
}

// soundReply reads a row, and reports whether it is as it was written.
func soundReply(stmt *sqlite.Stmt) (*replyRow, bool) {
	r, err := scanReply(stmt)
	if err == nil {
		_, err = r.open()
	}
	return r, err == nil
}

func (c *ReplyCounts) count(state int) {
	switch {
	case state == replyUnknown:
		c.Unknown++
	case state < replyUnknown:
		c.Queued++
	default:
		c.Settled++
	}
}

// tells reports whether the journal holds the original of a reply's state.
func tells(conn *sqlite.Conn, account string, r *replyRow) (bool, error) {
	stmt, err := conn.Prepare("SELECT 1 FROM messages WHERE identity = ?")
	if err != nil {
		return false, err
	}
	identity := identityOf(pipeline.RepliesChannel, account, changeID(r))
	stmt.BindBytes(1, identity[:])
	found, err := stmt.Step()
	if err != nil || !found {
		return false, err
	}
	return true, stmt.Reset()
}

// changeID is the identity of the original of a reply's latest change.
func changeID(r *replyRow) string {
	return r.reply + "/" + string(stateName(r.state)) + "/" + strconv.Itoa(r.changes)
}

// verifyToldReplies finds replies of which originals tell and nothing else.
func verifyToldReplies(conn *sqlite.Conn, report *Report) error {
	const query = `SELECT m.seq, substr(m.id, 1, instr(m.id, '/') - 1) AS told FROM sources s JOIN messages m ON m.source = s.id
		WHERE s.channel = ? AND NOT EXISTS (SELECT 1 FROM replies r WHERE r.reply = substr(m.id, 1, instr(m.id, '/') - 1))`
	return sqlitex.Execute(conn, query, &sqlitex.ExecOptions{
		Args: []any{pipeline.RepliesChannel},
		ResultFunc: func(stmt *sqlite.Stmt) error {
			report.differ(stmt.ColumnInt64(0), "tells of reply %s, which is missing", stmt.ColumnText(1))
			return nil
		},
	})
}

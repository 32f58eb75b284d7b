package journal

import "zombiezen.com/go/sqlite"

// waitAgain makes the published messages from first to last wait again, those of
// which also holds and whose bytes are kept, and says how many.
func waitAgain(conn *sqlite.Conn, first, last int64, also string, args ...int64) (int, error) {
	err := execute(conn, `UPDATE progress SET published = NULL, part = NULL, offs = NULL
		WHERE seq BETWEEN ?1 AND ?2 AND published IS NOT NULL
		AND NOT EXISTS (SELECT 1 FROM messages m WHERE m.seq = progress.seq AND (m.body IS NULL) = (m.blob IS NULL)) `+also,
		append([]int64{first, last}, args...)...)
	count := conn.Changes()
	if err != nil || count == 0 {
		return 0, err
	}
	return count, lineUp(conn, first, last)
}

// lineUp restores the rule that no message waits behind a less urgent one of its
// conversation (see rankConversation), after those from first to last were made
// to wait in the ranks that they had. It is enough to look at who waits side by
// side.
func lineUp(conn *sqlite.Conn, first, last int64) error {
	const neighbour = `(SELECT q.rank FROM progress q INDEXED BY queued WHERE q.conversation = p.conversation
		AND q.published IS NULL AND q.rank > 0 AND q.sequence `
	stmt, err := conn.Prepare(`SELECT seq, conversation, sequence, rank FROM progress p
		WHERE seq BETWEEN ? AND ? AND published IS NULL AND rank > 0
		AND (rank < ` + neighbour + `< p.sequence ORDER BY q.sequence DESC LIMIT 1)
			OR rank > ` + neighbour + `> p.sequence ORDER BY q.sequence LIMIT 1)) ORDER BY seq`)
	if err != nil {
		return err
	}
	stmt.BindInt64(1, first)
	stmt.BindInt64(2, last)
	type misplaced struct {
		seq int64
		position
	}
	var all []misplaced
	for {
		found, err := stmt.Step()
		if err != nil {
			return err
		}
		if !found {
			break
		}
		m := misplaced{seq: stmt.ColumnInt64(0)}
		m.conversation, m.Sequence, m.rank = stmt.ColumnInt64(1), stmt.ColumnInt64(2), stmt.ColumnInt(3)
		all = append(all, m)
	}
	t := &tx{conn: conn}
	for _, m := range all {
		if _, _, err := t.rankConversation(m.seq, m.position, m.rank); err != nil {
			return err
		}
	}
	return nil
}

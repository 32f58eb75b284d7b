package journal

import (
	"context"

	"contactd/pipeline"
	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

// nearRows is how many messages Landed gives at a time of those whose offsets
// are known by heart, farRows of the others: finding those reads the whole
// narrow table.
const (
	nearRows = 64
	farRows  = offsetsKept
)

// Landed gives some messages that Kafka acknowledged in the partition before
// an offset, highest first; none when there are no more. Near the end it knows
// them by heart; far says to go on behind that, which takes about a quarter of
// a second for a million messages. What was pruned is left out: it could not
// be published again. It implements pipeline.Acknowledged.
func (j *Journal) Landed(ctx context.Context, partition int, before int64, far bool) ([]pipeline.Landed, error) {
	if far {
		return j.landedFar(ctx, partition, before)
	}
	change := &recalling{partition: int64(partition), before: before}
	if err := j.do(ctx, change, 0); err != nil || len(change.found) == 0 {
		return nil, err
	}
	var all []pipeline.Landed
	err := j.reader.atOnce(func(conn *sqlite.Conn) error {
		for _, known := range change.found {
			l, found, err := landedAt(conn, partition, known)
			if err != nil {
				return err
			}
			if found {
				all = append(all, l)
			}
			if len(all) == nearRows {
				break
			}
		}
		return nil
	})
	return all, err
}

// recalling asks the writer what it knows by heart.
type recalling struct {
	partition, before int64
	found             []landing
}

func (r *recalling) apply(t *tx) error {
	r.found = t.offsets.before(r.partition, r.before)
	return nil
}

func (*recalling) committed(*Journal) {}

// landedQuery reads what scanLanded scans of those rows of progress.
func landedQuery(rows string) string {
	return `SELECT p.seq, p.offs, p.published, s.channel, s.account, m.id
		FROM (SELECT seq, offs, published FROM progress WHERE published IS NOT NULL AND ` + rows + `) p
		CROSS JOIN messages m USING (seq) JOIN sources s ON s.id = m.source
		WHERE (m.body IS NULL) <> (m.blob IS NULL) ORDER BY p.offs DESC`
}

func scanLanded(stmt *sqlite.Stmt) pipeline.Landed {
	return pipeline.Landed{
		Landing:   pipeline.Landing{Seq: stmt.ColumnInt64(0), Offset: stmt.ColumnInt64(1)},
		Published: fromMicros(stmt.ColumnInt64(2)),
		Channel:   stmt.ColumnText(3), Account: stmt.ColumnText(4), ID: stmt.ColumnText(5),
	}
}

// landedAt is the message that the writer remembers at an offset, if it still
// is there: it may have been published again meanwhile.
func landedAt(conn *sqlite.Conn, partition int, known landing) (l pipeline.Landed, found bool, err error) {
	err = sqlitex.Execute(conn, landedQuery("seq = ? AND part = ? AND offs = ?"), &sqlitex.ExecOptions{
		Args:       []any{known.seq, partition, known.offset},
		ResultFunc: func(stmt *sqlite.Stmt) error { l, found = scanLanded(stmt), true; return nil },
	})
	return l, found, err
}

func (j *Journal) landedFar(ctx context.Context, partition int, before int64) ([]pipeline.Landed, error) {
	tools := j.Tools() // a connection of its own: others shall not wait
	defer tools.Close()
	var all []pipeline.Landed
	err := tools.read(ctx, func(conn *sqlite.Conn) error {
		return sqlitex.Execute(conn, landedQuery("part = ? AND offs < ? ORDER BY offs DESC LIMIT ?"), &sqlitex.ExecOptions{
			Args:       []any{partition, before, farRows},
			ResultFunc: func(stmt *sqlite.Stmt) error { all = append(all, scanLanded(stmt)); return nil },
		})
	})
	return all, err
}

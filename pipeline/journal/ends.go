package journal

import (
	"context"
	"time"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

// Ends gives, for each partition, the offset after the last record that Kafka
// acknowledged. It implements pipeline.Acknowledged.
func (j *Journal) Ends(ctx context.Context) (map[int]int64, error) {
	tools := j.Tools()
	defer tools.Close()
	ends := map[int]int64{}
	err := tools.read(ctx, func(conn *sqlite.Conn) error {
		return sqlitex.Execute(conn, "SELECT part, offs FROM ends", &sqlitex.ExecOptions{ResultFunc: func(stmt *sqlite.Stmt) error {
			ends[stmt.ColumnInt(0)] = stmt.ColumnInt64(1)
			return nil
		}})
	})
	return ends, err
}

// RepublishFrom makes everything that Kafka acknowledged in the partition at
// this offset or behind it wait to be published again, except what was pruned.
// It reads the whole narrow table, since a broker loses records rarely, in steps
// that do not make others wait. Once begun it goes to the end: until then the
// partition's end stays, so that a crash repeats it. It implements
// pipeline.Acknowledged.
func (j *Journal) RepublishFrom(ctx context.Context, partition int, offset int64) (int, error) {
	tools := j.Tools()
	defer tools.Close()
	first, last, err := tools.seqs(ctx, Range{})
	count := 0
	for ; err == nil && first <= last; first += republishRows {
		err = tools.change(func(conn *sqlite.Conn) error {
			more, err := waitAgain(conn, first, min(last, first+republishRows-1), "AND part = ?3 AND offs >= ?4", int64(partition), offset)
			count += more
			return err
		})
		time.Sleep(breather)
	}
	if err == nil {
		err = tools.change(func(conn *sqlite.Conn) error {
			return execute(conn, "UPDATE ends SET offs = ?2 WHERE part = ?1", int64(partition), offset)
		})
	}
	return count, err
}

// reached notes an acknowledged record for the end of the transaction.
func (t *tx) reached(partition, offset int64) {
	if t.ends == nil {
		t.ends = map[int64]int64{}
	}
	t.ends[partition] = max(t.ends[partition], offset+1)
}

// saveEnds writes what was reached in this transaction.
func (t *tx) saveEnds() error {
	for partition, end := range t.ends {
		err := execute(t.conn, `INSERT INTO ends VALUES (?, ?) ON CONFLICT DO UPDATE SET offs = max(offs, excluded.offs)`, partition, end)
		if err != nil {
			return err
		}
	}
	clear(t.ends)
	return nil
}

package journal

import "zombiezen.com/go/sqlite"

// offsetsKept is how many of a partition's last offsets are known. A broker
// that was killed loses what it had not written yet, which is far less.
const offsetsKept = 1 << 13

// offsets know which message lies where in Kafka, of the last that were
// acknowledged. A broker that acknowledges another message at the same place
// has lost the one before. The end of a partition cannot tell: what comes next
// soon reaches behind it. Only the writer's goroutine uses them.
type offsets map[int64]*[offsetsKept]landing

// landing is a message at an offset; seq 0 is none.
type landing struct{ offset, seq int64 }

// holder is the message known to lie at an offset, 0 for none.
func (o offsets) holder(partition, offset int64) (seq int64) {
	if kept := o[partition]; kept != nil && kept[offset%offsetsKept].offset == offset {
		return kept[offset%offsetsKept].seq
	}
	return 0
}

// put notes where a message lies.
func (o offsets) put(partition, offset, seq int64) {
	if o[partition] == nil {
		o[partition] = new([offsetsKept]landing)
	}
	o[partition][offset%offsetsKept] = landing{offset, seq}
}

// loadOffsets reads those of the messages that came last.
func loadOffsets(conn *sqlite.Conn) (offsets, error) {
	o := offsets{}
	stmt, err := conn.Prepare("SELECT seq, part, offs FROM progress WHERE offs IS NOT NULL ORDER BY seq DESC LIMIT ?")
	if err != nil {
		return nil, err
	}
	stmt.BindInt64(1, 8*offsetsKept)
	for {
		found, err := stmt.Step()
		if err != nil || !found {
			return o, err
		}
		partition, offset := stmt.ColumnInt64(1), stmt.ColumnInt64(2)
		if kept := o[partition]; kept == nil || kept[offset%offsetsKept].offset <= offset {
			o.put(partition, offset, stmt.ColumnInt64(0))
		}
	}
}

// displace makes the message wait again that lay where another was
// acknowledged now, unless it was pruned.
func (t *tx) displace(seq, partition, offset int64) (w waiting, found bool, err error) {
	stmt, err := t.conn.Prepare(`UPDATE progress SET published = NULL, part = NULL, offs = NULL
		WHERE seq = ?1 AND part = ?2 AND offs = ?3 AND published IS NOT NULL
		AND NOT EXISTS (SELECT 1 FROM messages m WHERE m.seq = progress.seq AND (m.body IS NULL) = (m.blob IS NULL))
		RETURNING conversation, source, rank`)
	if err != nil {
		return w, false, err
	}
	stmt.BindInt64(1, seq)
	stmt.BindInt64(2, partition)
	stmt.BindInt64(3, offset)
	if found, err = stmt.Step(); err != nil || !found {
		return w, false, err
	}
	w = waiting{seq: seq, conversation: stmt.ColumnInt64(0), source: stmt.ColumnInt64(1), rank: stmt.ColumnInt(2)}
	_, err = stmt.Step()
	return w, true, err
}

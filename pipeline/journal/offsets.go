package journal

import (
	"cmp"
	"slices"

	"zombiezen.com/go/sqlite"
)

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

// before gives what is known to lie before an offset of a partition, highest
// first.
func (o offsets) before(partition, offset int64) []landing {
	kept := o[partition]
	if kept == nil {
		return nil
	}
	var found []landing
	for _, l := range kept {
		if l.seq != 0 && l.offset < offset {
			found = append(found, l)
		}
	}
	slices.SortFunc(found, func(a, b landing) int { return cmp.Compare(b.offset, a.offset) })
	return found
}

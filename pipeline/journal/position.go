package journal

import (
	"errors"
	"fmt"

	"contactd/pipeline"
	"zombiezen.com/go/sqlite"
)

// position is a row of progress with the key of its conversation.
type position struct {
	pipeline.Placed
	conversation int64
	source       int64
	rank         int
	attempts     int
	reason       string
	published    bool
	// damaged is set when the row's checksum is wrong.
	damaged error
}

// positionOf reads the position of a message; false when it was not placed.
func positionOf(conn *sqlite.Conn, seq int64) (position, bool, error) {
	stmt, err := conn.Prepare(`SELECT p.conversation, p.source, p.sequence, p.foreigner, p.mark, p.rank, p.attempts,
		p.reason, p.published IS NOT NULL, c.key FROM progress p LEFT JOIN conversations c ON c.id = p.conversation WHERE p.seq = ?`)
	if err != nil {
		return position{}, false, err
	}
	stmt.BindInt64(1, seq)
	found, err := stmt.Step()
	if err != nil || !found {
		return position{}, false, err
	}
	p := position{
		Placed: pipeline.Placed{
			Conversation: stmt.ColumnText(9), Sequence: stmt.ColumnInt64(2), Foreign: stmt.ColumnInt64(3) != 0,
		},
		conversation: stmt.ColumnInt64(0), source: stmt.ColumnInt64(1),
		rank: stmt.ColumnInt(5), attempts: stmt.ColumnInt(6), reason: stmt.ColumnText(7),
		published: stmt.ColumnInt64(8) != 0,
	}
	if stmt.ColumnInt64(4) != markOf(seq, p.Placed) {
		p.damaged = fmt.Errorf("read place of message %d: %w", seq, errDamaged)
	}
	return p, true, stmt.Reset()
}

// errDamaged says that what the disk gave back is not what was written.
var errDamaged = errors.New("checksum differs from what was written")

// rankOf is the rank of a lane.
func rankOf(l pipeline.Lane) (int, error) {
	if l == pipeline.LaneUnsorted || l >= ranks {
		return 0, fmt.Errorf("sort message: %v is no lane to publish in", l)
	}
	return int(l), nil
}

// laneOf is the lane of a rank.
func laneOf(rank int) pipeline.Lane {
	if rank < rankUnsorted || rank >= ranks {
		return pipeline.LaneUnsorted
	}
	return pipeline.Lane(rank)
}

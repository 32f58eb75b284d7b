package journal

import (
	"errors"

	"contactd/pipeline"
	"zombiezen.com/go/sqlite"
)

// damagedReason is what stands for the message when the disk gave back other
// bytes than were written.
const damagedReason = "the stored message is damaged, run contactd verify"

// load returns the entry of a flight, from memory or from the database. A
// damaged message is delivered marked as quarantined, so that a person looks.
func (j *Journal) load(f flight) (pipeline.Entry, error) {
	if r, placed := j.recent.get(f.seq); r != nil && (f.lane == pipeline.LaneUnsorted || placed.Sequence != 0) {
		e := r.entry()
		j.complete(&e, f, placed)
		return e, nil
	}
	var e pipeline.Entry
	err := j.reader.atOnce(func(conn *sqlite.Conn) error {
		var p position
		var err error
		e, p, err = readEntry(conn, f.seq)
		if err != nil {
			return err
		}
		j.complete(&e, f, p.Placed)
		return nil
	})
	if errors.Is(err, errDamaged) {
		j.deps.Log.Error("stored message is damaged", "seq", f.seq, "err", err)
		return j.loadDamaged(f)
	}
	return e, err
}

// complete fills what the flight knows about an entry.
func (j *Journal) complete(e *pipeline.Entry, f flight, placed pipeline.Placed) {
	e.Placed, e.Row.Journal = placed, j.past.id
	e.Lane, e.Attempts = f.lane, max(e.Attempts, f.attempts)
}

// loadDamaged returns what can be told about a damaged message. When its
// place is damaged, it gets a conversation of its own.
func (j *Journal) loadDamaged(f flight) (pipeline.Entry, error) {
	var e pipeline.Entry
	err := j.reader.atOnce(func(conn *sqlite.Conn) error {
		r, err := readRow(conn, f.seq)
		if err != nil {
			return err
		}
		e = r.entry()
		p, _, err := positionOf(conn, f.seq)
		if err != nil {
			return err
		}
		e.Placed = p.Placed
		if p.damaged != nil {
			e.Placed = pipeline.Placed{
				Conversation: ownConversation(r.channel, r.account, r.id), Sequence: 1,
			}
		}
		j.complete(&e, f, e.Placed)
		e.Quarantined = damagedReason
		return nil
	})
	return e, err
}

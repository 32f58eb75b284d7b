package journal

import (
	"context"
	"slices"

	"contactd/pipeline"
)

// displaced is a message that waits again because another record lies at its
// place. head is the first waiting message of its conversation; alone says
// that no other waits.
type displaced struct {
	seq   int64
	head  waiting
	alone bool
}

// displace makes the message wait again that was acknowledged at an offset
// where another record lies, unless it was pruned or is elsewhere by now.
func (t *tx) displace(seq, partition, offset int64) (d displaced, found bool, err error) {
	err = execute(t.conn, `UPDATE progress SET published = NULL, part = NULL, offs = NULL
		WHERE seq = ?1 AND part = ?2 AND offs = ?3 AND published IS NOT NULL
		AND NOT EXISTS (SELECT 1 FROM messages m WHERE m.seq = progress.seq AND (m.body IS NULL) = (m.blob IS NULL))`,
		seq, partition, offset)
	if err != nil || t.conn.Changes() == 0 {
		return d, false, err
	}
	// Others of its conversation may wait already, or have been lost with it.
	p, _, err := t.placeOf(seq)
	if err != nil {
		return d, false, err
	}
	d.seq = seq
	d.head, d.alone, err = t.rankConversation(seq, p, p.rank)
	return d, true, err
}

// displaced tells the outbox of a message that waits again.
func (j *Journal) displaced(d displaced) {
	j.metrics.displaced.Inc()
	if d.head.rank != rankUnsorted {
		j.outbox.offer(d.head, d.alone)
	}
}

// Displace makes messages wait again at whose places in the partition others
// lie, in the order in which they are given, and says how many do. It
// implements pipeline.Acknowledged.
func (j *Journal) Displace(ctx context.Context, partition int, lost []pipeline.Landing) (int, error) {
	change := &displacing{partition: int64(partition), lost: lost}
	err := j.do(ctx, change, 256*len(lost))
	return len(change.waiting), err
}

// displacing is the change behind Displace.
type displacing struct {
	partition int64
	lost      []pipeline.Landing
	waiting   []displaced
}

func (d *displacing) apply(t *tx) error {
	for _, l := range d.lost {
		waits, found, err := t.displace(l.Seq, d.partition, l.Offset)
		if err != nil {
			return err
		}
		if found {
			d.waiting = append(d.waiting, waits)
		}
	}
	return nil
}

// committed begins with the last: of each conversation that knows which message
// is the first now, and how urgent it has become.
func (d *displacing) committed(j *Journal) {
	for _, each := range slices.Backward(d.waiting) {
		j.displaced(each)
	}
}

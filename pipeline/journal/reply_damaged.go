package journal

import (
	"errors"

	"contactd/contact"
)

// condemned is the reason of a reply that failed for its row.
const condemned = "the stored reply is damaged: look at what was sent, and run contactd verify"

// failDamaged lets a reply fail whose row is not as it was written: nobody can
// say any more whether it was sent, to whom, or what it said.
func (j *Journal) failDamaged(damaged *replyRow) {
	j.deps.Log.Error("stored reply is damaged", "reply", damaged.reply)
	j.answers.Go(func() {
		if err := j.do(j.ctx, &condemning{id: damaged.reply}, 256); err != nil && j.ctx.Err() == nil {
			j.deps.Log.Error("let damaged reply fail", "reply", damaged.reply, "err", err)
		}
	})
}

// condemning makes a damaged reply failed.
type condemning struct {
	id     string
	stored []*row
}

func (c *condemning) apply(t *tx) (err error) {
	c.stored, err = t.condemn(c.id)
	return err
}

func (c *condemning) committed(j *Journal) {
	j.arrived(c.stored)
	j.metrics.replies.WithLabelValues(string(contact.Failed)).Add(float64(len(c.stored)))
	j.outgoing.nudge()
}

// condemn lets a damaged reply fail. Of one that cannot even be read nothing
// can be told but by verify.
func (t *tx) condemn(id string) ([]*row, error) {
	r, err := replyOf(t.conn, id)
	if err == nil || errors.Is(err, errNoReply) {
		return nil, nil // mended meanwhile, or so damaged that only verify finds it
	}
	if !errors.Is(err, errDamaged) {
		return nil, err
	}
	if _, err := r.open(); err != nil {
		r.state, r.due = replyFailed, 0
		return nil, t.saveReply(r)
	}
	if r.state == replyFailed {
		r.state = replyUnknown // so that it is told
	}
	return t.changeReply(r, replyFailed, condemned)
}

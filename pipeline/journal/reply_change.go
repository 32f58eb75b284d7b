package journal

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"contactd/channels"
	"contactd/contact"
	"contactd/pipeline"
)

// repliedMedia is the media type of the originals that tell of replies.
const repliedMedia = "application/json"

// nowhere is what stands for the channel of a conversation that there is not.
const nowhere = "other"

// changing is a change of one reply. Do works on the row and returns the state
// to come to and why, or 0 to save the row as it is; a refusal leaves it.
type changing struct {
	id string
	do func(t *tx, r *replyRow) (state int, reason string, err error)
	// stored are the originals that tell of it.
	stored []*row
	state  int
}

var errUnchanged = refusal{errors.New("reply is left as it is")}

func (c *changing) apply(t *tx) error {
	c.stored = nil
	r, err := replyOf(t.conn, c.id)
	if errors.Is(err, errNoReply) || errors.Is(err, errDamaged) {
		return refusal{err}
	}
	if err != nil {
		return err
	}
	state, reason, err := c.do(t, r)
	if err != nil {
		return err
	}
	if c.state = state; state == 0 {
		return t.saveReply(r)
	}
	c.stored, err = t.changeReply(r, state, reason)
	return err
}

func (c *changing) committed(j *Journal) {
	j.arrived(c.stored)
	if len(c.stored) > 0 {
		j.metrics.replies.WithLabelValues(string(stateName(c.state))).Inc()
	}
	j.outgoing.nudge()
}

// changeReply brings a reply to another state and accepts the original that
// tells of it. What is not seen from outside is told to nobody.
func (t *tx) changeReply(r *replyRow, state int, reason string) ([]*row, error) {
	told := stateName(state) != stateName(r.state) || r.changes == 0
	now := t.now().UnixMicro()
	r.state = state
	if told {
		r.changes++
		r.since, r.tries = now, 0
	}
	if r.due = now; state > replyUnknown {
		r.due = 0
	}
	if err := t.saveReply(r); err != nil || !told {
		return nil, err
	}
	original, err := t.changeOf(r, reason)
	if err != nil {
		return nil, err
	}
	s, err := t.sourceOf(original.channel, original.account)
	if err != nil {
		return nil, err
	}
	original.source = s.id
	if stored, err := t.insert(original); err != nil || !stored {
		return nil, err
	}
	return []*row{original}, nil
}

// changeOf makes the original that tells of a reply's state.
func (t *tx) changeOf(r *replyRow, reason string) (*row, error) {
	reply, err := r.open()
	if err != nil {
		return nil, refusal{err}
	}
	channel, account := nowhere, "none"
	if s := t.byID[r.source]; s != nil {
		channel, account = s.channel, s.account
	}
	replied := contact.Replied{
		SchemaVersion: contractVersion, ReplyID: r.reply, ConversationID: reply.Conversation, ContactID: reply.InReplyTo,
		Channel: channel, Account: account, State: stateName(r.state), Reason: trimmed(reason, 500),
		PlatformMessageID: r.platform, TextSHA256: hex.EncodeToString(r.sha[:]),
		Author: reply.Author, Automatic: reply.Automatic, Attempts: r.attempts, At: fromMicros(r.since),
	}
	if r.state == replyQueued {
		replied.Text = reply.Text
	}
	body, err := json.Marshal(replied)
	if err != nil {
		return nil, refusal{fmt.Errorf("write change of reply %s: %w", r.reply, err)}
	}
	return newRow(&channels.Original{
		Channel: pipeline.RepliesChannel, Account: channel + "/" + account,
		ID: changeID(r), MediaType: repliedMedia, Bytes: body,
	})
}

// contractVersion is that of the data of contact.replied.v1.
const contractVersion = "1.0"

// HandOver notes that a reply's platform is about to be called. It implements
// pipeline.Replies.
func (j *Journal) HandOver(ctx context.Context, id string) (bool, error) {
	change := &changing{id: id, do: func(t *tx, r *replyRow) (int, string, error) {
		if r.state != replyQueued {
			return 0, "", errUnchanged
		}
		reply, err := r.open()
		if err != nil {
			return 0, "", refusal{err}
		}
		if expired(reply, t.now()) {
			return replyFailed, "expired", nil
		}
		r.attempts++
		return replyHandingOver, "", nil
	}}
	err := j.do(ctx, change, 256)
	if errors.Is(err, errUnchanged) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("hand over reply %s: %w", id, err)
	}
	return change.state == replyHandingOver, nil
}

func expired(reply contact.Reply, now time.Time) bool {
	return reply.ExpiresAt != nil && !now.Before(*reply.ExpiresAt)
}

// Outcome tells how far a reply has come. What cannot follow its state is
// ignored, as is a reply that is not known here. It implements
// channels.Outcomes.
func (j *Journal) Outcome(ctx context.Context, o contact.Outcome) error {
	state := stateOf(o.State)
	if state == 0 {
		return fmt.Errorf("tell outcome of reply %s: %q is no state", o.ReplyID, o.State)
	}
	err := j.note(ctx, &changing{id: o.ReplyID, do: func(_ *tx, r *replyRow) (int, string, error) {
		if !follows(r.state, state) {
			return 0, "", errUnchanged
		}
		if o.PlatformID != "" {
			r.platform = trimmed(o.PlatformID, 1000)
		}
		if state == replyFailed && o.Reason == "" {
			o.Reason = "no reason given"
		}
		return state, o.Reason, nil
	}})
	if err != nil && !errors.Is(err, errNoReply) {
		return fmt.Errorf("tell outcome of reply %s: %w", o.ReplyID, err)
	}
	return nil
}

// note makes a change of a reply, or leaves the reply as it is. A damaged one
// fails: to be told again would mend nothing.
func (j *Journal) note(ctx context.Context, change *changing) error {
	err := j.do(ctx, change, 256)
	switch {
	case errors.Is(err, errUnchanged):
		return nil
	case errors.Is(err, errDamaged):
		j.deps.Log.Error("stored reply is damaged", "reply", change.id)
		return j.do(ctx, &condemning{id: change.id}, 256)
	}
	return err
}

// Postpone notes a fruitless try. It implements pipeline.Replies.
func (j *Journal) Postpone(ctx context.Context, id string, pause time.Duration) error {
	err := j.note(ctx, &changing{id: id, do: func(t *tx, r *replyRow) (int, string, error) {
		if r.state > replyUnknown {
			return 0, "", errUnchanged
		}
		if r.state == replyHandingOver {
			r.state = replyQueued
		}
		r.tries++
		due := t.now().Add(min(pause, longestPause))
		// One that expires is looked at then.
		if reply, err := r.open(); err == nil && r.state == replyQueued && reply.ExpiresAt != nil && reply.ExpiresAt.Before(due) {
			due = *reply.ExpiresAt
		}
		r.due = due.UnixMicro()
		return 0, "", nil
	}})
	if err != nil {
		return fmt.Errorf("postpone reply %s: %w", id, err)
	}
	return nil
}

// textDigest is the digest that the contract shows instead of the text.
func textDigest(text string) digest { return sha256.Sum256([]byte(text)) }

// lostHold is why a hand-over is in doubt after a restart.
const lostHold = "the program ended while the platform was called"

// doubtHandOvers makes the replies uncertain whose platform was being called
// when the process ended. The writer does not run yet.
func (j *Journal) doubtHandOvers() error {
	return inTransaction(j.tx, func(t *tx) error {
		ids, err := t.repliesAt(replyHandingOver)
		if err != nil {
			return err
		}
		for _, id := range ids {
			change := changing{id: id, do: func(*tx, *replyRow) (int, string, error) {
				return replyUnknown, lostHold, nil
			}}
			err := change.apply(t)
			if errors.Is(err, errDamaged) {
				_, err = t.condemn(id)
			}
			if err != nil {
				return err
			}
			j.metrics.replies.WithLabelValues(string(contact.Uncertain)).Inc()
		}
		return nil
	})
}

// repliesAt are the ids of all replies at one of the states up to replyUnknown,
// in the order in which they were asked for.
func (t *tx) repliesAt(state int) ([]string, error) {
	return textsOf(t.conn, "SELECT reply FROM replies INDEXED BY open_replies WHERE state <= 3 AND state = ? ORDER BY id", int64(state))
}

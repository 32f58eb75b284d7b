package journal

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"slices"

	"contactd/contact"
	"contactd/pipeline"
)

// restoredReply is why a reply is in doubt after the journal was put back from a
// backup, and lostReply why one has failed that cannot be looked up.
const (
	restoredReply = "the data folder was put back from a backup"
	lostReply     = "the data folder was put back from a backup, and what is left of the reply does not do to look up whether it was sent"
)

// Remind implements pipeline.Memory.
func (j *Journal) Remind(ctx context.Context, conversations []pipeline.ForgottenConversation, replies []pipeline.ForgottenReply) error {
	change := &reminding{conversations: conversations, shared: j.config.Shared}
	for _, each := range replies {
		r := reminded{ForgottenReply: each}
		if each.Asked != nil {
			asked := *each.Asked
			asked.Attachments = slices.Clone(asked.Attachments)
			var err error
			if r.refused, err = j.inspect(&asked); err != nil {
				return err
			}
			r.Asked = &asked
		}
		change.replies = append(change.replies, r)
	}
	return j.do(ctx, change, 256*(len(conversations)+len(replies)))
}

// reminding is the change behind Remind.
type reminding struct {
	conversations []pipeline.ForgottenConversation
	replies       []reminded
	shared        bool
	stored        []*row
}

// reminded is a forgotten reply, with why it could not be sent.
type reminded struct {
	pipeline.ForgottenReply
	refused string
}

func (r *reminding) apply(t *tx) error {
	r.stored = nil
	for _, each := range r.conversations {
		if err := t.continueBehind(each); err != nil {
			return err
		}
	}
	for _, each := range r.replies {
		stored, err := t.recall(each)
		if errors.Is(err, errDamaged) {
			continue // it fails when it is looked at
		}
		if err != nil {
			return err
		}
		r.stored = append(r.stored, stored...)
	}
	return nil
}

func (r *reminding) committed(j *Journal) { j.arrived(r.stored) }

// continueBehind has the places of a conversation given out behind those that
// were.
func (t *tx) continueBehind(c pipeline.ForgottenConversation) error {
	s, err := t.sourceOf(c.Channel, c.Account)
	if err != nil {
		return err
	}
	stmt, err := t.conn.Prepare(`INSERT INTO conversations (key, next, last, source, urgent) VALUES (?, ?, ?, ?, 0)
		ON CONFLICT (key) DO UPDATE SET next = max(next, excluded.next)`)
	if err != nil {
		return err
	}
	stmt.BindText(1, c.Key)
	stmt.BindInt64(2, c.Sequence+1)
	stmt.BindInt64(3, t.last)
	stmt.BindInt64(4, s.id)
	if _, err = stmt.Step(); err != nil {
		return err
	}
	for message, sequence := range c.Messages {
		if err := t.keepPlace(message, c.Key, sequence); err != nil {
			return err
		}
	}
	for seq, sequence := range c.Rows {
		unplaced, err := queryInt(t.conn, `SELECT 1 FROM messages m JOIN unread u ON u.source = m.source AND u.seq = m.seq
			WHERE m.seq = ? AND NOT EXISTS (SELECT 1 FROM progress p WHERE p.seq = m.seq)`, seq)
		if err == nil && unplaced != 0 {
			err = t.keepPlace(rowName(seq), c.Key, sequence)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// recall brings a reply to the state that was last told of it, or keeps one that
// was forgotten, so that it is not sent again.
func (t *tx) recall(told reminded) ([]*row, error) {
	id := told.Told.ReplyID
	if told.Asked != nil {
		id = told.Asked.ID
	}
	state := stateOf(told.Told.State)
	r, err := replyOf(t.conn, id)
	switch {
	case errors.Is(err, errNoReply):
		return t.recallForgotten(told, id, state)
	case err != nil || state <= replyUnknown || !follows(max(r.state, replyHandingOver), state):
		return nil, err
	}
	r.platform = cmp.Or(told.Told.PlatformMessageID, r.platform)
	r.attempts = max(r.attempts, told.Told.Attempts)
	return t.changeAnew(r, state, restoredReply)
}

// changeAnew is changeReply for what may have been told before the journal was
// put back: it is told under an id of its own, because it has another place now.
func (t *tx) changeAnew(r *replyRow, state int, reason string) ([]*row, error) {
	r.changes = max(r.changes, int(t.now().Unix()))
	return t.changeReply(r, state, reason)
}

// recallForgotten keeps a reply that the journal does not know. One whose fate
// was not told is in doubt, if all of it is there; else it fails, so that a person
// looks. One that nothing was told of, and of a conversation that is not here, is
// another process's.
func (t *tx) recallForgotten(told reminded, id string, state int) ([]*row, error) {
	reply := contact.Reply{
		ID: id, Conversation: told.Told.ConversationID, InReplyTo: told.Told.ContactID, Text: told.Told.Text,
		Author: told.Told.Author, Automatic: told.Told.Automatic, RequestedAt: told.Told.At,
	}
	if told.Asked != nil {
		reply = *told.Asked
	}
	at := told.Told.At
	if at.IsZero() {
		at = reply.RequestedAt
	}
	r := &replyRow{
		reply: id, state: replyQueued, automatic: reply.Automatic, sha: textDigest(reply.Text), queued: at.UnixMicro(),
		attempts: max(1, told.Told.Attempts), platform: told.Told.PlatformMessageID,
	}
	if sum, err := parseDigest(told.Told.TextSHA256); told.Asked == nil && err == nil {
		r.sha = sum
	}
	q := queueing{reply: reply}
	rules, refused, err := q.find(t, r)
	if err != nil || state == 0 && refused == noConversation {
		return nil, err
	}
	if r.body, err = json.Marshal(reply); err != nil {
		return nil, refusal{err}
	}
	r.recipient = recipientOf(rules.To, r.conversation)
	reason := restoredReply
	if state <= replyUnknown {
		state = replyUnknown
		if told.Asked == nil || told.refused != "" || r.address == "" {
			state, reason = replyFailed, lostReply
		}
	}
	return t.changeAnew(r, state, reason)
}

// Doubt implements pipeline.Memory.
func (j *Journal) Doubt(ctx context.Context, forgotten int) error {
	change := &doubting{}
	if err := j.do(ctx, change, 0); err != nil {
		return err
	}
	found := Restoration{At: j.deps.Now().UTC(), Last: change.last, Forgotten: forgotten}
	return j.noteOrigin(ctx, func(o *origin) {
		o.Restored = append(slices.Clone(o.Restored), found)
		o.Restored = o.Restored[max(0, len(o.Restored)-restorationsKept):]
	})
}

// doubting is the change behind Doubt.
type doubting struct {
	stored []*row
	last   int64
}

func (d *doubting) apply(t *tx) error {
	d.stored, d.last = nil, t.last
	ids, err := t.repliesAt(replyQueued)
	if err != nil {
		return err
	}
	for _, id := range ids {
		r, err := replyOf(t.conn, id)
		if errors.Is(err, errDamaged) {
			continue // it fails when it is looked at
		}
		if err != nil {
			return err
		}
		stored, err := t.changeAnew(r, replyUnknown, restoredReply)
		if err != nil {
			return err
		}
		d.stored = append(d.stored, stored...)
	}
	return nil
}

func (d *doubting) committed(j *Journal) {
	j.arrived(d.stored)
	j.metrics.replies.WithLabelValues(string(contact.Uncertain)).Add(float64(len(d.stored)))
}

package journal

import (
	"context"
	"fmt"
	"strings"
	"unicode/utf8"

	"contactd/pipeline"
)

// Quarantine puts an entry that cannot be read aside. It implements
// pipeline.Journal. The reason holds no text of the contact.
func (j *Journal) Quarantine(ctx context.Context, seq int64, reason string) error {
	if reason == "" {
		reason = "no reason given"
	}
	return j.do(ctx, &quarantining{seq: seq, source: j.sourceHint(seq), reason: trimmed(reason, 500)}, 256)
}

// trimmed cuts valid UTF-8 to at most n bytes.
func trimmed(s string, n int) string {
	s = strings.ToValidUTF8(s, "?")
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// quarantining is the change behind Quarantine.
type quarantining struct {
	seq, source int64
	reason      string
	sorting     sorting
}

func (q *quarantining) apply(t *tx) error {
	s, err := t.sourceOfSeq(q.seq, q.source)
	if err != nil {
		return err
	}
	p, found, err := t.placeOf(q.seq)
	if err != nil {
		return err
	}
	if !found {
		if p, err = t.placeAlone(s, q.seq); err != nil {
			return err
		}
	}
	q.sorting = sorting{seq: q.seq, rank: rankUnjudged}
	if p.published {
		return nil
	}
	if err := t.noteReason(s, q.seq, q.reason); err != nil {
		return err
	}
	t.touch(s)
	if p.rank != rankUnsorted && p.rank <= rankUnjudged {
		return nil
	}
	return q.sorting.to(t, p)
}

func (q *quarantining) committed(j *Journal) {
	j.recent.drop(q.seq)
	j.metrics.quarantined.Inc()
	j.sorted(&q.sorting)
}

// placeAlone puts a message in a conversation of its own.
func (t *tx) placeAlone(s *source, seq int64) (position, error) {
	stmt, err := t.conn.Prepare("SELECT id FROM messages WHERE seq = ?")
	if err != nil {
		return position{}, err
	}
	stmt.BindInt64(1, seq)
	found, err := stmt.Step()
	if err != nil {
		return position{}, err
	}
	if !found {
		return position{}, refusal{fmt.Errorf("quarantine message %d: never accepted", seq)}
	}
	id := stmt.ColumnText(0)
	if err := stmt.Reset(); err != nil {
		return position{}, err
	}
	c, err := t.conversationOf(ownConversation(s.channel, s.account, id), s, seq)
	if err != nil {
		return position{}, err
	}
	c.next = 1 // also when it was there before: it is told under the same id
	placed := pipeline.Placed{Conversation: c.key, Sequence: c.next}
	return position{Placed: placed, conversation: c.id, source: s.id}, t.place(s, seq, c, placed, rankUnsorted)
}

// noteReason keeps why a message is in quarantine and how often it was tried.
func (t *tx) noteReason(s *source, seq int64, reason string) error {
	stmt, err := t.conn.Prepare(`UPDATE progress SET reason = ?,
		attempts = coalesce((SELECT attempts FROM unread WHERE source = ? AND seq = ?), attempts) WHERE seq = ?`)
	if err != nil {
		return err
	}
	stmt.BindText(1, reason)
	stmt.BindInt64(2, s.id)
	stmt.BindInt64(3, seq)
	stmt.BindInt64(4, seq)
	_, err = stmt.Step()
	return err
}

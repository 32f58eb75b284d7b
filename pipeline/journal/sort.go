package journal

import (
	"context"
	"fmt"
	"strings"
	"unicode/utf8"

	"contactd/pipeline"
	"zombiezen.com/go/sqlite"
)

// Sort makes a placed entry ready to be published. It implements
// pipeline.Journal.
func (j *Journal) Sort(ctx context.Context, seq int64, lane pipeline.Lane) error {
	rank, err := rankOf(lane)
	if err != nil {
		return err
	}
	return j.do(ctx, &sorting{seq: seq, rank: rank}, 64)
}

// sorting is the change behind Sort.
type sorting struct {
	seq    int64
	source int64
	rank   int
	// head is the first waiting message of the conversation; alone says that
	// no other waits.
	head  waiting
	alone bool
}

// waiting is a sorted message that is not published.
type waiting struct {
	seq, conversation, source int64
	rank                      int
}

func (s *sorting) apply(t *tx) error {
	p, found, err := t.placeOf(s.seq)
	if err != nil {
		return err
	}
	if !found {
		return refusal{fmt.Errorf("sort message %d: not placed", s.seq)}
	}
	return s.at(t, p)
}

// at sorts the message at p unless it is as urgent already.
func (s *sorting) at(t *tx, p position) error {
	if p.published || (p.rank != rankUnsorted && p.rank <= s.rank) {
		return nil
	}
	return s.to(t, p)
}

// to sorts the message at p.
func (s *sorting) to(t *tx, p position) (err error) {
	s.head, s.alone, err = t.rankConversation(s.seq, p, s.rank)
	if err != nil {
		return err
	}
	return s.leave(t, p)
}

// born sorts the message at p, which was written with its rank just now and
// is the last of its conversation.
func (s *sorting) born(t *tx, p position) (err error) {
	head := waiting{seq: s.seq, conversation: p.conversation, source: p.source, rank: s.rank}
	s.head, s.alone, err = t.lift(head, true, p, s.rank)
	if err != nil {
		return err
	}
	return s.leave(t, p)
}

// leave takes the message at p out of the unread.
func (s *sorting) leave(t *tx, p position) error {
	s.source = p.source
	if s.rank == rankEmergency { // its replies go first, too
		if err := execute(t.conn, "UPDATE conversations SET urgent = 1 WHERE id = ? AND urgent = 0", p.conversation); err != nil {
			return err
		}
	}
	return execute(t.conn, "DELETE FROM unread WHERE source = ? AND seq = ?", p.source, s.seq)
}

func (s *sorting) committed(j *Journal) { j.sorted(s) }

// sorted tells both subscribers of a durable sort.
func (j *Journal) sorted(s *sorting) {
	j.unread.finished(s.source, s.seq)
	if s.head.rank != rankUnsorted {
		j.outbox.offer(s.head, s.alone)
	}
}

// rankConversation gives a message its rank and restores the rule that no
// message waits behind a less urgent one of its conversation: earlier ones
// are raised to its rank, and it is raised to that of later ones.
func (t *tx) rankConversation(seq int64, p position, rank int) (head waiting, alone bool, err error) {
	head = waiting{seq: seq, conversation: p.conversation, source: p.source}
	later, err := queryInt(t.conn, `SELECT rank FROM progress WHERE conversation = ? AND published IS NULL
		AND sequence > ? AND rank > 0 ORDER BY sequence LIMIT 1`, p.conversation, p.Sequence)
	if err != nil {
		return head, false, err
	}
	if later != 0 {
		rank = min(rank, int(later))
	}
	head.rank = rank
	if err := execute(t.conn, "UPDATE progress SET rank = ? WHERE seq = ?", int64(rank), seq); err != nil {
		return head, false, err
	}
	return t.lift(head, later == 0, p, rank)
}

// lift raises what waits before the message at p, which is head unless
// something does; last says that nothing waits behind it.
func (t *tx) lift(head waiting, last bool, p position, rank int) (first waiting, alone bool, err error) {
	if p.Sequence == 1 {
		return head, last, nil
	}
	earlier, err := t.raise(p, rank)
	if err != nil || !earlier {
		return head, last, err
	}
	first, err = headOf(t.conn, p.conversation)
	return first, false, err
}

// raise lifts the less urgent messages before p to rank. It reports whether
// any message waits before p. Since no message waits behind a less urgent one,
// it can stop at the first that is urgent enough.
func (t *tx) raise(p position, rank int) (earlier bool, err error) {
	stmt, err := t.conn.Prepare(`SELECT seq, rank FROM progress WHERE conversation = ? AND published IS NULL
		AND sequence < ? ORDER BY sequence DESC`)
	if err != nil {
		return false, err
	}
	stmt.BindInt64(1, p.conversation)
	stmt.BindInt64(2, p.Sequence)
	var low []int64
	for {
		found, err := stmt.Step()
		if err != nil {
			return earlier, err
		}
		if !found {
			break
		}
		earlier = true
		old := stmt.ColumnInt(1)
		if old == rankUnsorted {
			continue
		}
		if old <= rank {
			break
		}
		low = append(low, stmt.ColumnInt64(0))
	}
	if err := stmt.Reset(); err != nil {
		return earlier, err
	}
	for _, seq := range low {
		if err := execute(t.conn, "UPDATE progress SET rank = ? WHERE seq = ?", int64(rank), seq); err != nil {
			return earlier, err
		}
	}
	return earlier, nil
}

// headOf returns the first waiting message of a conversation, the zero value
// when none waits. Its rank is rankUnsorted while it is not sorted.
func headOf(conn *sqlite.Conn, conversation int64) (waiting, error) {
	stmt, err := conn.Prepare(`SELECT seq, source, rank FROM progress WHERE conversation = ? AND published IS NULL
		ORDER BY sequence LIMIT 1`)
	if err != nil {
		return waiting{}, err
	}
	stmt.BindInt64(1, conversation)
	found, err := stmt.Step()
	if err != nil || !found {
		return waiting{}, err
	}
	head := waiting{seq: stmt.ColumnInt64(0), source: stmt.ColumnInt64(1), rank: stmt.ColumnInt(2), conversation: conversation}
	return head, stmt.Reset()
}

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

// publishing is the change behind an acknowledged envelope of the outbox.
type publishing struct {
	waiting
	partition, offset int64 // negative when not known
	published         int64
	// lost is a message that Kafka had acknowledged at the same place.
	lost    displaced
	hasLost bool
}

func (p *publishing) apply(t *tx) error {
	stmt, err := t.conn.Prepare("UPDATE progress SET published = ?, part = ?, offs = ? WHERE seq = ? AND published IS NULL")
	if err != nil {
		return err
	}
	p.published = t.now().UnixMicro()
	stmt.BindInt64(1, p.published)
	if p.partition >= 0 {
		stmt.BindInt64(2, p.partition)
	}
	if p.offset >= 0 {
		stmt.BindInt64(3, p.offset)
		t.reached(p.partition, p.offset)
	}
	stmt.BindInt64(4, p.seq)
	if _, err = stmt.Step(); err != nil || p.offset < 0 {
		return err
	}
	if before := t.offsets.holder(p.partition, p.offset); before != 0 && before != p.seq {
		p.lost, p.hasLost, err = t.displace(before, p.partition, p.offset)
	}
	return err
}

func (p *publishing) committed(j *Journal) {
	j.recent.drop(p.seq)
	j.metrics.published.Inc()
	j.outbox.published(p.waiting)
	if p.offset >= 0 {
		j.tx.offsets.put(p.partition, p.offset, p.seq)
	}
	if p.hasLost {
		j.deps.Log.Error("broker gave the place of an acknowledged record to another, publishing that again",
			"partition", p.partition, "offset", p.offset, "seq", p.lost.seq)
		j.displaced(p.lost)
	}
}

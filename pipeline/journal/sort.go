package journal

import (
	"context"
	"fmt"

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

// sorted tells the subscribers of a durable sort.
func (j *Journal) sorted(s *sorting) {
	j.unread.finished(s.source, s.seq)
	if s.head.rank != rankUnsorted {
		j.outbox.offer(s.head, s.alone)
	}
	if s.rank == rankEmergency && s.head.seq != s.seq {
		j.ahead.push(s.seq)
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

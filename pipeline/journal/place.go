package journal

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"contactd/contact"
	"contactd/pipeline"
)

// Bounds on what one message may say about its thread. The most telling
// references come first.
const (
	maxReferences   = 64
	maxParticipants = 64
)

// errParked says that a message waits for earlier ones of its account.
var errParked = refusal{errors.New("waits for its turn")}

// reference is the key of a link: a digest of the account and the name.
type reference = [16]byte

// Place puts an entry in its conversation. It implements pipeline.Journal.
func (j *Journal) Place(ctx context.Context, seq int64, p pipeline.Placement) (pipeline.Placed, error) {
	return j.place(ctx, seq, p, rankUnsorted)
}

// Settle places and sorts an entry in one change: half of the work for the
// disk. It implements pipeline.Journal.
func (j *Journal) Settle(ctx context.Context, seq int64, p pipeline.Placement, lane pipeline.Lane) error {
	rank, err := rankOf(lane)
	if err == nil {
		_, err = j.place(ctx, seq, p, rank)
	}
	return err
}

func (j *Journal) place(ctx context.Context, seq int64, p pipeline.Placement, rank int) (pipeline.Placed, error) {
	if p.Key == "" {
		return pipeline.Placed{}, fmt.Errorf("place message %d: no conversation key", seq)
	}
	change := &placing{
		seq: seq, source: j.sourceHint(seq), placement: p, persons: persons(p.Participants), answer: newAnswer(&p), rank: rank,
	}
	j.unread.wasRead(seq)
	if err := j.do(ctx, change, 256); err != nil {
		return pipeline.Placed{}, err
	}
	return change.placed, nil
}

// persons are short digests of the participants' addresses.
func persons(addresses []string) []int64 {
	var all []int64
	for _, address := range addresses[:min(len(addresses), maxParticipants)] {
		if folded := strings.ToLower(strings.TrimSpace(address)); folded != "" {
			all = append(all, short(sha256.Sum256([]byte(folded))))
		}
	}
	return all
}

// placing is the change behind Place and Settle.
type placing struct {
	seq       int64
	source    int64 // 0 when not at hand
	placement pipeline.Placement
	persons   []int64
	answer    answer
	placed    pipeline.Placed
	// rank is what the message is sorted into, rankUnsorted for Place.
	rank    int
	sorting sorting
}

func (p *placing) apply(t *tx) error {
	s, err := t.sourceOfSeq(p.seq, p.source)
	if err != nil {
		return err
	}
	p.sorting = sorting{seq: p.seq, rank: p.rank}
	next, err := t.nextUnplaced(s)
	if err != nil {
		return err
	}
	if next == p.seq {
		if err := p.join(t, s); err != nil {
			return err
		}
		t.advance(s, p.seq)
		return nil
	}
	place, found, err := t.placeOf(p.seq)
	if err != nil {
		return err
	}
	if found {
		p.placed = place.Placed
		return p.sort(t, place)
	}
	if waits, err := queryInt(t.conn, "SELECT 1 FROM unread WHERE source = ? AND seq = ?", s.id, p.seq); err != nil {
		return err
	} else if waits == 0 {
		return refusal{fmt.Errorf("place message %d: it does not wait to be read", p.seq)}
	}
	if p.seq <= s.placed { // retried after quarantine: its turn was before
		return p.join(t, s)
	}
	if old := s.parked[p.seq]; old != nil && old != t.current {
		return refusal{fmt.Errorf("place message %d: already waiting for its turn", p.seq)}
	}
	if t.current.park() {
		s.parked[p.seq] = t.current
	}
	return errParked
}

func (p *placing) committed(j *Journal) {
	j.recent.place(p.seq, p.placed)
	if p.rank != rankUnsorted {
		j.sorted(&p.sorting)
	}
}

// sort sorts a message that was placed before.
func (p *placing) sort(t *tx, at position) error {
	if p.rank == rankUnsorted {
		return nil
	}
	return p.sorting.at(t, at)
}

// join finds the conversation, or begins it, and takes the next place in it.
func (p *placing) join(t *tx, s *source) error {
	c, again, err := t.takePlace(s, p.seq)
	if err != nil {
		return err
	}
	foreign := false
	if !again {
		if c, foreign, err = p.choose(t, s); err != nil {
			return err
		}
	}
	p.placed = pipeline.Placed{Conversation: c.key, Sequence: c.next, Foreign: foreign}
	if err := t.place(s, p.seq, c, p.placed, p.rank); err != nil {
		return err
	}
	at := position{Placed: p.placed, conversation: c.id, source: s.id, rank: p.rank}
	switch {
	case p.rank == rankUnsorted:
	case again: // others may wait behind it
		err = p.sorting.to(t, at)
	default:
		err = p.sorting.born(t, at)
	}
	if err != nil {
		return err
	}
	for _, person := range p.persons {
		err := execute(t.conn, "INSERT OR IGNORE INTO participants VALUES (?, ?)", c.id, person)
		if err != nil {
			return err
		}
	}
	if err := t.keepAnswer(c.id, s.id, c.next > 1, p.answer); err != nil {
		return err
	}
	return t.link(s, p.placement.IDs, c.id)
}

// choose finds the conversation, or begins it.
func (p *placing) choose(t *tx, s *source) (c conversation, foreign bool, err error) {
	id, foreign, err := t.resolve(s, &p.placement, p.persons)
	if err != nil {
		return c, false, err
	}
	if id != 0 {
		c, err = t.conversation(id)
	} else {
		c, err = t.conversationOf(p.placement.Key, s, p.seq)
	}
	return c, foreign, err
}

// sourceOfSeq returns the source of an accepted message.
func (t *tx) sourceOfSeq(seq, hint int64) (*source, error) {
	if hint == 0 {
		id, err := queryInt(t.conn, "SELECT source FROM messages WHERE seq = ?", seq)
		if err != nil {
			return nil, err
		}
		hint = id
	}
	if s := t.byID[hint]; s != nil {
		return s, nil
	}
	return nil, refusal{fmt.Errorf("find message %d: never accepted", seq)}
}

// resolve follows what a message says about its thread. It returns 0 when
// that leads nowhere, and whether it led only to conversations of others.
func (t *tx) resolve(s *source, p *pipeline.Placement, persons []int64) (id int64, foreign bool, err error) {
	if p.Known {
		return 0, false, nil
	}
	try := func(found int64) (bool, error) {
		if found == 0 {
			return false, nil
		}
		shares, err := t.shares(found, persons)
		foreign = foreign || !shares
		return shares, err
	}
	if p.Token != "" {
		found, err := t.conversationID(p.Token)
		if err != nil {
			return 0, false, err
		}
		if ok, err := try(found); ok || err != nil {
			return found, false, err
		}
	}
	for _, name := range p.References[:min(len(p.References), maxReferences)] {
		found, err := t.linked(s, name)
		if err != nil {
			return 0, false, err
		}
		if ok, err := try(found); ok || err != nil {
			return found, false, err
		}
	}
	return 0, foreign, nil
}

// shares reports whether one of the persons takes part in a conversation.
func (t *tx) shares(conversation int64, persons []int64) (bool, error) {
	for _, person := range persons {
		found, err := queryInt(t.conn, "SELECT 1 FROM participants WHERE conversation = ? AND person = ?", conversation, person)
		if err != nil || found != 0 {
			return found != 0, err
		}
	}
	return false, nil
}

// conversation is one row of conversations.
type conversation struct {
	id   int64
	key  string
	next int64 // sequence of the next message
	// begun is set when it was begun for the message that is being placed, and
	// counts it already.
	begun bool
}

func (t *tx) conversationID(key string) (int64, error) {
	stmt, err := t.conn.Prepare("SELECT id FROM conversations WHERE key = ?")
	if err != nil {
		return 0, err
	}
	stmt.BindText(1, key)
	found, err := stmt.Step()
	if err != nil || !found {
		return 0, err
	}
	id := stmt.ColumnInt64(0)
	return id, stmt.Reset()
}

func (t *tx) conversation(id int64) (conversation, error) {
	stmt, err := t.conn.Prepare("SELECT key, next FROM conversations WHERE id = ?")
	if err != nil {
		return conversation{}, err
	}
	stmt.BindInt64(1, id)
	found, err := stmt.Step()
	if err != nil {
		return conversation{}, err
	}
	if !found {
		return conversation{}, refusal{fmt.Errorf("find conversation %d: missing", id)}
	}
	c := conversation{id: id, key: stmt.ColumnText(0), next: stmt.ColumnInt64(1)}
	return c, stmt.Reset()
}

// conversationOf returns the conversation of a key, begun by s when it is new.
func (t *tx) conversationOf(key string, s *source, seq int64) (conversation, error) {
	stmt, err := t.conn.Prepare(`INSERT INTO conversations (key, next, last, source, urgent) VALUES (?, 2, ?, ?, 0)
		ON CONFLICT (key) DO NOTHING`)
	if err != nil {
		return conversation{}, err
	}
	stmt.BindText(1, key)
	stmt.BindInt64(2, seq)
	stmt.BindInt64(3, s.id)
	if _, err := stmt.Step(); err != nil {
		return conversation{}, err
	}
	if t.conn.Changes() == 1 {
		return conversation{id: t.conn.LastInsertRowID(), key: key, next: 1, begun: true}, nil
	}
	id, err := t.conversationID(key)
	if err != nil {
		return conversation{}, err
	}
	return t.conversation(id)
}

// place writes the row of a placed message, the last of its conversation.
func (t *tx) place(s *source, seq int64, c conversation, p pipeline.Placed, rank int) error {
	if !c.begun {
		err := execute(t.conn, "UPDATE conversations SET next = max(next, ?), last = max(last, ?) WHERE id = ?", c.next+1, seq, c.id)
		if err != nil {
			return err
		}
	}
	foreign := int64(0)
	if p.Foreign {
		foreign = 1
	}
	return execute(t.conn, `INSERT INTO progress (seq, source, conversation, sequence, foreigner, mark, rank, attempts)
		VALUES (?, ?, ?, ?, ?, ?, ?, 0)`, seq, s.id, c.id, p.Sequence, foreign, markOf(seq, p), int64(rank))
}

// placeOf returns where a message was placed.
func (t *tx) placeOf(seq int64) (position, bool, error) { return positionOf(t.conn, seq) }

// markOf is a checksum over a message's place, so that a damaged row never
// leads it into the wrong conversation.
func markOf(seq int64, p pipeline.Placed) int64 {
	b := binary.BigEndian.AppendUint64(nil, uint64(seq))
	b = binary.BigEndian.AppendUint64(b, uint64(p.Sequence))
	if p.Foreign {
		b = append(b, 1)
	}
	return short(sha256.Sum256(append(b, p.Conversation...)))
}

// linked returns the conversation that a name leads to, 0 for none. The link to
// one that was forgotten leads nowhere until it is removed.
func (t *tx) linked(s *source, name string) (int64, error) {
	stmt, err := t.conn.Prepare("SELECT l.conversation FROM links l JOIN conversations c ON c.id = l.conversation WHERE l.reference = ?")
	if err != nil {
		return 0, err
	}
	ref := referenceOf(s, name)
	stmt.BindBytes(1, ref[:])
	found, err := stmt.Step()
	if err != nil || !found {
		return 0, err
	}
	id := stmt.ColumnInt64(0)
	return id, stmt.Reset()
}

// link registers names for a conversation. A name that is taken stays where
// it is: repeating somebody's Message-ID must not redirect his thread.
func (t *tx) link(s *source, names []string, conversation int64) error {
	for _, name := range names[:min(len(names), maxReferences)] {
		stmt, err := t.conn.Prepare("INSERT OR IGNORE INTO links (reference, conversation) VALUES (?, ?)")
		if err != nil {
			return err
		}
		ref := referenceOf(s, name)
		stmt.BindBytes(1, ref[:])
		stmt.BindInt64(2, conversation)
		if _, err := stmt.Step(); err != nil {
			return err
		}
	}
	return nil
}

func referenceOf(s *source, name string) reference {
	sum := sha256.Sum256([]byte(s.channel + "\x00" + s.account + "\x00" + name))
	return reference(sum[:16])
}

// ownConversation is the key of the conversation of a message that nobody
// could read.
func ownConversation(channel, account, id string) string {
	return contact.ConversationID(channel, account, "quarantined\x00"+id)
}

package journal

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"

	"contactd/contact"
	"zombiezen.com/go/sqlite"
)

// The states of a reply: numbers of the database, which never change. Up to
// replyUnknown it is open: something is still to be done about it.
const (
	replyQueued      = 1
	replyHandingOver = 2 // the platform is being called; nobody outside sees this one
	replyUnknown     = 3
	replyHandedOver  = 4
	replyConfirmed   = 5
	replyFailed      = 6
)

// stateName is the state as everybody sees it: while the platform is called,
// the reply is still queued.
func stateName(state int) contact.ReplyState {
	switch state {
	case replyQueued, replyHandingOver:
		return contact.Queued
	case replyHandedOver:
		return contact.HandedOver
	case replyConfirmed:
		return contact.Confirmed
	case replyFailed:
		return contact.Failed
	default:
		return contact.Uncertain
	}
}

// stateOf is the number of a state, 0 for no state.
func stateOf(name contact.ReplyState) int {
	for state := replyUnknown; state <= replyFailed; state++ {
		if stateName(state) == name {
			return state
		}
	}
	if name == contact.Queued {
		return replyQueued
	}
	return 0
}

// follows reports whether a reply may come from one state to another. What may
// have been sent is queued again only from replyUnknown, where somebody has
// looked, and from replyHandingOver, where the platform took nothing.
func follows(from, to int) bool {
	switch from {
	case replyQueued:
		return to == replyHandingOver || to == replyFailed
	case replyHandingOver:
		return to != replyHandingOver
	case replyUnknown:
		return to != replyUnknown && to != replyHandingOver
	case replyHandedOver:
		return to == replyConfirmed || to == replyFailed
	case replyConfirmed:
		return to == replyFailed
	default:
		return false
	}
}

// replyRow is one row of replies.
type replyRow struct {
	id           int64
	reply        string // contact.Reply.ID
	conversation int64  // 0 when there is none such
	source       int64  // the account that it goes by, 0 for none
	state        int
	urgent       bool
	automatic    bool
	recipient    int64 // digest of who gets it
	attempts     int   // calls of the platform
	tries        int   // fruitless ones since the last change
	changes      int   // changes of state that were told
	queued       int64
	since        int64 // when the state last changed
	due          int64 // when something is to be done next
	platform     string
	address      string
	sha          digest // of the text
	body         []byte // contact.Reply as JSON, without the text once that was pruned
}

// mark is a checksum over everything: a damaged row must not be sent, let
// alone again.
func (r *replyRow) mark() int64 {
	b := make([]byte, 0, 256+len(r.body)+len(r.address))
	for _, n := range [...]int64{
		r.conversation, r.source, int64(r.state), bit(r.urgent), bit(r.automatic), r.recipient,
		int64(r.attempts), int64(r.tries), int64(r.changes), r.queued, r.since, r.due,
	} {
		b = binary.BigEndian.AppendUint64(b, uint64(n))
	}
	for _, s := range [...]string{r.reply, r.platform, r.address, string(r.sha[:]), string(r.body)} {
		b = binary.BigEndian.AppendUint32(b, uint32(len(s)))
		b = append(b, s...)
	}
	return short(sha256.Sum256(b))
}

func bit(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// open returns the reply itself.
func (r *replyRow) open() (contact.Reply, error) {
	var reply contact.Reply
	if err := json.Unmarshal(r.body, &reply); err != nil {
		return reply, fmt.Errorf("read reply %s: %w", r.reply, errDamaged)
	}
	return reply, nil
}

// replyColumns are what scanReply reads.
const replyColumns = `r.id, r.reply, r.conversation, r.source, r.state, r.urgent, r.automatic, r.recipient, r.attempts, r.tries,
	r.changes, r.queued, r.since, r.due, r.platform, r.address, r.sha256, r.body, r.mark`

// scanReply reads a row of replies r. A damaged one is an error.
func scanReply(stmt *sqlite.Stmt) (*replyRow, error) {
	r := &replyRow{
		id: stmt.ColumnInt64(0), reply: stmt.ColumnText(1), conversation: stmt.ColumnInt64(2), source: stmt.ColumnInt64(3),
		state: stmt.ColumnInt(4), urgent: stmt.ColumnInt64(5) != 0, automatic: stmt.ColumnInt64(6) != 0,
		recipient: stmt.ColumnInt64(7), attempts: stmt.ColumnInt(8), tries: stmt.ColumnInt(9), changes: stmt.ColumnInt(10),
		queued: stmt.ColumnInt64(11), since: stmt.ColumnInt64(12), due: stmt.ColumnInt64(13),
		platform: stmt.ColumnText(14), address: stmt.ColumnText(15),
		body: make([]byte, stmt.ColumnLen(17)),
	}
	stmt.ColumnBytes(16, r.sha[:])
	stmt.ColumnBytes(17, r.body)
	if stmt.ColumnInt64(18) != r.mark() {
		return r, fmt.Errorf("read reply %s: %w", r.reply, errDamaged)
	}
	return r, nil
}

// errNoReply is returned for a reply that nobody asked for here.
var errNoReply = errors.New("no such reply")

// replyOf reads a reply by its id.
func replyOf(conn *sqlite.Conn, id string) (*replyRow, error) {
	stmt, err := conn.Prepare("SELECT " + replyColumns + " FROM replies r WHERE r.reply = ?")
	if err != nil {
		return nil, err
	}
	stmt.BindText(1, id)
	found, err := stmt.Step()
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, errNoReply
	}
	r, damaged := scanReply(stmt)
	if err := stmt.Reset(); err != nil {
		return nil, err
	}
	return r, damaged
}

// saveReply writes a row, new when it has no id yet.
func (t *tx) saveReply(r *replyRow) error {
	stmt, err := t.conn.Prepare(`INSERT OR REPLACE INTO replies (id, reply, conversation, source, state, urgent, automatic, recipient,
		attempts, tries, changes, queued, since, due, platform, address, sha256, body, mark)
		VALUES (nullif(?, 0),?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)`)
	if err != nil {
		return err
	}
	for i, n := range [...]int64{
		r.id, 0, r.conversation, r.source, int64(r.state), bit(r.urgent), bit(r.automatic), r.recipient,
		int64(r.attempts), int64(r.tries), int64(r.changes), r.queued, r.since, r.due,
	} {
		stmt.BindInt64(i+1, n)
	}
	stmt.BindText(2, r.reply)
	stmt.BindText(15, r.platform)
	stmt.BindText(16, r.address)
	stmt.BindBytes(17, r.sha[:])
	stmt.BindBytes(18, r.body)
	stmt.BindInt64(19, r.mark())
	if _, err := stmt.Step(); err != nil {
		return err
	}
	if r.id == 0 {
		r.id = t.conn.LastInsertRowID()
	}
	return nil
}

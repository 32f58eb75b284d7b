package journal

import (
	"time"

	"zombiezen.com/go/sqlite"
)

// run keeps the lines filled from the database until stop is closed.
func (o *outbox) run(stop <-chan struct{}) {
	from := &reader{dir: o.j.config.Dir}
	defer from.close()
	for {
		select {
		case <-o.load:
		case <-stop:
			return
		}
		if err := o.refill(from); err != nil {
			o.j.deps.Log.Error("read ahead of messages to publish", "err", err)
			time.AfterFunc(time.Second, o.wakeLoader)
		}
	}
}

func (o *outbox) refill(from *reader) error {
	for {
		if err := o.settleAll(from); err != nil {
			return err
		}
		t, rank := o.hungry()
		if t == nil {
			return nil
		}
		if err := o.scan(from, t, rank); err != nil {
			return err
		}
	}
}

// settleAll looks up the next message of conversations that got on.
func (o *outbox) settleAll(from *reader) error {
	for {
		o.mu.Lock()
		if len(o.settling) == 0 {
			o.settling = nil
			o.mu.Unlock()
			return nil
		}
		h := o.settling[0]
		h.again = false
		o.mu.Unlock()
		var next waiting
		err := from.with(func(conn *sqlite.Conn) (err error) {
			next, err = headOf(conn, h.conversation)
			return err
		})
		if err != nil {
			return err // h stays first in settling
		}
		o.settled(h, next)
	}
}

// settled goes on with the next message of h's conversation.
func (o *outbox) settled(h *head, next waiting) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if h.again {
		return // something changed meanwhile: look again
	}
	o.settling = o.settling[1:]
	if h.rank == rankEmergency {
		o.urgent--
	}
	defer h.topic.wake.Broadcast()
	delete(o.active, h.conversation)
	if next.rank == rankUnsorted {
		return // none, or it is offered when it is sorted
	}
	n := &head{waiting: next, more: true, topic: h.topic}
	o.active[next.conversation] = n
	o.home(n)
}

// hungry returns a line that has room and may have more in the database.
func (o *outbox) hungry() (*topic, int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for rank := rankEmergency; rank < ranks; rank++ {
		for _, t := range o.topics {
			if l := &t.lines[rank]; !l.complete && len(l.ready) < o.window/2 {
				return t, rank
			}
		}
	}
	return nil, 0
}

// scanRows is how many waiting messages are looked at in one go.
const scanRows = 1000

// scan reads the next waiting messages of one line.
func (o *outbox) scan(from *reader, t *topic, rank int) error {
	l := &t.lines[rank]
	o.mu.Lock()
	cursor, missed := l.cursor, l.missed
	o.scans++
	o.mu.Unlock()
	var found []candidate
	err := from.with(func(conn *sqlite.Conn) (err error) {
		found, err = readWaiting(conn, rank, cursor, scanRows)
		return err
	})
	o.mu.Lock()
	defer o.mu.Unlock()
	o.scans--
	gone := o.gone
	if o.scans == 0 {
		o.gone = map[int64]bool{}
	}
	if err != nil || l.missed != missed || o.topics[t.name] != t {
		return err // on a change meanwhile the line is looked at again
	}
	for _, c := range found {
		if len(l.ready) >= o.window {
			return nil
		}
		l.cursor = c.seq
		h := o.active[c.conversation]
		switch {
		case h != nil:
			h.more = true
		case c.first && t.wants(o.channels[c.source]):
			h := &head{waiting: c.waiting, more: true, topic: t}
			o.active[c.conversation] = h
			if gone[c.seq] {
				o.settle(h)
			} else {
				o.ready(h, t)
			}
		}
	}
	l.complete = len(found) < scanRows
	t.wake.Broadcast()
	return nil
}

// candidate is a waiting message; first says that none of its conversation
// waits before it.
type candidate struct {
	waiting
	first bool
}

func readWaiting(conn *sqlite.Conn, rank int, after int64, limit int) ([]candidate, error) {
	stmt, err := conn.Prepare(`SELECT seq, source, conversation,
		seq = (SELECT q.seq FROM progress q INDEXED BY queued
			WHERE q.conversation = p.conversation AND q.published IS NULL ORDER BY q.sequence LIMIT 1)
		FROM progress p INDEXED BY waiting
		WHERE published IS NULL AND rank = ? AND seq > ? ORDER BY seq LIMIT ?`)
	if err != nil {
		return nil, err
	}
	stmt.BindInt64(1, int64(rank))
	stmt.BindInt64(2, after)
	stmt.BindInt64(3, int64(limit))
	var all []candidate
	for {
		found, err := stmt.Step()
		if err != nil || !found {
			return all, err
		}
		all = append(all, candidate{
			waiting: waiting{
				seq: stmt.ColumnInt64(0), source: stmt.ColumnInt64(1), conversation: stmt.ColumnInt64(2), rank: rank,
			},
			first: stmt.ColumnInt64(3) != 0,
		})
	}
}

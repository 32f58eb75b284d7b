package journal

import (
	"time"

	"zombiezen.com/go/sqlite"
)

// tx is the writer's connection with what the writer knows by heart. It is
// used by the writer's goroutine alone, and loaded anew after a rollback.
type tx struct {
	conn *sqlite.Conn
	now  func() time.Time

	sources  map[sourceKey]*source
	byID     map[int64]*source
	last     int64  // highest seq
	chain    digest // hash of that row
	accepted int64  // its time: acceptance never goes backwards

	// current is the request being applied.
	current *request
	// ends are the offsets after the last record acknowledged in this
	// transaction, by partition.
	ends map[int64]int64
	// offsets are those of committed transactions.
	offsets offsets
	// raisedAtOnce is how many messages one change raises, 0 for all; raisings
	// are those that may have more to do after this transaction.
	raisedAtOnce int
	raisings     []*raising
	// formerPlaces says that there are some, see former_place.go.
	formerPlaces bool
	// touched are the sources in which something was placed.
	touched []*source
}

// source is one account of one channel.
type source struct {
	sourceKey
	id int64
	// placed is the highest seq placed in order: all below were placed or
	// quarantined.
	placed int64
	dirty  bool
	// parked are requests to place that wait for earlier messages, by seq.
	parked map[int64]*request
}

type sourceKey struct{ channel, account string }

// load reads from the database what the writer knows by heart.
func (t *tx) load() error {
	t.sources, t.byID = map[sourceKey]*source{}, map[int64]*source{}
	t.touched, t.current, t.ends, t.raisings = nil, nil, nil, nil
	var err error
	if t.offsets, err = loadOffsets(t.conn); err != nil {
		return err
	}
	if err := t.loadFormerPlaces(); err != nil {
		return err
	}
	stmt, err := t.conn.Prepare("SELECT id, channel, account, placed FROM sources")
	if err != nil {
		return err
	}
	for {
		found, err := stmt.Step()
		if err != nil {
			return err
		}
		if !found {
			break
		}
		t.know(&source{
			sourceKey: sourceKey{stmt.ColumnText(1), stmt.ColumnText(2)},
			id:        stmt.ColumnInt64(0), placed: stmt.ColumnInt64(3),
		})
	}
	return t.loadEnd()
}

func (t *tx) loadEnd() error {
	stmt, err := t.conn.Prepare("SELECT seq, accepted, chain FROM messages ORDER BY seq DESC LIMIT 1")
	if err != nil {
		return err
	}
	found, err := stmt.Step()
	if err != nil {
		return err
	}
	if found {
		t.last, t.accepted = stmt.ColumnInt64(0), stmt.ColumnInt64(1)
		stmt.ColumnBytes(2, t.chain[:])
		return stmt.Reset()
	}
	stmt, err = t.conn.Prepare("SELECT pruned, pruned_chain FROM state")
	if err != nil {
		return err
	}
	if _, err := stmt.Step(); err != nil {
		return err
	}
	t.last, t.accepted = stmt.ColumnInt64(0), 0
	stmt.ColumnBytes(1, t.chain[:])
	return stmt.Reset()
}

func (t *tx) know(s *source) {
	s.parked = map[int64]*request{}
	t.sources[s.sourceKey] = s
	t.byID[s.id] = s
}

// sourceOf returns the source of a key, created when it is new.
func (t *tx) sourceOf(channel, account string) (*source, error) {
	key := sourceKey{channel, account}
	if s := t.sources[key]; s != nil {
		return s, nil
	}
	stmt, err := t.conn.Prepare("INSERT INTO sources (channel, account) VALUES (?, ?)")
	if err != nil {
		return nil, err
	}
	stmt.BindText(1, channel)
	stmt.BindText(2, account)
	if _, err := stmt.Step(); err != nil {
		return nil, err
	}
	s := &source{sourceKey: key, id: t.conn.LastInsertRowID()}
	t.know(s)
	return s, nil
}

// finish writes what was gathered during the transaction.
func (t *tx) finish() error {
	for _, s := range t.touched {
		if err := execute(t.conn, "UPDATE sources SET placed = ? WHERE id = ?", s.placed, s.id); err != nil {
			return err
		}
		s.dirty = false
	}
	t.touched = t.touched[:0]
	return t.saveEnds()
}

// advance notes that everything up to seq is placed.
func (t *tx) advance(s *source, seq int64) {
	s.placed = seq
	t.touch(s)
}

// touch notes that parked requests of s may have come to their turn.
func (t *tx) touch(s *source) {
	if !s.dirty {
		s.dirty = true
		t.touched = append(t.touched, s)
	}
}

// unpark returns the parked requests whose turn has come.
func (t *tx) unpark() ([]*request, error) {
	var ready []*request
	for _, s := range t.touched {
		if len(s.parked) == 0 {
			continue
		}
		next, err := t.nextUnplaced(s)
		if err != nil {
			return nil, err
		}
		r := s.parked[next]
		if r == nil {
			continue
		}
		delete(s.parked, next)
		if r.begin() {
			ready = append(ready, r)
		}
	}
	return ready, nil
}

// nextUnplaced is the seq whose turn it is to be placed, 0 when none waits.
func (t *tx) nextUnplaced(s *source) (int64, error) {
	return queryInt(t.conn, "SELECT seq FROM unread WHERE source = ? AND seq > ? ORDER BY seq LIMIT 1", s.id, s.placed)
}

// takeParked returns and forgets all parked requests that still wait.
func (t *tx) takeParked() []*request {
	var all []*request
	for _, s := range t.byID {
		for seq, r := range s.parked {
			delete(s.parked, seq)
			if r.begin() {
				all = append(all, r)
			}
		}
	}
	return all
}

package journal

import (
	"time"

	"zombiezen.com/go/sqlite"
)

// reload forgets what is known ahead, after the database was changed from
// elsewhere; what is being read stays.
func (u *unread) reload() {
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, b := range u.bySource {
		b.ready, b.cursor, b.complete = nil, 0, false
		b.epoch++
	}
	u.wakeLoader()
}

func (u *unread) wakeLoader() {
	select {
	case u.load <- struct{}{}:
	default:
	}
}

// run reads ahead from the database until stop is closed.
func (u *unread) run(stop <-chan struct{}) {
	from := &reader{dir: u.j.config.Dir}
	defer from.close()
	for {
		select {
		case <-u.load:
		case <-stop:
			return
		}
		for b, ok := u.wanting(); ok; b, ok = u.wanting() {
			if err := u.fill(from, b); err != nil {
				u.j.deps.Log.Error("read ahead of unread messages", "err", err)
				time.AfterFunc(time.Second, u.wakeLoader)
				break
			}
		}
	}
}

// wanting returns a backlog that has room.
func (u *unread) wanting() (*backlog, bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, b := range u.bySource {
		if !b.complete && len(b.ready) < unreadWindow/2 {
			return b, true
		}
	}
	return nil, false
}

// fill reads the next messages of one account.
func (u *unread) fill(from *reader, b *backlog) error {
	u.mu.Lock()
	cursor, missed, epoch := b.cursor, b.missed, b.epoch
	b.loading = true
	u.mu.Unlock()
	var found []unreadItem
	err := from.with(func(conn *sqlite.Conn) (err error) {
		found, err = readUnread(conn, b.source, cursor, unreadWindow/2)
		return err
	})
	u.mu.Lock()
	defer u.mu.Unlock()
	b.loading, b.failed = false, err != nil
	if err != nil || b.epoch != epoch {
		u.cond.Broadcast() // nobody waits for what cannot be read
		return err
	}
	for _, item := range found {
		b.cursor = item.seq
		if u.flying[item.seq] == nil && !u.suspected(item.seq) {
			b.ready = append(b.ready, item)
		}
	}
	b.complete = len(found) < unreadWindow/2 && b.missed == missed
	u.cond.Broadcast()
	return nil
}

func (u *unread) suspected(seq int64) bool {
	for _, item := range u.suspects {
		if item.seq == seq {
			return true
		}
	}
	return false
}

// readUnread reads the unread messages of a source behind a seq.
func readUnread(conn *sqlite.Conn, source, after int64, limit int) ([]unreadItem, error) {
	stmt, err := conn.Prepare("SELECT seq, attempts FROM unread WHERE source = ? AND seq > ? ORDER BY seq LIMIT ?")
	if err != nil {
		return nil, err
	}
	stmt.BindInt64(1, source)
	stmt.BindInt64(2, after)
	stmt.BindInt64(3, int64(limit))
	var items []unreadItem
	for {
		found, err := stmt.Step()
		if err != nil || !found {
			return items, err
		}
		items = append(items, unreadItem{seq: stmt.ColumnInt64(0), source: source, attempts: stmt.ColumnInt(1)})
	}
}

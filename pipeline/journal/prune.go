package journal

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"zombiezen.com/go/sqlite"
)

// housekeeping is how often the journal prunes by itself.
const housekeeping = 10 * time.Minute

// pruneRows is how many rows one transaction of pruning touches: few enough
// not to make others wait.
const pruneRows = 200

// Pruned says what pruning took away.
type Pruned struct {
	// Emptied is how many messages lost their bytes, Forgotten how many were
	// removed with identity and digest, Blobs how many files were removed.
	Emptied, Forgotten, Blobs int
}

func (j *Journal) keepHouse(stop <-chan struct{}) {
	tick := time.NewTicker(housekeeping)
	defer tick.Stop()
	s := j.steady()
	for last := time.Now(); ; last = time.Now() {
		select {
		case <-tick.C:
		case <-stop:
			return
		}
		j.house(s, time.Since(last))
	}
}

// house prunes by the steady clock when so much has passed since the last time.
func (j *Journal) house(s *steady, passed time.Duration) {
	wall := j.deps.Now()
	now := s.tick(wall, passed)
	s.keep()
	if far := wall.Sub(now) > ahead; far != s.told {
		if s.told = far; far {
			j.deps.Log.Warn("the clock is ahead of the time that has passed here: it jumped, or contactd did not run; what was published is kept longer until they agree",
				"ahead", wall.Sub(now).Round(time.Minute))
		}
	}
	pruned, err := j.prune(j.ctx, now)
	switch {
	case err != nil && j.ctx.Err() == nil:
		j.deps.Log.Error("prune journal", "err", err)
	case pruned != (Pruned{}):
		j.deps.Log.Info("journal pruned", "emptied", pruned.Emptied, "forgotten", pruned.Forgotten, "blobs", pruned.Blobs)
	}
}

// Prune takes away the bytes of messages that Kafka acknowledged longer than
// Keep ago, blobs that no other message needs, and whole rows accepted longer
// than Remember ago. The chain of hashes stays verifiable. The journal does
// so by itself, by a clock that no jump of the machine's can lead astray.
func (j *Journal) Prune(ctx context.Context) (Pruned, error) {
	return j.prune(ctx, j.deps.Now())
}

func (j *Journal) prune(ctx context.Context, now time.Time) (Pruned, error) {
	var done Pruned
	oldest, err := j.emptyBodies(ctx, now.Add(-j.config.Keep), &done)
	if err != nil {
		return done, err
	}
	if err := j.forgetRows(ctx, now.Add(-j.config.Remember), &done); err != nil {
		return done, err
	}
	if err := j.pruneReplies(ctx, now); err != nil {
		return done, err
	}
	if err := j.forgetConversations(ctx); err != nil {
		return done, err
	}
	if err := j.forgetPlaces(ctx, now.Add(-j.config.Keep)); err != nil {
		return done, err
	}
	if oldest, err = j.oldestReply(oldest); err != nil {
		return done, err
	}
	done.Blobs = j.blobs.prune(oldest)
	return done, nil
}

// emptyBodies takes the bytes of messages published before a time. It returns
// when the oldest message was accepted that still has its bytes.
func (j *Journal) emptyBodies(ctx context.Context, before time.Time, done *Pruned) (time.Time, error) {
	oldest := before
	var after int64
	err := j.reader.with(func(conn *sqlite.Conn) (err error) {
		after, err = queryInt(conn, "SELECT emptied FROM state")
		return err
	})
	contiguous := true
	for err == nil {
		var page prunePage
		err = j.reader.with(func(conn *sqlite.Conn) (err error) {
			page, err = readPrunable(conn, after, before)
			return err
		})
		if err != nil || page.last == after {
			break
		}
		if !page.kept.IsZero() && page.kept.Before(oldest) {
			oldest = page.kept
		}
		change := &emptying{seqs: page.seqs}
		if contiguous {
			change.upTo = page.clean
		}
		if len(page.seqs) > 0 || change.upTo > after {
			err = j.do(ctx, change, 0)
			done.Emptied += len(page.seqs)
		}
		if change.spared {
			oldest = time.Time{} // its blob may be older than that of any other: none is pruned now
		}
		contiguous = contiguous && page.clean == page.last && !change.spared
		after = page.last
	}
	return oldest, err
}

// prunePage is a stretch of rows: those to be emptied, the last looked at, the
// last before the first that keeps its bytes, and when that was accepted.
type prunePage struct {
	seqs        []int64
	last, clean int64
	kept        time.Time
}

func readPrunable(conn *sqlite.Conn, after int64, before time.Time) (prunePage, error) {
	page := prunePage{last: after, clean: after}
	stmt, err := conn.Prepare(`SELECT m.seq, m.accepted, coalesce(p.published < ?, 0),
			CASE WHEN m.blob IS NULL THEN m.body IS NULL ELSE m.body IS NOT NULL END
		FROM messages m LEFT JOIN progress p ON p.seq = m.seq
		WHERE m.seq > ? AND m.accepted < ? ORDER BY m.seq LIMIT ?`)
	if err != nil {
		return page, err
	}
	stmt.BindInt64(1, before.UnixMicro())
	stmt.BindInt64(2, after)
	stmt.BindInt64(3, before.UnixMicro())
	stmt.BindInt64(4, pruneRows)
	for {
		found, err := stmt.Step()
		if err != nil || !found {
			return page, err
		}
		page.last = stmt.ColumnInt64(0)
		switch {
		case stmt.ColumnInt64(3) != 0: // empty already
		case stmt.ColumnInt64(2) != 0:
			page.seqs = append(page.seqs, page.last)
		case page.kept.IsZero():
			page.kept = fromMicros(stmt.ColumnInt64(1))
		}
		if page.kept.IsZero() {
			page.clean = page.last
		}
	}
}

// emptying takes the bytes of some rows and notes up to where all are empty.
type emptying struct {
	seqs []int64
	upTo int64
	// spared says that one was published again meanwhile, and keeps its bytes.
	spared bool
}

func (e *emptying) apply(t *tx) error {
	for _, seq := range e.seqs {
		err := execute(t.conn, `UPDATE messages SET body = CASE WHEN blob IS NULL THEN NULL ELSE x'' END
			WHERE seq = ?1 AND (SELECT published FROM progress WHERE seq = ?1) IS NOT NULL`, seq)
		if err != nil {
			return err
		}
		if t.conn.Changes() == 0 {
			e.upTo, e.spared = min(e.upTo, seq-1), true
		}
	}
	if e.upTo == 0 {
		return nil
	}
	return execute(t.conn, "UPDATE state SET emptied = max(emptied, ?)", e.upTo)
}

func (*emptying) committed(*Journal) {}

// forgetRows removes whole rows from the front, as far as they are old, empty
// and published.
func (j *Journal) forgetRows(ctx context.Context, before time.Time, done *Pruned) error {
	for {
		change := &forgetting{before: before}
		if err := j.do(ctx, change, 0); err != nil || change.rows == 0 {
			return err
		}
		done.Forgotten += change.rows
	}
}

// forgetting removes the oldest rows and keeps the hash that the next one is
// linked to.
type forgetting struct {
	before time.Time
	rows   int
}

func (f *forgetting) apply(t *tx) error {
	last, err := queryInt(t.conn, `SELECT max(seq) FROM (SELECT seq FROM messages
		WHERE accepted < ? AND seq <= (SELECT emptied FROM state) ORDER BY seq LIMIT ?)`, f.before.UnixMicro(), pruneRows)
	if err != nil || last == 0 {
		f.rows = 0
		return err
	}
	if err := t.undigest(last); err != nil {
		return err
	}
	for _, query := range []string{
		"UPDATE state SET pruned = ?1, pruned_chain = (SELECT chain FROM messages WHERE seq = ?1)",
		"DELETE FROM progress WHERE seq <= ?1",
		"DELETE FROM messages WHERE seq <= ?1",
	} {
		if err := execute(t.conn, query, last); err != nil {
			return err
		}
	}
	f.rows = t.conn.Changes()
	return nil
}

func (*forgetting) committed(*Journal) {}

// blobSlack is how long before its message a blob may have been stored.
const blobSlack = 24 * time.Hour

// prune removes blobs that were last stored well before the oldest message
// that keeps its bytes: none of the kept messages can refer to them, since
// storing the same bytes again makes a blob young.
func (b *blobs) prune(oldest time.Time) int {
	removed := 0
	_ = filepath.WalkDir(b.dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && b.removeOlder(path, oldest.Add(-blobSlack)) {
			removed++
		}
		return nil // what cannot be read now is pruned another day
	})
	return removed
}

func (b *blobs) removeOlder(path string, than time.Time) bool {
	b.naming.Lock()
	defer b.naming.Unlock()
	info, err := os.Lstat(path)
	return err == nil && info.ModTime().Before(than) && os.Remove(path) == nil
}

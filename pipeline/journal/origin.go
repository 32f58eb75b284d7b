package journal

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"contactd/channels"
	"contactd/pipeline"
	"contactd/pipeline/lock"
	"zombiezen.com/go/sqlite"
)

// originCursor is where the journal keeps what it knows of itself. No channel's
// cursor has this name: theirs begin with the channel.
const originCursor = "journal"

// PutBack is the name of the file beside the database that says that the folder
// was put back from a backup. Kafka tells it too, unless it was put back as well.
const PutBack = "restored"

// Passing are the names of what in the folder matters to a running process alone,
// and belongs in no backup.
func Passing() []string { return []string{lock.Name, markerFile, temporaryDir} }

// origin tells this journal from others, and from what it was before it was put
// back from a backup.
type origin struct {
	ID string `json:"id"`
	// Seen is up to where the partitions of TopicEvents were compared.
	Seen map[int]int64 `json:"seen,omitempty"`
	// Restored are the times when it was found to be put back, the last ones.
	Restored []Restoration `json:"restored,omitempty"`
}

// past is what is known at the start, before the journal agrees with Kafka.
type past struct {
	id      string        // of the journal
	new     bool          // it was begun just now
	putBack bool          // somebody told that it was put back
	agreed  chan struct{} // closed when replies may be sent
}

// lookBack reads what the journal knows of itself, and begins it. The writer
// does not run yet.
func (j *Journal) lookBack() error {
	j.past.agreed = make(chan struct{})
	if !j.deps.Witnessed {
		close(j.past.agreed)
	}
	_, err := os.Stat(j.putBackFile())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("look for %s: %w", PutBack, err)
	}
	j.past.putBack = err == nil
	o, err := readOrigin(j.cursors[originCursor])
	if err != nil {
		o = origin{ID: rand.Text()[:16]}
		j.past.new = true
		begun := channels.Cursor{Name: originCursor, Value: o.text()}
		j.cursors[originCursor] = begun.Value
		err = inTransaction(j.tx, func(t *tx) error { return t.moveCursor(begun) })
	}
	j.past.id = o.ID
	return err
}

func (j *Journal) putBackFile() string { return filepath.Join(j.config.Dir, PutBack) }

func readOrigin(text string) (o origin, err error) {
	if err = json.Unmarshal([]byte(text), &o); err == nil && o.ID == "" {
		err = errDamaged
	}
	return o, err
}

func (o origin) text() string {
	text, _ := json.Marshal(o) // it cannot fail
	return string(text)
}

// Remembered implements pipeline.Memory.
func (j *Journal) Remembered(ctx context.Context) (pipeline.Remembered, error) {
	known := pipeline.Remembered{Journal: j.past.id, New: j.past.new, PutBack: j.past.putBack}
	var err error
	if known.Seen, err = j.Ends(ctx); err != nil {
		return known, err
	}
	o, err := j.origin(ctx)
	for partition, offset := range o.Seen {
		known.Seen[partition] = max(known.Seen[partition], offset)
	}
	return known, err
}

// origin is what the journal knows of itself now.
func (j *Journal) origin(ctx context.Context) (origin, error) {
	c, err := j.Cursor(ctx, originCursor)
	if err != nil {
		return origin{}, err
	}
	return readOrigin(c.Value)
}

// Has implements pipeline.Memory. What was pruned is believed to have been.
func (j *Journal) Has(_ context.Context, mark pipeline.RowMark) (has bool, err error) {
	err = j.reader.atOnce(func(conn *sqlite.Conn) error {
		pruned, err := queryInt(conn, "SELECT pruned FROM state")
		if has = mark.Seq <= pruned; err != nil || has {
			return err
		}
		stmt, err := conn.Prepare("SELECT chain FROM messages WHERE seq = ?")
		if err != nil {
			return err
		}
		stmt.BindInt64(1, mark.Seq)
		found, err := stmt.Step()
		if err != nil || !found {
			return err
		}
		var chain digest
		stmt.ColumnBytes(0, chain[:])
		has = hashOf(chain) == mark.Hash
		return stmt.Reset()
	})
	return has, err
}

// hashOf is as much of a row's hash as tells it from another of the same number.
func hashOf(chain digest) string { return hex.EncodeToString(chain[:8]) }

// Agree implements pipeline.Memory.
func (j *Journal) Agree(ctx context.Context, ends map[int]int64) error {
	if ends != nil {
		if err := j.noteOrigin(ctx, func(o *origin) { o.Seen = ends }); err != nil {
			return err
		}
	}
	if err := os.Remove(j.putBackFile()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove the word that the folder was put back: %w", err)
	}
	close(j.past.agreed)
	return nil
}

// noteOrigin changes what the journal knows of itself. It takes no message, so
// that the disk may be too full for those.
func (j *Journal) noteOrigin(ctx context.Context, change func(*origin)) error {
	o, err := j.origin(ctx)
	if err != nil {
		return err
	}
	change(&o)
	return j.do(ctx, &acceptance{cursor: channels.Cursor{Name: originCursor, Value: o.text()}}, 0)
}

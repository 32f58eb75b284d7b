package journal

import (
	"context"
	"encoding/base32"
	"errors"
	"fmt"
	"strings"

	"contactd/contact"
	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

// Ready returns why the journal takes no messages now, or nil. It writes
// nothing.
func (j *Journal) Ready() error {
	if err := j.writable(); err != nil {
		return err
	}
	_, err := j.Oldest()
	return err
}

// writable returns why nothing could be written when it was last tried, or nil.
func (j *Journal) writable() error {
	if err := j.room(); err != nil {
		return err
	}
	if err := j.unwritten.Load(); err != nil {
		return *err
	}
	return nil
}

// ErrNoMessage is returned for a message that was never accepted here, or is
// remembered no longer.
var ErrNoMessage = errors.New("no such message")

// Find returns the number of a message by its contact.MessageID, or
// ErrNoMessage. It reads the index of identities to the end, about 100 ms
// for a million messages.
func (t *Tools) Find(ctx context.Context, messageID string) (int64, error) {
	missing := fmt.Errorf("find message %s: %w", messageID, ErrNoMessage)
	// Both an identity and a message's id are cut from the same digest.
	digest, err := base32.HexEncoding.WithPadding(base32.NoPadding).DecodeString(strings.ToUpper(strings.TrimPrefix(messageID, "m-")))
	if err != nil || len(digest) != 16 {
		return 0, missing
	}
	var seq int64
	err = t.read(ctx, func(conn *sqlite.Conn) error {
		return sqlitex.Execute(conn, "SELECT seq FROM messages WHERE substr(identity, 17) = ?", &sqlitex.ExecOptions{
			Args:       []any{digest},
			ResultFunc: func(stmt *sqlite.Stmt) error { seq = stmt.ColumnInt64(0); return nil },
		})
	})
	if err != nil {
		return 0, fmt.Errorf("find message %s: %w", messageID, err)
	}
	if seq == 0 {
		return 0, missing
	}
	entry, err := t.Show(ctx, seq)
	if err != nil {
		return 0, err
	}
	if o := entry.Original; contact.MessageID(o.Channel, o.Account, o.ID) != messageID {
		return 0, errors.Join(missing, errDamaged)
	}
	return seq, nil
}

package channelstest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"sync"

	"contactd/channels"
	"contactd/contact"
)

// Inbox is an inbox in memory that keeps the contract of channels.Inbox. The
// zero value is ready; Refuse makes it fail.
type Inbox struct {
	mutex    sync.Mutex
	accepted []channels.Original
	byID     map[string]int
	byBytes  map[string]bool
	cursors  map[string]string
	refuse   func([]channels.Original) error
	repeated int
	changed  chan struct{}
}

// Refuse makes Accept return what decide returns, before anything is stored;
// nil accepts again.
func (in *Inbox) Refuse(decide func([]channels.Original) error) {
	in.mutex.Lock()
	defer in.mutex.Unlock()
	in.refuse = decide
	in.wake()
}

// Accept stores originals and cursor together.
func (in *Inbox) Accept(ctx context.Context, originals []channels.Original, cursor channels.Cursor) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	in.mutex.Lock()
	defer in.mutex.Unlock()
	defer in.wake()
	if in.refuse != nil {
		if err := in.refuse(originals); err != nil {
			return err
		}
	}
	for _, original := range originals {
		if original.Channel == "" || original.Account == "" || original.ID == "" {
			return errors.New("accept: an original without identity")
		}
		in.store(original)
	}
	if cursor != (channels.Cursor{}) {
		if in.cursors == nil {
			in.cursors = map[string]string{}
		}
		in.cursors[cursor.Name] = cursor.Value
	}
	return nil
}

// store keeps an original unless it is a repetition. The caller holds mutex.
func (in *Inbox) store(original channels.Original) {
	if in.byID == nil {
		in.byID, in.byBytes = map[string]int{}, map[string]bool{}
	}
	id := contact.MessageID(original.Channel, original.Account, original.ID)
	digest := original.Channel + "\x00" + original.Account + "\x00" + Digest(original)
	if _, known := in.byID[id]; known || original.Renumbered && in.byBytes[digest] {
		in.repeated++
		return
	}
	original.Bytes = bytes.Clone(original.Bytes)
	in.byID[id], in.byBytes[digest] = len(in.accepted), true
	in.accepted = append(in.accepted, original)
}

// Cursor returns the cursor last accepted under name.
func (in *Inbox) Cursor(_ context.Context, name string) (channels.Cursor, error) {
	in.mutex.Lock()
	defer in.mutex.Unlock()
	return channels.Cursor{Name: name, Value: in.cursors[name]}, nil
}

// SetCursor replaces a cursor, as if it had been accepted.
func (in *Inbox) SetCursor(cursor channels.Cursor) {
	in.mutex.Lock()
	defer in.mutex.Unlock()
	if in.cursors == nil {
		in.cursors = map[string]string{}
	}
	in.cursors[cursor.Name] = cursor.Value
}

// Accepted returns the originals in order of acceptance.
func (in *Inbox) Accepted() []channels.Original {
	in.mutex.Lock()
	defer in.mutex.Unlock()
	return append([]channels.Original(nil), in.accepted...)
}

// Repeated counts the originals that were offered again and not stored.
func (in *Inbox) Repeated() int {
	in.mutex.Lock()
	defer in.mutex.Unlock()
	return in.repeated
}

// Await returns nil once done says so of the accepted originals, which it is
// asked after every call of Accept, or an error when ctx ends.
func (in *Inbox) Await(ctx context.Context, done func([]channels.Original) bool) error {
	for {
		in.mutex.Lock()
		if in.changed == nil {
			in.changed = make(chan struct{})
		}
		changed, accepted := in.changed, in.accepted
		in.mutex.Unlock()
		if done(accepted) {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("await inbox: %d accepted: %w", len(accepted), ctx.Err())
		}
	}
}

// wake lets Await look again. The caller holds mutex.
func (in *Inbox) wake() {
	if in.changed != nil {
		close(in.changed)
		in.changed = nil
	}
}

// Digest is the SHA-256 of an original's bytes, wherever they are.
func Digest(original channels.Original) string {
	if original.Blob != nil {
		return original.Blob.SHA256
	}
	sum := sha256.Sum256(original.Bytes)
	return hex.EncodeToString(sum[:])
}

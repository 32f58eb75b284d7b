package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strconv"

	"contactd/channels"
	"contactd/contact"
	"contactd/pipeline/journal"
)

// whole reads messages from the journal on this machine, if there is one.
type whole struct {
	tools   *journal.Tools // nil when there is none
	readers map[string]channels.Channel
}

var errElsewhere = errors.New("read message: the journal is not on this machine")

func openWhole(c config) (*whole, error) {
	tools, err := journal.OpenTools(c.journalDir())
	if errors.Is(err, fs.ErrNotExist) {
		return &whole{}, nil
	}
	if err != nil {
		return nil, err
	}
	readers, err := makeChannels(c, noStore{tools.Blobs()}, noHealth{}, c.Log.logger(io.Discard))
	if err != nil {
		return nil, errors.Join(err, tools.Close())
	}
	return &whole{tools, readers}, nil
}

func (w *whole) close() {
	if w.tools != nil {
		_ = w.tools.Close()
	}
}

// Message reads a message from its original, which reference leads to.
func (w *whole) Message(ctx context.Context, id, reference string) (contact.Message, error) {
	if w.tools == nil {
		return contact.Message{}, errElsewhere
	}
	seq, err := strconv.ParseInt(path.Base(reference), 10, 64)
	if err != nil {
		return contact.Message{}, fmt.Errorf("read message: %w", err)
	}
	entry, err := w.tools.Show(ctx, seq)
	if err != nil {
		return contact.Message{}, err
	}
	o := entry.Original
	reader := w.readers[o.Channel]
	switch {
	case contact.MessageID(o.Channel, o.Account, o.ID) != id:
		return contact.Message{}, errElsewhere // the journal of another contactd
	case reader == nil:
		return contact.Message{}, fmt.Errorf("read message: channel %q is not configured", o.Channel)
	case o.Blob == nil && o.Bytes == nil:
		return contact.Message{}, errors.New("read message: its bytes are no longer kept")
	}
	return reader.Read(ctx, o)
}

// noStore lets messages be read without writing anything.
type noStore struct{ channels.Blobs }

// Store says what the bytes are and keeps nothing.
func (noStore) Store(_ context.Context, r io.Reader) (contact.Blob, error) {
	sum := sha256.New()
	size, err := io.Copy(sum, r)
	return contact.Blob{SHA256: hex.EncodeToString(sum.Sum(nil)), Size: size, MediaType: "application/octet-stream"}, err
}

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strconv"
	"strings"

	"contactd/channels"
	"contactd/cmd/contactd/listener"
	"contactd/contact"
	"contactd/pipeline/journal"
)

// originals hands out what the journal keeps.
type originals struct{ journal *journal.Journal }

// Original implements listener.Originals.
func (o originals) Original(ctx context.Context, name string) (listener.Original, error) {
	tools := o.journal.Tools()
	defer func() { _ = tools.Close() }()
	seq, err := strconv.ParseInt(name, 10, 64)
	if strings.HasPrefix(name, "m-") {
		seq, err = tools.Find(ctx, name)
	}
	if err != nil {
		return listener.Original{}, missing(err)
	}
	entry, err := tools.Show(ctx, seq)
	if err != nil {
		return listener.Original{}, missing(err)
	}
	content, size, err := o.open(entry.Original)
	if err != nil {
		return listener.Original{}, fmt.Errorf("open original %d: %w", seq, err)
	}
	return listener.Original{
		Name:      fmt.Sprintf("%s-%s-%d%s", entry.Original.Channel, entry.Original.Account, seq, extension(entry.Original.MediaType)),
		MediaType: entry.Original.MediaType, SHA256: entry.SHA256, Size: size, Bytes: content,
	}, nil
}

// open returns the bytes, wherever they lie. Of pruned ones nothing is left.
func (o originals) open(original channels.Original) (io.ReadCloser, int64, error) {
	switch {
	case original.Blob != nil:
		content, err := o.Blob(original.Blob.SHA256)
		return content, original.Blob.Size, err
	case original.Bytes == nil:
		return nil, 0, fs.ErrNotExist
	default:
		return io.NopCloser(bytes.NewReader(original.Bytes)), int64(len(original.Bytes)), nil
	}
}

// Blob implements listener.Originals.
func (o originals) Blob(sha256 string) (io.ReadCloser, error) {
	content, err := o.journal.Blobs().Open(sha256)
	return content, missing(err)
}

// Store implements listener.Originals.
func (o originals) Store(ctx context.Context, bytes io.Reader) (contact.Blob, error) {
	if err := o.journal.Ready(); err != nil {
		return contact.Blob{}, fmt.Errorf("%w: %w", listener.ErrFull, err)
	}
	return o.journal.Blobs().Store(ctx, bytes)
}

// missing says fs.ErrNotExist where the journal says that there is no such
// thing.
func missing(err error) error {
	if errors.Is(err, journal.ErrNoMessage) || errors.Is(err, journal.ErrNoBlob) {
		return fmt.Errorf("%w: %w", fs.ErrNotExist, err)
	}
	return err
}

func extension(mediaType string) string {
	if mediaType == "message/rfc822" {
		return ".eml"
	}
	return ".bin"
}

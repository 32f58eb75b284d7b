package accounts

import (
	"bytes"
	"context"
	"fmt"
	"io"

	"contactd/channels"
	"contactd/contact"
)

// Refer stores the bytes of large originals as blobs, so that they go by
// reference.
func Refer(ctx context.Context, blobs channels.Blobs, originals []channels.Original) error {
	for i := range originals {
		if len(originals[i].Bytes) <= channels.InlineLimit {
			continue
		}
		blob, err := blobs.Store(ctx, bytes.NewReader(originals[i].Bytes))
		if err != nil {
			return fmt.Errorf("store original: %w", err)
		}
		originals[i].Blob, originals[i].Bytes = &blob, nil
	}
	return nil
}

// Read turns an original into a message by read, and adds what every message
// says of where it came from. What came for an account that is not configured
// is not addressed to us.
func Read(blobs channels.Blobs, original channels.Original, configured bool, read func(raw []byte) (contact.Message, error)) (contact.Message, error) {
	msg := contact.Message{
		Channel:      contact.Channel{Kind: "other", Visibility: "private", Direction: "inbound"},
		Authenticity: contact.Claimed, Unreadable: original.Defect,
	}
	if original.Defect == "" {
		raw, err := bytesOf(blobs, original)
		if err != nil {
			return contact.Message{}, fmt.Errorf("read element: %w", err)
		}
		if msg, err = read(raw); err != nil {
			return contact.Message{}, err
		}
	}
	msg.ID = contact.MessageID(original.Channel, original.Account, original.ID)
	msg.PlatformID = original.ID
	msg.Channel.Account = original.Account
	if !original.ReceivedAt.IsZero() {
		msg.ReceivedAt = original.ReceivedAt
	}
	if original.Blob != nil {
		msg.Original = *original.Blob
	}
	if !configured {
		msg.Flags = append(msg.Flags, contact.NotAddressed)
	}
	return msg, nil
}

func bytesOf(blobs channels.Blobs, original channels.Original) ([]byte, error) {
	if original.Blob == nil {
		return original.Bytes, nil
	}
	body, err := blobs.Open(original.Blob.SHA256)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	return io.ReadAll(body)
}

package pipeline

import (
	"context"
	"fmt"

	"contactd/channels"
	"contactd/contact"
)

// read turns an entry's original into a message with the reader of its
// channel. The error is permanent when the original itself is to blame.
func (p *Pipeline) read(ctx context.Context, e Entry) (contact.Message, error) {
	reader, ok := p.readers[e.Original.Channel]
	if !ok {
		// The channel was taken out of the configuration while messages
		// waited: a person must see them all the same.
		return contact.Message{}, Permanent(fmt.Errorf("read message: no reader for channel %q", e.Original.Channel))
	}
	done := p.overdue.begin(e.Seq)
	defer done()
	message, err := reader.Read(ctx, e.Original)
	switch {
	case err != nil && isOurs(err):
		return contact.Message{}, fmt.Errorf("read message: %w", err)
	case err != nil:
		return contact.Message{}, Permanent(fmt.Errorf("read message: %w", err))
	case message.Unreadable != "":
		return contact.Message{}, Permanent(fmt.Errorf("read message: %s", message.Unreadable))
	}
	return identify(message, e), nil
}

// identify sets what the journal knows better than any reader.
func identify(m contact.Message, e Entry) contact.Message {
	m.ID = contact.MessageID(e.Original.Channel, e.Original.Account, e.Original.ID)
	m.PlatformID = e.Original.ID
	m.AcceptedAt = e.AcceptedAt
	if m.ReceivedAt.IsZero() {
		m.ReceivedAt = e.Original.ReceivedAt
	}
	m.Original.SHA256 = e.SHA256
	m.Original.Size = sizeOf(e.Original)
	m.Original.MediaType = e.Original.MediaType
	m.Channel.Account = e.Original.Account
	if m.Channel.Kind == "" {
		m.Channel.Kind = e.Original.Channel
	}
	return m
}

// unread is what can be said of an original that nobody could read.
func unread(e Entry) contact.Message {
	return identify(contact.Message{
		Channel:      contact.Channel{Kind: kindOf(e.Original.Channel), Visibility: "private", Direction: "inbound"},
		Conversation: e.Conversation,
		Authenticity: contact.Claimed,
		Unreadable:   e.Quarantined,
	}, e)
}

// kindOf is the contract's word for a channel; for contactd's own there is none.
func kindOf(channel string) string {
	if Own(channel) {
		return "other"
	}
	return channel
}

func sizeOf(o channels.Original) int64 {
	if o.Blob != nil {
		return o.Blob.Size
	}
	return int64(len(o.Bytes))
}

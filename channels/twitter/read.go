package twitter

import (
	"context"
	"fmt"
	"io"

	"contactd/channels"
	"contactd/channels/twitter/element"
	"contactd/contact"
)

// Read turns an original into a message. It asks nobody, so it gives the same
// whenever it is called.
func (ch *Channel) Read(_ context.Context, original channels.Original) (contact.Message, error) {
	msg, err := ch.read(original)
	if err != nil {
		return contact.Message{}, err
	}
	msg.ID = contact.MessageID(Kind, original.Account, original.ID)
	msg.PlatformID = original.ID
	msg.Channel.Account = original.Account
	if !original.ReceivedAt.IsZero() {
		msg.ReceivedAt = original.ReceivedAt
	}
	if original.Blob != nil {
		msg.Original = *original.Blob
	}
	if ch.accountOf(original.Account) == nil {
		msg.Flags = append(msg.Flags, contact.NotAddressed)
	}
	return msg, nil
}

func (ch *Channel) read(original channels.Original) (contact.Message, error) {
	if original.Defect != "" {
		return contact.Message{
			Channel:      contact.Channel{Kind: "other", Visibility: "private", Direction: "inbound"},
			Authenticity: contact.Claimed, Unreadable: original.Defect,
		}, nil
	}
	raw, err := ch.bytes(original)
	if err != nil {
		return contact.Message{}, fmt.Errorf("read element: %w", err)
	}
	e, err := element.ReadOriginal(raw)
	if err != nil {
		return contact.Message{}, err
	}
	where := element.Where{Channel: Kind, Account: original.Account}
	if a := ch.accountOf(original.Account); a != nil {
		where.Rights = a.rights()
	}
	return element.Read(e, where)
}

func (ch *Channel) bytes(original channels.Original) ([]byte, error) {
	if original.Blob == nil {
		return original.Bytes, nil
	}
	body, err := ch.deps.Blobs.Open(original.Blob.SHA256)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	return io.ReadAll(body)
}

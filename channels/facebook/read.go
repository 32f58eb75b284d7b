package facebook

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"

	"contactd/channels"
	"contactd/channels/facebook/delivery"
	"contactd/channels/facebook/messaging"
	"contactd/contact"
)

// Read turns an original into a message. It asks nobody, so it gives the same
// whenever it is called.
func (ch *Channel) Read(_ context.Context, original channels.Original) (contact.Message, error) {
	raw, err := ch.bytes(original)
	if err != nil {
		return contact.Message{}, fmt.Errorf("read element: %w", err)
	}
	msg, err := ch.read(original, raw)
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
	if original.Defect != "" {
		msg.Unreadable = original.Defect
	}
	if ch.accountOf(original.Account) == nil {
		msg.Flags = append(msg.Flags, contact.NotAddressed)
	}
	return msg, nil
}

func (ch *Channel) read(original channels.Original, raw []byte) (contact.Message, error) {
	if original.Defect != "" {
		return contact.Message{
			Channel:      contact.Channel{Kind: "other", Visibility: "private", Direction: "inbound"},
			Authenticity: contact.Claimed,
		}, nil
	}
	e, err := delivery.ReadOriginal(raw)
	if err != nil {
		return contact.Message{}, err
	}
	where := messaging.Where{Channel: Kind, Account: original.Account}
	if a := ch.accountOf(original.Account); a != nil {
		where.Human = a.HumanAgent
	}
	return readElement(e, where)
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
	var all bytes.Buffer
	_, err = io.Copy(&all, body)
	return all.Bytes(), err
}

// origin is what a fetched file must know of the message that it came with.
type origin struct {
	Conversation string       `json:"conversation"`
	Kind         string       `json:"kind"`
	Visibility   string       `json:"visibility"`
	Sender       string       `json:"sender"`
	File         fileOfOrigin `json:"file"`
}

type fileOfOrigin struct {
	Name string `json:"name,omitempty"`
	Type string `json:"type,omitempty"`
}

// readFetched makes a fetched file the news that a message has it now.
func readFetched(e delivery.Element, w messaging.Where) (contact.Message, error) {
	var o origin
	if err := json.Unmarshal(e.Raw, &o); err != nil || o.Conversation == "" {
		return contact.Message{}, fmt.Errorf("read fetched file: it does not name its message")
	}
	msg := e.Message(o.Kind, o.Visibility)
	msg.SentAt = delivery.Moment(e.Time)
	msg.Conversation = o.Conversation
	msg.Sender.Address = o.Sender
	msg.Revision = &contact.Revision{Of: w.Item(e.Under), Action: contact.Attached, By: "sender"}
	if e.Blob == nil {
		msg.Flags = append(msg.Flags, contact.ParseDegraded) // its address had expired
		return msg, nil
	}
	msg.Attachments = []contact.Attachment{*e.Blob}
	return msg, nil
}

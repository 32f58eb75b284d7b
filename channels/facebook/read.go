package facebook

import (
	"context"
	"encoding/json"
	"fmt"

	"contactd/channels"
	"contactd/channels/accounts"
	"contactd/channels/facebook/delivery"
	"contactd/channels/facebook/messaging"
	"contactd/channels/files"
	"contactd/contact"
)

// Read turns an original into a message. It asks nobody, so it gives the same
// whenever it is called.
func (ch *Channel) Read(_ context.Context, original channels.Original) (contact.Message, error) {
	a := ch.accounts.Of(original.Account)
	return accounts.Read(ch.deps.Blobs, original, a != nil, func(raw []byte) (contact.Message, error) {
		e, err := delivery.ReadOriginal(raw)
		if err != nil {
			return contact.Message{}, err
		}
		return readElement(e, messaging.Where{Channel: Kind, Account: original.Account, Human: a != nil && a.HumanAgent})
	})
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
	if !files.Fits(o.File.Type, e.Blob.Blob) {
		msg.Flags = append(msg.Flags, contact.ParseDegraded) // a page in its place
	}
	return msg, nil
}

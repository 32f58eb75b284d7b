package email

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"contactd/channels"
	"contactd/channels/email/form"
	"contactd/contact"
)

// oversize begins the defect of a mail that was cut by its size.
const oversize = "oversize: "

// Read turns a mail into a message. What package mail cannot make sense of is
// flagged; an error means that the bytes themselves cannot be had, or not now
// what the account needs to read them.
func (ch *Channel) Read(ctx context.Context, original channels.Original) (contact.Message, error) {
	a := ch.account(original.Account)
	if a == nil {
		return contact.Message{}, fmt.Errorf("read mail: account %q is not configured", original.Account)
	}
	own, err := a.keyed()
	if err != nil {
		return contact.Message{}, fmt.Errorf("read mail: %w: %w", channels.ErrNotNow, err)
	}
	body, err := ch.open(original)
	if err != nil {
		return contact.Message{}, fmt.Errorf("read mail: %w", err)
	}
	defer body.Close()
	message, err := own.reader.Read(ctx, body)
	if err != nil {
		return contact.Message{}, fmt.Errorf("read mail: %w", err)
	}
	message.ID = contact.MessageID(Kind, original.Account, original.ID)
	message.PlatformID = original.ID
	message.Channel = contact.Channel{Kind: Kind, Account: original.Account, Visibility: "private", Direction: "inbound"}
	message = form.Apply(a.Forms, message)
	message.Answer = a.answerable(message.Answer)
	if !original.ReceivedAt.IsZero() { // else what the mail itself says of its receipt
		message.ReceivedAt = original.ReceivedAt
	}
	if original.Blob != nil {
		message.Original = *original.Blob
	}
	switch {
	case strings.HasPrefix(original.Defect, oversize):
		// What is there can be read, and judged as what is not whole: the rest
		// may be a film.
		if !slices.Contains(message.Flags, contact.Oversize) {
			message.Flags = append(message.Flags, contact.Oversize)
		}
	case original.Defect != "":
		message.Unreadable = original.Defect
	}
	return message, nil
}

// answerable adds what the account allows to what the mail says.
func (a *account) answerable(answer contact.Answer) contact.Answer {
	switch {
	case !answer.Rules.Allowed:
	case slices.ContainsFunc(answer.Rules.To, a.isOwn): // what somebody wrote into a form
		return contact.Answer{Rules: contact.ReplyRules{Reason: "no_address"}}
	case a.sender == nil:
		return contact.Answer{Rules: contact.ReplyRules{Reason: "channel_cannot_send"}}
	default:
		answer.Rules.TextLimit = a.sender.TextLimit
		answer.Rules.AttachmentLimit, answer.Rules.AttachmentBytes = a.sender.AttachmentLimit, a.sender.AttachmentBytes
	}
	return answer
}

func (a *account) isOwn(address string) bool {
	return slices.ContainsFunc(a.Addresses, func(own string) bool { return strings.EqualFold(own, address) })
}

func (ch *Channel) account(name string) *account {
	for _, a := range ch.accounts {
		if a.Name == name {
			return a
		}
	}
	return nil
}

func (ch *Channel) open(original channels.Original) (io.ReadCloser, error) {
	if original.Blob == nil {
		return io.NopCloser(bytes.NewReader(original.Bytes)), nil
	}
	return ch.deps.Blobs.Open(original.Blob.SHA256)
}

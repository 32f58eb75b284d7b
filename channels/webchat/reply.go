package webchat

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"

	"github.com/gabriel-vasile/mimetype"

	"contactd/channels"
	"contactd/channels/webchat/store"
	"contactd/channels/webchat/upload"
	"contactd/contact"
)

// What a reply may hold.
const (
	replyTextLimit = 16_000 // characters
	replyFileLimit = 10
)

// Reply writes an answer into the person's chat. It is there for good when this
// returns nil; the person's device confirms it when it has it.
func (ch *Channel) Reply(ctx context.Context, to channels.Address, reply contact.Reply) (channels.Receipt, error) {
	r, err := ch.await(ctx)
	if err != nil {
		return channels.Receipt{}, channels.NotSent(fmt.Errorf("write reply into chat: %w", err))
	}
	receipt, err := r.reply(ctx, to, reply)
	if err != nil {
		return channels.Receipt{}, fmt.Errorf("write reply into chat: %w", err)
	}
	return receipt, nil
}

func (r *running) reply(ctx context.Context, to channels.Address, reply contact.Reply) (channels.Receipt, error) {
	if found, err := r.find(ctx, reply.ID); err == nil {
		return found, nil // the same id is never written twice
	}
	if len([]rune(reply.Text)) > replyTextLimit || len(reply.Attachments) > replyFileLimit {
		return channels.Receipt{}, channels.Refused(fmt.Errorf("a reply may have %d characters and %d files", replyTextLimit, replyFileLimit))
	}
	session, err := r.store.ByPublic(ctx, to.Answer)
	switch {
	case errors.Is(err, store.ErrUnknown) || err == nil && session.Site != to.Account:
		return channels.Receipt{}, channels.Refused(errors.New("this chat is over and was removed; nobody can read it any more"))
	case err != nil:
		return channels.Receipt{}, channels.NotSent(err)
	case session.Forgotten:
		return channels.Receipt{}, channels.Refused(errors.New("the person left by the quick exit and can read this chat no more"))
	}
	change, err := r.replied(ctx, reply)
	if err != nil {
		return channels.Receipt{}, err
	}
	var rows []store.Row
	err = r.with(ctx, session.ID, func(in *room) (err error) {
		rows, err = in.append(ctx, r.store, change)
		return err
	})
	if err != nil {
		return channels.Receipt{}, err // perhaps written: Find tells
	}
	return receipt(session.Public, rows[0].N, false), nil
}

func receipt(session string, n int64, confirmed bool) channels.Receipt {
	return channels.Receipt{PlatformID: fmt.Sprintf("%s/%d", session, n), Confirmed: confirmed}
}

// replied is the change of the log that shows a reply.
func (r *running) replied(ctx context.Context, reply contact.Reply) (store.Change, error) {
	now := r.deps.Now().UTC()
	frame := serverFrame{Type: "reply", Reply: reply.ID, Text: reply.Text, SignedAs: reply.SignedAs, Automatic: reply.Automatic, At: &now}
	change := store.Change{At: now, Answered: !reply.Automatic, Reply: reply.ID, Rows: []store.Row{{Kind: rowReply, Ref: reply.ID}}}
	for _, a := range reply.Attachments {
		f, err := r.attached(ctx, a)
		if err != nil {
			return store.Change{}, err
		}
		change.Files = append(change.Files, f)
		frame.Files = append(frame.Files, onWire(f))
	}
	change.Render = func(_ int, n int64) []byte {
		numbered := frame
		numbered.N = n
		return encode(numbered)
	}
	return change, nil
}

// attached looks at a file of the desk.
func (r *running) attached(ctx context.Context, a contact.Attachment) (store.File, error) {
	body, err := r.deps.Blobs.Open(a.SHA256)
	if err != nil {
		return store.File{}, channels.NotSent(fmt.Errorf("open attachment: %w", err))
	}
	defer body.Close()
	// The limit of the desk's own files is the pipeline's; here they are counted.
	kind, err := mimetype.DetectReader(body)
	if err != nil {
		return store.File{}, channels.NotSent(fmt.Errorf("read attachment: %w", err))
	}
	size, err := r.sizeOf(ctx, a.SHA256)
	if err != nil {
		return store.File{}, channels.NotSent(fmt.Errorf("read attachment: %w", err))
	}
	return store.File{
		ID: rand.Text(), SHA256: a.SHA256, Name: upload.CleanName(a.Name), Size: size,
		MediaType: kind.String(), Claimed: a.Claimed, Scan: a.Scan,
	}, nil
}

// sizeOf counts the bytes of a blob.
func (r *running) sizeOf(ctx context.Context, sha256 string) (int64, error) {
	body, err := r.deps.Blobs.Open(sha256)
	if err != nil {
		return 0, err
	}
	defer body.Close()
	stop := context.AfterFunc(ctx, func() { _ = body.Close() })
	defer stop()
	return io.Copy(io.Discard, body)
}

// Find tells whether a reply is in its chat.
func (ch *Channel) Find(ctx context.Context, _ channels.Address, reply contact.Reply) (channels.Receipt, error) {
	r, err := ch.await(ctx)
	if err != nil {
		return channels.Receipt{}, fmt.Errorf("find reply in chat: %w", err)
	}
	found, err := r.find(ctx, reply.ID)
	if errors.Is(err, store.ErrUnknown) {
		return channels.Receipt{}, fmt.Errorf("find reply in chat: %w", channels.ErrNotFound)
	}
	if err != nil {
		return channels.Receipt{}, fmt.Errorf("find reply in chat: %w", err)
	}
	return found, nil
}

func (r *running) find(ctx context.Context, id string) (channels.Receipt, error) {
	found, err := r.store.Reply(ctx, id)
	if err != nil {
		return channels.Receipt{}, err
	}
	session, err := r.store.ByID(ctx, found.Session)
	if err != nil {
		return channels.Receipt{}, err
	}
	return receipt(session.Public, found.N, found.N <= session.Received), nil
}

package email

import (
	"context"
	"fmt"
	"slices"

	"contactd/channels"
	"contactd/channels/email/imap"
)

// handover hands batches to the inbox, one at a time, while the next is fetched.
type handover struct {
	*folder
	session *imap.Session
	advance bool // the position follows

	offered chan error  // of the batch that the inbox is accepting, nil without one
	batch   []imap.Mail // what was offered
	next    position    // where it leads
}

// takeWindow fetches the mails of a window and offers them.
func (h *handover) takeWindow(ctx context.Context, window []uint32) error {
	mails, err := h.list(h.session, window)
	if err != nil {
		return err
	}
	last := window[len(window)-1]
	if len(mails) == 0 && h.advance { // all are gone
		if err := h.settle(); err != nil {
			return err
		}
		h.position.last = last
	}
	for len(mails) > 0 {
		batch := h.folder.batch(mails)
		mails = mails[len(batch):]
		upTo := batch[len(batch)-1].UID
		if len(mails) == 0 {
			upTo = last // what the window has beyond it is gone
		}
		originals, err := h.fetch(ctx, h.session, batch)
		if err != nil {
			return err
		}
		if err := h.settle(); err != nil {
			return err
		}
		h.offer(ctx, originals, batch, upTo)
	}
	return nil
}

// offer lets the inbox begin to accept a batch.
func (h *handover) offer(ctx context.Context, originals []channels.Original, batch []imap.Mail, upTo uint32) {
	h.batch, h.next, h.offered = batch, h.position, make(chan error, 1)
	h.next.defects = h.defectsAfter(batch)
	var cursor channels.Cursor
	if h.advance {
		h.next.last = upTo
	}
	if h.advance || !slices.Equal(h.next.defects, h.position.defects) {
		cursor = h.cursor(h.next)
	}
	go func(result chan<- error) { result <- h.inbox.Accept(ctx, originals, cursor) }(h.offered)
}

// defectsAfter are the defects when a batch was accepted: its mails are none any
// more, unless the only one in it was given up.
func (f *folder) defectsAfter(batch []imap.Mail) []uint32 {
	defects := slices.DeleteFunc(slices.Clone(f.position.defects), func(uid uint32) bool { return indexOf(batch, uid) >= 0 })
	if f.givenUp(batch[0].UID) {
		defects = append(defects, batch[0].UID)
	}
	return defects
}

// settle waits until the inbox has the batch that was offered, and then moves
// or marks its mails.
func (h *handover) settle() error {
	if h.offered == nil {
		return nil
	}
	err := <-h.offered
	h.offered = nil
	if err != nil {
		return fmt.Errorf("%w: accept: %w", errInbox, err)
	}
	h.position = h.next
	h.progressed()
	done := make([]uint32, 0, len(h.batch))
	for _, mail := range h.batch {
		h.known.add(mail.UID)
		if !h.givenUp(mail.UID) {
			done = append(done, mail.UID)
		}
		delete(h.trouble, mail.UID)
		h.metrics.took(h.account.Name, h.name, mail.ReceivedAt)
	}
	return h.finish(h.session, done)
}

package email

import (
	"context"
	"errors"
	"fmt"
	"time"

	"contactd/channels"
	"contactd/channels/email/imap"
)

// How much is asked for at once. A batch is held in memory until the inbox has
// it; larger ones were not faster.
const (
	windowMails = 500
	batchMails  = 100
	batchBytes  = 16 << 20
)

// retryFinish is the pause before a refused move or mark is tried again.
const retryFinish = time.Minute

// errInbox marks errors of our own side, which say nothing about a mail.
var errInbox = errors.New("inbox")

// catchUp takes every mail behind the position, however many there are.
func (f *folder) catchUp(ctx context.Context, s *imap.Session) error {
	if f.position.last == everything {
		return nil // no UID can follow
	}
	uids, err := s.Search(f.position.last + 1)
	if err != nil {
		return err
	}
	if f.position.renumbered == everything {
		f.position.renumbered = 0
		if len(uids) > 0 {
			f.position.renumbered = uids[len(uids)-1]
		}
	}
	return f.takeAll(ctx, s, uids, true)
}

// takeAll fetches mails and has them accepted, in order. With advance, the
// position follows: uids are then all there are behind it.
func (f *folder) takeAll(ctx context.Context, s *imap.Session, uids []uint32, advance bool) error {
	for len(uids) > 0 {
		window := uids[:min(len(uids), f.window(uids[0]))]
		mails, err := f.list(s, window)
		if err != nil {
			return err
		}
		for len(mails) > 0 {
			batch := f.batch(mails)
			mails = mails[len(batch):]
			if err := f.take(ctx, s, batch, advance); err != nil {
				return err
			}
		}
		if advance {
			f.position.last = window[len(window)-1] // the rest is proven gone
		}
		uids = uids[len(window):]
	}
	return nil
}

// window is how many mails to list at once: one after the list has failed.
func (f *folder) window(first uint32) int {
	if first <= f.oneByOne {
		return 1
	}
	return windowMails
}

// batch cuts off what is fetched with one command. A mail that has failed twice
// is fetched alone, and so is one that is cut.
func (f *folder) batch(mails []imap.Mail) []imap.Mail {
	var bytes int64
	for i, mail := range mails {
		alone := f.trouble[mail.UID] >= triesTogether || mail.Size > f.account.Oversize || mail.Size < 0
		if i == 0 && alone {
			return mails[:1]
		}
		bytes += mail.Size
		if i > 0 && (alone || i == batchMails || bytes > batchBytes) {
			return mails[:i]
		}
	}
	return mails
}

// take fetches a batch and has it accepted, then moves or marks it.
func (f *folder) take(ctx context.Context, s *imap.Session, batch []imap.Mail, advance bool) error {
	originals, err := f.fetch(ctx, s, batch)
	if err != nil {
		return err
	}
	var cursor channels.Cursor
	next := f.position
	if advance {
		next.last = batch[len(batch)-1].UID
		cursor = f.cursor(next)
	}
	if err := f.inbox.Accept(ctx, originals, cursor); err != nil {
		return fmt.Errorf("%w: accept: %w", errInbox, err)
	}
	f.position = next
	f.progressed()
	done := make([]uint32, 0, len(batch))
	for _, mail := range batch {
		f.known.add(mail.UID)
		delete(f.trouble, mail.UID)
		if !f.defects[mail.UID] {
			done = append(done, mail.UID)
		}
		f.metrics.took(f.account.Name, f.name, mail.ReceivedAt)
	}
	return f.finish(s, done)
}

// progressed notes that the way from the server to the inbox is whole.
func (f *folder) progressed() {
	f.network.reset()
	f.login.reset()
	f.account.health.working(f.name)
}

// finish moves or marks accepted mails. A refusal changes nothing about them;
// the next sweep tries again, sooner than usual.
func (f *folder) finish(s *imap.Session, uids []uint32) error {
	var err error
	switch f.afterIs {
	case "move":
		err = s.Move(uids, f.target)
	case "flag":
		err = s.Mark(uids, f.target)
	}
	var refused *imap.Refused
	if errors.As(err, &refused) && !refused.Login {
		f.log.Warn("accepted mails stay as they are", "mails", len(uids), "error", err)
		f.metrics.unfinished.WithLabelValues(f.account.Name, f.name).Inc()
		f.swept = time.Now().Add(retryFinish - f.timing.sweep)
		return nil
	}
	return err
}

// sweep looks at the mails before the position: some must be moved or marked
// again, some appeared late, and some could not be fetched before. Those that
// this process has not accepted itself are offered to the inbox again, which
// knows which it has. newer says that mails behind the position were seen, of
// which the server will not tell again.
func (f *folder) sweep(ctx context.Context, s *imap.Session) (newer bool, err error) {
	due := time.Since(f.swept) >= f.timing.sweep
	found, err := f.leftover(s)
	if err != nil {
		return false, err
	}
	var again, finish []uint32
	for _, uid := range found {
		switch {
		case uid > f.position.last:
			newer = true
		case f.defects[uid]:
			if due {
				again = append(again, uid)
			}
		case !f.known.has(uid):
			again = append(again, uid)
		default:
			finish = append(finish, uid)
		}
	}
	if f.afterIs == "keep" {
		finish = nil
	}
	if due {
		f.swept = time.Now()
	}
	for len(finish) > 0 {
		some := finish[:min(len(finish), windowMails)]
		if err := f.finish(s, some); err != nil {
			return newer, err
		}
		finish = finish[len(some):]
	}
	return newer, f.takeAll(ctx, s, again, false)
}

// remember notes, before the first mail is taken, which are there and were
// accepted by an earlier process: a mail that shows up among them is late. When
// mails are moved or marked, those that are left are offered again instead.
func (f *folder) remember(s *imap.Session) error {
	if f.remembered || f.afterIs != "keep" {
		return nil
	}
	found, err := s.Search(1)
	if err != nil {
		return err
	}
	for _, uid := range found {
		if uid <= f.position.last {
			f.known.add(uid)
		}
	}
	f.remembered = true
	return nil
}

// leftover returns the mails that a sweep is about.
func (f *folder) leftover(s *imap.Session) ([]uint32, error) {
	if f.afterIs == "flag" {
		return s.SearchUnmarked(1, f.target)
	}
	return s.Search(1)
}

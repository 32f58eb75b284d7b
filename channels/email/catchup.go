package email

import (
	"context"
	"errors"
	"slices"
	"time"

	"contactd/channels/email/imap"
)

// How much is asked for at once. Two batches are held in memory, one on its way
// into the inbox and one on its way from the server; larger ones were not
// faster.
const (
	windowMails = 500
	batchMails  = 100
	batchBytes  = 8 << 20
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
	h := handover{folder: f, session: s, advance: advance}
	for len(uids) > 0 {
		window := uids[:min(len(uids), f.window(uids[0]))]
		if err := h.takeWindow(ctx, window); err != nil {
			_ = h.settle() // what was offered before it counts
			return err
		}
		uids = uids[len(window):]
	}
	return h.settle()
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

// progressed notes that the way from the server to the inbox is whole.
func (f *folder) progressed() {
	f.network.reset()
	f.login.reset()
	f.tell(nil)
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
		f.log.Warn("accepted mails stay as they are", "mails", len(uids), "err", err)
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
	f.position.defects = slices.DeleteFunc(f.position.defects, func(uid uint32) bool {
		_, there := slices.BinarySearch(found, uid)
		return !there // somebody has dealt with it
	})
	var again, finish []uint32
	for _, uid := range found {
		switch {
		case uid > f.position.last:
			newer = true
		case slices.Contains(f.position.defects, uid):
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
	if f.remembered {
		return nil
	}
	var found []uint32
	var err error
	if f.afterIs == "keep" {
		if found, err = s.Search(1); err != nil {
			return err
		}
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

package email

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"contactd/channels"
	"contactd/channels/email/imap"
)

// A mail that fails with others is tried alone, then told as defective: with
// its header if the server gives it, else a few tries later without a byte.
const (
	triesTogether = 2
	triesAlone    = 3
	triesHeader   = 2
)

// cutBytes is what is taken of a mail over the oversize limit: a header, which
// package mail reads up to 256 KiB of, and the first MiB.
const cutBytes = 1<<20 + 256<<10

// list describes the mails of a window. One that is missing from the result is
// proven gone.
func (f *folder) list(s *imap.Session, window []uint32) ([]imap.Mail, error) {
	if len(window) == 1 && f.trouble[window[0]] >= triesTogether {
		return []imap.Mail{{UID: window[0], Size: -1}}, nil // its description may be the trouble
	}
	dates := window[0] > f.dateless
	mails, err := s.List(window, dates)
	if err == nil && len(mails) < len(window) {
		mails, err = f.listMissing(s, window, mails, dates)
	}
	if err != nil {
		f.listFailed(window, err)
		return nil, err
	}
	slices.SortFunc(mails, func(a, b imap.Mail) int { return int(int64(a.UID) - int64(b.UID)) })
	return mails, nil
}

// listFailed narrows down what breaks the description of a window: nothing in
// it, a malformed date, or one mail.
func (f *folder) listFailed(window []uint32, err error) {
	if saysNothing(err) {
		return
	}
	if f.unlisted != window[0] {
		f.unlisted, f.unlistedTimes = window[0], 0
	}
	f.unlistedTimes++
	last := window[len(window)-1]
	switch {
	case len(window) == 1:
		f.trouble[last]++
	case f.unlistedTimes == triesTogether:
		f.dateless = last
	case f.unlistedTimes > triesTogether:
		f.oneByOne = last
	}
}

// listMissing asks again for what an answer left out, and then whether it is
// there at all.
func (f *folder) listMissing(s *imap.Session, window []uint32, mails []imap.Mail, dates bool) ([]imap.Mail, error) {
	again, err := s.List(missing(window, mails), dates)
	if err != nil {
		return nil, err
	}
	mails = append(mails, again...)
	present, err := s.Present(missing(window, mails))
	if err != nil {
		return nil, err
	}
	for _, uid := range present {
		mails = append(mails, imap.Mail{UID: uid, Size: -1})
	}
	return mails, nil
}

func missing(uids []uint32, mails []imap.Mail) []uint32 {
	var rest []uint32
	for _, uid := range uids {
		if indexOf(mails, uid) < 0 {
			rest = append(rest, uid)
		}
	}
	return rest
}

func indexOf(mails []imap.Mail, uid uint32) int {
	return slices.IndexFunc(mails, func(m imap.Mail) bool { return m.UID == uid })
}

// fetch returns the originals of a batch, without mails that are proven gone.
func (f *folder) fetch(ctx context.Context, s *imap.Session, batch []imap.Mail) ([]channels.Original, error) {
	if f.givenUp(batch[0].UID) {
		original, err := f.defective(ctx, s, batch[0])
		return []channels.Original{original}, err
	}
	got := map[uint32]channels.Original{}
	err := f.fetchInto(ctx, s, batch, got)
	if err == nil && len(got) < len(batch) {
		err = f.fetchMissing(ctx, s, batch, got)
	}
	if err != nil {
		f.blame(batch, got, err)
		return nil, err
	}
	originals := make([]channels.Original, 0, len(batch))
	for _, mail := range batch {
		if original, ok := got[mail.UID]; ok {
			originals = append(originals, original)
		}
	}
	return originals, nil
}

// givenUp reports whether a mail, which is in a batch alone then, is told as
// defective and no longer fetched.
func (f *folder) givenUp(uid uint32) bool { return f.trouble[uid] >= triesTogether+triesAlone }

// blame counts a failure against the first mail that did not come.
func (f *folder) blame(batch []imap.Mail, got map[uint32]channels.Original, err error) {
	if saysNothing(err) {
		return
	}
	for _, mail := range batch {
		if _, ok := got[mail.UID]; !ok {
			f.trouble[mail.UID]++
			return
		}
	}
}

// saysNothing reports whether an error says nothing about the mails that were
// asked for: it is our own, or the server only wants a pause.
func saysNothing(err error) bool {
	var refused *imap.Refused
	return errors.Is(err, errInbox) || errors.Is(err, context.Canceled) || errors.As(err, &refused) && refused.Wait > 0
}

// fetchInto fetches mails with one command.
func (f *folder) fetchInto(ctx context.Context, s *imap.Session, mails []imap.Mail, got map[uint32]channels.Original) error {
	part, bytes := f.part(mails)
	uids := make([]uint32, len(mails))
	for i, mail := range mails {
		uids[i] = mail.UID
	}
	return s.Fetch(uids, bytes, part, f.keep(ctx, mails, got))
}

// part is how much of the mails to ask for, and how many bytes that may be.
func (f *folder) part(mails []imap.Mail) (imap.Part, int64) {
	var bytes int64
	for _, mail := range mails {
		bytes += mail.Size
	}
	switch {
	case mails[0].Size > f.account.Oversize:
		return imap.Part{First: cutBytes}, cutBytes
	case mails[0].Size < 0:
		return imap.Part{}, f.account.Oversize
	default:
		return imap.Part{}, bytes
	}
}

// fetchMissing asks again for mails that an answer left out, then whether they
// are there, and at last by their place in the folder.
func (f *folder) fetchMissing(ctx context.Context, s *imap.Session, batch []imap.Mail, got map[uint32]channels.Original) error {
	absent := func() (mails []imap.Mail, uids []uint32) {
		for _, mail := range batch {
			if _, ok := got[mail.UID]; !ok {
				mails, uids = append(mails, mail), append(uids, mail.UID)
			}
		}
		return mails, uids
	}
	mails, _ := absent()
	if err := f.fetchInto(ctx, s, mails, got); err != nil {
		return err
	}
	_, uids := absent()
	present, err := s.Present(uids)
	if err != nil || len(present) == 0 {
		return err
	}
	placed, err := s.List(present, false)
	if err != nil {
		return err
	}
	for _, mail := range placed { // its size may have been unknown until now
		at := indexOf(batch, mail.UID)
		if at < 0 {
			continue // not asked for
		}
		mail.ReceivedAt = batch[at].ReceivedAt
		alone := []imap.Mail{mail}
		part, _ := f.part(alone)
		if err := s.FetchAt(mail, part, f.keep(ctx, alone, got)); err != nil {
			return err
		}
	}
	for _, uid := range present {
		if _, ok := got[uid]; !ok {
			return fmt.Errorf("fetch: the server does not send mail %d", uid)
		}
	}
	return nil
}

// keep returns what turns the bytes of mails into originals.
func (f *folder) keep(ctx context.Context, mails []imap.Mail, got map[uint32]channels.Original) imap.Take {
	return func(uid uint32, size int64, body io.Reader) error {
		at := indexOf(mails, uid)
		if at < 0 {
			return nil // not asked for
		}
		original := f.original(mails[at])
		if mails[at].Size > f.account.Oversize {
			original.Defect = fmt.Sprintf(oversize+"%d bytes, of which the first %d were taken (limit %d)", mails[at].Size, size, f.account.Oversize)
		}
		if err := f.fill(ctx, &original, size, body); err != nil {
			return err
		}
		got[uid] = original
		return nil
	}
}

// fill reads the bytes of an original, into a blob when they are many.
func (f *folder) fill(ctx context.Context, original *channels.Original, size int64, body io.Reader) error {
	if size <= channels.InlineLimit {
		original.Bytes = make([]byte, size)
		_, err := io.ReadFull(body, original.Bytes)
		return err
	}
	watched := &watchedReader{from: body}
	blob, err := f.deps.Blobs.Store(ctx, watched)
	switch {
	case watched.err != nil:
		return watched.err
	case err != nil:
		return fmt.Errorf("%w: store mail: %w", errInbox, err)
	case blob.Size != size:
		return fmt.Errorf("%w: store mail: kept %d of %d bytes", errInbox, blob.Size, size)
	}
	original.Blob = &blob
	return nil
}

// watchedReader remembers an error of the server's side, which a store would
// return like one of its own.
type watchedReader struct {
	from io.Reader
	err  error
}

// Read reads on.
func (w *watchedReader) Read(p []byte) (int, error) {
	n, err := w.from.Read(p)
	if err != nil && err != io.EOF {
		w.err = err
	}
	return n, err
}

func (f *folder) original(mail imap.Mail) channels.Original {
	return channels.Original{
		Channel: Kind, Account: f.account.Name,
		ID:         f.position.platformID(f.name, mail.UID),
		MediaType:  "message/rfc822",
		ReceivedAt: mail.ReceivedAt,
		Renumbered: mail.UID <= f.position.renumbered,
	}
}

// defective tells of a mail that cannot be fetched, so that a person looks into
// the mailbox. It has an identity of its own: when the mail can be fetched
// later, it is another message.
func (f *folder) defective(ctx context.Context, s *imap.Session, mail imap.Mail) (channels.Original, error) {
	original := f.original(mail)
	original.ID += "/defect"
	original.Defect = fmt.Sprintf("fetch failed %d times; the mail is in the mailbox", f.trouble[mail.UID])
	if f.trouble[mail.UID] < triesTogether+triesAlone+triesHeader {
		err := s.Fetch([]uint32{mail.UID}, 1<<20, imap.Part{Header: true}, func(_ uint32, size int64, body io.Reader) error {
			return f.fill(ctx, &original, size, body)
		})
		if err == nil && original.Bytes == nil && original.Blob == nil {
			err = fmt.Errorf("fetch: the server does not send the header of mail %d", mail.UID)
		}
		if err != nil {
			f.blame([]imap.Mail{mail}, nil, err)
			return channels.Original{}, err
		}
	}
	f.log.Error("mail cannot be fetched", "mail", original.ID, "size", mail.Size)
	f.metrics.defective.WithLabelValues(f.account.Name, f.name).Inc()
	return original, nil
}

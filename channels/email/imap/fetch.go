package imap

import (
	"errors"
	"fmt"
	"io"
	"time"

	goimap "github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
)

// Mail is what a folder says about one mail. Nothing else is asked for: the
// library cannot survive a malformed ENVELOPE (pitfall 11).
type Mail struct {
	UID uint32
	// Seq is its place in the folder, which changes when mails go.
	Seq uint32
	// Size is in bytes, as the server counts; some are wrong.
	Size int64
	// ReceivedAt is when the server received it, zero when it cannot say.
	ReceivedAt time.Time
}

// List describes mails, without those that the server leaves out. Without
// dates, the server is not asked for them: a malformed one breaks the
// connection (pitfall 12).
func (s *Session) List(uids []uint32, dates bool) ([]Mail, error) {
	done := s.expect(s.limits.Search, smallAnswer+perMail*int64(len(uids)))
	defer done()
	command := s.client.Fetch(set(uids), &goimap.FetchOptions{UID: true, RFC822Size: true, InternalDate: dates})
	mails := make([]Mail, 0, len(uids))
	for data := command.Next(); data != nil; data = command.Next() {
		mail := Mail{Seq: data.SeqNum, Size: -1}
		for item := data.Next(); item != nil; item = data.Next() {
			switch item := item.(type) {
			case imapclient.FetchItemDataUID:
				mail.UID = uint32(item.UID)
			case imapclient.FetchItemDataRFC822Size:
				mail.Size = item.Size
			case imapclient.FetchItemDataInternalDate:
				mail.ReceivedAt = item.Time.UTC()
			}
		}
		if mail.UID != 0 && mail.Size >= 0 { // else it was a change of flags
			mails = append(mails, mail)
		}
	}
	if err := command.Close(); err != nil {
		return nil, s.explain("list", err)
	}
	return mails, nil
}

// Part is how much of a mail is fetched.
type Part struct {
	// Header asks for the header alone.
	Header bool
	// First asks for the first bytes only; 0 means all.
	First int64
}

func (p Part) section() *goimap.FetchItemBodySection {
	section := &goimap.FetchItemBodySection{Peek: true} // never marks a mail as seen
	if p.Header {
		section.Specifier = goimap.PartSpecifierHeader
	}
	if p.First > 0 {
		section.Partial = &goimap.SectionPartial{Size: p.First}
	}
	return section
}

// Take is given each mail's bytes, exactly size of them or an error. What it
// does not read is skipped. Its error ends the session.
type Take func(uid uint32, size int64, body io.Reader) error

// Fetch reads mails; bytes is about how much they have together. What Take was
// given counts only when Fetch returns nil. A mail that the server leaves out,
// or sends without its body or before its UID (pitfalls 5, 6, 13), is not given
// to Take: the caller compares.
func (s *Session) Fetch(uids []uint32, bytes int64, part Part, take Take) error {
	return s.fetch(set(uids), bytes, part, func(uid uint32) (uint32, error) { return uid, nil }, take)
}

// FetchAt reads one mail by its place in the folder, which works on servers
// that send a mail's UID behind its body. A mail with another UID is an error.
func (s *Session) FetchAt(mail Mail, part Part, take Take) error {
	known := func(uid uint32) (uint32, error) {
		if uid != 0 && uid != mail.UID {
			return 0, fmt.Errorf("fetch: place %d holds another mail", mail.Seq)
		}
		return mail.UID, nil
	}
	return s.fetch(goimap.SeqSetNum(mail.Seq), mail.Size, part, known, take)
}

func (s *Session) fetch(which goimap.NumSet, bytes int64, part Part, known func(uint32) (uint32, error), take Take) error {
	s.wire.await(expectation{
		silence: s.limits.Fetch,
		total:   10*time.Minute + time.Duration(bytes>>14)*time.Second, // 16 KiB a second is slow
		bytes:   2*bytes + 1<<20,                                       // sizes are not always right
	})
	defer s.wire.rest()
	command := s.client.Fetch(which, &goimap.FetchOptions{UID: true, BodySection: []*goimap.FetchItemBodySection{part.section()}})
	for data := command.Next(); data != nil; data = command.Next() {
		if err := s.receive(data, known, take); err != nil {
			s.wire.Close() // before the rest is drained (pitfall 3)
			if !s.cut {
				command.Close()
			}
			if cause := s.wire.failure(); cause != nil && errors.Is(err, io.ErrUnexpectedEOF) {
				return s.explain("fetch", cause)
			}
			return err
		}
	}
	if err := command.Close(); err != nil {
		return s.explain("fetch", err)
	}
	return nil
}

// receive gives one mail to take.
func (s *Session) receive(data *imapclient.FetchMessageData, known func(uint32) (uint32, error), take Take) error {
	var uid uint32
	taken := false
	for item := data.Next(); item != nil; item = data.Next() {
		switch item := item.(type) {
		case imapclient.FetchItemDataUID:
			uid = uint32(item.UID)
			if _, err := known(uid); err != nil {
				return err
			}
		case imapclient.FetchItemDataBodySection:
			if item.Literal == nil || taken { // BODY[] NIL (pitfall 13)
				continue
			}
			name, err := known(uid)
			if err != nil {
				return err
			}
			body := &exact{from: item.Literal, left: item.Literal.Size()}
			err = take(name, body.left, body)
			if err == nil {
				err = body.skip()
			}
			// The library reads on by itself behind a cut body: to drain it
			// would be a race (pitfall 22), and nothing waits to be drained.
			s.cut = body.cut
			if err != nil {
				return err
			}
			taken = true
		}
	}
	if taken && uid == 0 {
		return errors.New("fetch: a mail without uid")
	}
	return nil
}

// exact reads a literal of a known size. The library ends a literal that was
// cut off without an error (pitfall 4).
type exact struct {
	from io.Reader
	left int64
	cut  bool // the connection ended in the middle
}

// Read reads on; the end before the announced size is io.ErrUnexpectedEOF.
func (e *exact) Read(p []byte) (int, error) {
	switch {
	case e.left == 0:
		return 0, io.EOF
	case e.cut:
		return 0, io.ErrUnexpectedEOF
	}
	if int64(len(p)) > e.left {
		p = p[:e.left]
	}
	n, err := e.from.Read(p)
	e.left -= int64(n)
	switch {
	case err != nil && e.left > 0:
		e.cut = true
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
	case err == io.EOF:
		err = nil
	}
	return n, err
}

// skip reads what is left.
func (e *exact) skip() error {
	_, err := io.Copy(io.Discard, e)
	return err
}

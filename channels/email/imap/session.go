package imap

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	goimap "github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
)

// What a server may send in answer, in bytes: a bound on memory, because the
// library holds a whole line (pitfall 14).
const (
	smallAnswer  = 256 << 10
	searchAnswer = 64 << 20 // five million UIDs
	perMail      = 4 << 10  // what comes with a mail besides its bytes
)

// Session is a logged-in connection. It is for one goroutine; only ending the
// context of Dial reaches it from outside. After any error that is not a
// *Refused it must be closed.
type Session struct {
	ctx     context.Context
	limits  Limits
	wire    *wire
	client  *imapclient.Client
	caps    goimap.CapSet
	unbind  func() bool
	secrets []string
	news    chan struct{} // the number of mails changed; capacity 1
	cut     bool          // a body was cut off
}

// Folder is what the server says about the selected folder.
type Folder struct {
	// Validity is the UIDVALIDITY, never 0: UIDs mean what they did under the
	// same Validity only.
	Validity uint32
	// Next is above the UID of every mail that was ever in it, 0 when the
	// server does not tell.
	Next uint32
	// Mails is how many mails lie in it.
	Mails uint32
	// Keywords says whether any keyword can be set on a mail for good; Flags
	// are those that can be in any case.
	Keywords bool
	Flags    []string
}

// expect bounds the answer of the next command, until the returned function
// is called.
func (s *Session) expect(total time.Duration, bytes int64) (done func()) {
	s.wire.await(expectation{silence: total, total: total, bytes: bytes})
	return s.wire.rest
}

// Close ends the connection without a farewell. It is safe after any error and
// at any time, which the library's own Close is not (pitfall 3): the socket is
// closed first, and whatever is left was read by the command that failed.
func (s *Session) Close() {
	s.unbind()
	s.wire.Close()
	<-s.client.Closed()
}

// CanIdle reports whether the server tells of new mail by itself.
func (s *Session) CanIdle() bool { return s.caps.Has(goimap.CapIdle) }

// CanMove reports whether Move can work without touching other mails.
func (s *Session) CanMove() bool {
	return s.caps.Has(goimap.CapMove) || s.caps.Has(goimap.CapUIDPlus)
}

// Select opens a folder; read-only unless mails will be moved or marked.
func (s *Session) Select(name string, readOnly bool) (Folder, error) {
	done := s.expect(s.limits.Select, smallAnswer)
	defer done()
	data, err := s.client.Select(name, &goimap.SelectOptions{ReadOnly: readOnly}).Wait()
	if err != nil {
		return Folder{}, s.explain("select", err)
	}
	if data.UIDValidity == 0 { // pitfall 17
		return Folder{}, errors.New("select: the server gave no UIDVALIDITY")
	}
	folder := Folder{Validity: data.UIDValidity, Next: uint32(data.UIDNext), Mails: data.NumMessages}
	for _, flag := range data.PermanentFlags {
		folder.Keywords = folder.Keywords || flag == goimap.FlagWildcard
		folder.Flags = append(folder.Flags, string(flag))
	}
	return folder, nil
}

// Search returns the UIDs from first upwards, ascending. What the server told
// of before is no news to Idle any more.
func (s *Session) Search(first uint32) ([]uint32, error) {
	select {
	case <-s.news:
	default:
	}
	return s.search(&goimap.SearchCriteria{UID: []goimap.UIDSet{{{Start: goimap.UID(first)}}}}, first)
}

// SearchUnmarked is Search for the mails without a keyword.
func (s *Session) SearchUnmarked(first uint32, keyword string) ([]uint32, error) {
	return s.search(&goimap.SearchCriteria{
		UID:     []goimap.UIDSet{{{Start: goimap.UID(first)}}},
		NotFlag: []goimap.Flag{goimap.Flag(keyword)},
	}, first)
}

// Present returns which of the UIDs exist.
func (s *Session) Present(uids []uint32) ([]uint32, error) {
	if len(uids) == 0 {
		return nil, nil
	}
	return s.search(&goimap.SearchCriteria{UID: []goimap.UIDSet{set(uids)}}, 1)
}

// SearchHeader returns the mails of the selected folder in which a header
// field contains value.
func (s *Session) SearchHeader(field, value string) ([]uint32, error) {
	return s.search(&goimap.SearchCriteria{Header: []goimap.SearchCriteriaHeaderField{{Key: field, Value: value}}}, 1)
}

// Folders lists the folders that can be opened.
func (s *Session) Folders() ([]string, error) {
	done := s.expect(s.limits.Search, searchAnswer)
	defer done()
	listed, err := s.client.List("", "*", nil).Collect()
	if err != nil {
		return nil, s.explain("list", err)
	}
	var names []string
	for _, folder := range listed {
		if !slices.Contains(folder.Attrs, goimap.MailboxAttrNoSelect) && !slices.Contains(folder.Attrs, goimap.MailboxAttrNonExistent) {
			names = append(names, folder.Mailbox)
		}
	}
	return names, nil
}

func (s *Session) search(criteria *goimap.SearchCriteria, first uint32) ([]uint32, error) {
	done := s.expect(s.limits.Search, searchAnswer)
	defer done()
	data, err := s.client.UIDSearch(criteria, nil).Wait()
	if err != nil {
		return nil, s.explain("search", err)
	}
	return ascending(data.AllUIDs(), first), nil
}

// ascending drops UIDs below first: for "first:*" a server without newer mails
// returns the last one (pitfall 15). The library's set is sorted.
func ascending(found []goimap.UID, first uint32) []uint32 {
	uids := make([]uint32, 0, len(found))
	for _, uid := range found {
		if uint32(uid) >= first {
			uids = append(uids, uint32(uid))
		}
	}
	return uids
}

// Noop lets a server without IDLE notice new mails.
func (s *Session) Noop() error {
	done := s.expect(s.limits.Search, smallAnswer)
	defer done()
	if err := s.client.Noop().Wait(); err != nil {
		return s.explain("noop", err)
	}
	return nil
}

// Woken is why Idle returned.
type Woken int

// The reasons to return from Idle.
const (
	Elapsed Woken = iota // the period is over
	News                 // the server told of mails
	Ended                // the server ended IDLE: close the session and dial anew
)

// Idle waits until the server tells of mails, or for period. A server that
// ends IDLE by itself (pitfall 8) is not told DONE, which it would refuse.
func (s *Session) Idle(period time.Duration) (Woken, error) {
	done := s.expect(s.limits.Idle, smallAnswer)
	s.wire.idle(true)
	defer s.wire.idle(false)
	command, err := s.client.Idle()
	done()
	if err != nil {
		return Elapsed, s.explain("idle", err)
	}
	elapsed := time.NewTimer(period)
	defer elapsed.Stop()
	woken := Elapsed
	select {
	case <-s.news:
		woken = News
	case <-s.wire.ended:
		return Ended, nil
	case <-s.client.Closed():
		command.Close()
		return Elapsed, s.explain("idle", errors.New("connection closed"))
	case <-elapsed.C:
	}
	s.wire.idle(false)
	done = s.expect(s.limits.Idle, smallAnswer)
	defer done()
	if err := errors.Join(command.Close(), command.Wait()); err != nil {
		return Elapsed, s.explain("idle", err)
	}
	return woken, nil
}

// Mark sets a keyword on mails.
func (s *Session) Mark(uids []uint32, keyword string) error {
	if len(uids) == 0 {
		return nil
	}
	return s.store(uids, goimap.Flag(keyword))
}

func (s *Session) store(uids []uint32, flag goimap.Flag) error {
	done := s.expect(s.limits.Change, smallAnswer+perMail*int64(len(uids)))
	defer done()
	change := &goimap.StoreFlags{Op: goimap.StoreFlagsAdd, Silent: true, Flags: []goimap.Flag{flag}}
	if err := s.client.Store(set(uids), change, nil).Close(); err != nil {
		return s.explain("store", err)
	}
	return nil
}

// Move moves mails to another folder, which is made when it is missing. Mails
// that are gone are no error (pitfall 16), so it proves nothing about them.
func (s *Session) Move(uids []uint32, folder string) error {
	if len(uids) == 0 {
		return nil
	}
	err := s.move(uids, folder)
	var refused *Refused
	if errors.As(err, &refused) && refused.Code == string(goimap.ResponseCodeTryCreate) {
		if err := s.create(folder); err != nil {
			return err
		}
		return s.move(uids, folder)
	}
	return err
}

// move uses MOVE, or the three commands it stands for. The library's own way
// without MOVE could expunge what somebody else has marked as deleted.
func (s *Session) move(uids []uint32, folder string) error {
	done := s.expect(s.limits.Change, smallAnswer+perMail*int64(len(uids)))
	defer done()
	switch {
	case s.caps.Has(goimap.CapMove):
		if _, err := s.client.Move(set(uids), folder).Wait(); err != nil {
			return s.explain("move", err)
		}
	case s.caps.Has(goimap.CapUIDPlus):
		if _, err := s.client.Copy(set(uids), folder).Wait(); err != nil {
			return s.explain("copy", err)
		}
		if err := s.store(uids, goimap.FlagDeleted); err != nil {
			return err
		}
		if err := s.client.UIDExpunge(set(uids)).Close(); err != nil {
			return s.explain("expunge", err)
		}
	default:
		return &Refused{Command: "move", Status: "NO", Text: "the server offers neither MOVE nor UIDPLUS"}
	}
	return nil
}

func (s *Session) create(folder string) error {
	done := s.expect(s.limits.Change, smallAnswer)
	defer done()
	if err := s.client.Create(folder, nil).Wait(); err != nil {
		return fmt.Errorf("make folder: %w", s.explain("create", err))
	}
	return nil
}

// set turns UIDs into the library's form.
func set(uids []uint32) goimap.UIDSet {
	var set goimap.UIDSet
	for _, uid := range uids {
		set.AddNum(goimap.UID(uid))
	}
	return set
}

package email

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"contactd/channels"
	"contactd/channels/email/imap"
	"contactd/channels/email/mail"
	"contactd/contact"
)

// Find looks for the copy of an answer in all folders of the mailbox. One that
// is not there a while after the attempt was not taken: answer and copy are
// one mail to the server. An attempt that is not remembered was made before
// this channel was.
func (ch *Channel) Find(ctx context.Context, to channels.Address, reply contact.Reply) (channels.Receipt, error) {
	a := ch.account(to.Account)
	switch {
	case a == nil || a.sender == nil:
		return channels.Receipt{}, fmt.Errorf("find mail: account %q is not set up to send", to.Account)
	case !a.sender.keepsCopies():
		return channels.Receipt{}, errors.New("find mail: no copies are kept (smtp.copy, smtp.sent_folder): ask the mail server's log")
	}
	own, err := a.keyed()
	if err != nil {
		return channels.Receipt{}, fmt.Errorf("find mail: %w", err)
	}
	id, err := own.tokens.MessageID(reply.Conversation, reply.ID, a.sender.domain())
	if err != nil {
		return channels.Receipt{}, fmt.Errorf("find mail: %w", err)
	}
	select { // mail servers bound the connections of a mailbox
	case a.sender.search <- struct{}{}:
		defer func() { <-a.sender.search }()
	case <-ctx.Done():
		return channels.Receipt{}, fmt.Errorf("find mail: %w", ctx.Err())
	}
	asked := time.Now()
	since := ch.attemptOf(reply.ID)
	found, err := a.holds(ctx, ch.timing.limits, id)
	switch {
	case err != nil:
		return channels.Receipt{}, fmt.Errorf("find mail: %w", err)
	case found:
		ch.settled(reply.ID)
		return channels.Receipt{PlatformID: id}, nil
	case a.sender.SentFolder == "" && isInternational(to.Answer, reply):
		// The copy needs SMTPUTF8 on its way too, and the own mailbox may have
		// none (Dovecot's LMTP before 2.4): that it is not there proves nothing.
		return channels.Receipt{}, errors.New("find mail: not in the mailbox, which may take no copy of a mail to an internationalised address: ask the mail server's log")
	case asked.Sub(since) < a.sender.LookupAfter:
		return channels.Receipt{}, fmt.Errorf("find mail: not in the mailbox yet; lost when it is not there in %s", (a.sender.LookupAfter - asked.Sub(since)).Round(time.Second))
	}
	ch.settled(reply.ID)
	return channels.Receipt{}, fmt.Errorf("find mail: %w", channels.ErrNotFound)
}

// holds reports whether a mail of ours lies in the mailbox.
func (a *account) holds(ctx context.Context, limits imap.Limits, id string) (bool, error) {
	s, err := a.open(ctx, limits)
	if err != nil {
		return false, err
	}
	defer s.Close()
	listed, err := s.Folders()
	if err != nil {
		return false, err
	}
	for _, name := range inOrder(a.copyFolders(), listed) {
		_, err := s.Select(name, true)
		var refused *imap.Refused
		if errors.As(err, &refused) && !a.needs(name, listed) {
			continue
		}
		if err != nil {
			return false, fmt.Errorf("folder %q: %w", name, err)
		}
		for _, field := range []string{"Message-ID", mail.ReplyHeader} {
			if uids, err := s.SearchHeader(field, id); err != nil || len(uids) > 0 {
				return err == nil, err
			}
		}
	}
	return false, nil
}

// copyFolders are where a copy is expected, whether or not the server lists
// them, the one that mails are moved to after those that they are moved from: a
// mail on its way is not missed.
func (a *account) copyFolders() []string {
	folders := a.ownFolders()
	if target, moves := strings.CutPrefix(a.After, "move:"); moves {
		folders = append(folders, target)
	}
	return folders
}

// ownFolders are the folders that must be there.
func (a *account) ownFolders() []string {
	folders := slices.Clone(a.Folders)
	if a.sender != nil && a.sender.SentFolder != "" && !slices.Contains(folders, a.sender.SentFolder) {
		folders = append(folders, a.sender.SentFolder)
	}
	return folders
}

// needs reports whether a copy may lie in a folder that cannot be opened. It
// does not in one of somebody else's, listed and closed, nor in the one that
// mails are moved to before it was made.
func (a *account) needs(name string, listed []string) bool {
	return slices.Contains(a.ownFolders(), name) || slices.Contains(a.copyFolders(), name) && slices.Contains(listed, name)
}

// inOrder returns the first names and then the others.
func inOrder(first, all []string) []string {
	list := slices.Clone(first)
	for _, name := range all {
		if !slices.ContainsFunc(list, func(known string) bool { return canonical(known) == canonical(name) }) {
			list = append(list, name)
		}
	}
	return list
}

// maxAttempts bounds what is remembered.
const maxAttempts = 10_000

// attempted notes that a reply may have been sent just now.
func (ch *Channel) attempted(reply string) {
	ch.mutex.Lock()
	defer ch.mutex.Unlock()
	if len(ch.attempts) >= maxAttempts {
		for other, at := range ch.attempts {
			delete(ch.attempts, other)
			if at.After(ch.forgotten) {
				ch.forgotten = at
			}
			break
		}
	}
	ch.attempts[reply] = time.Now()
}

// attemptOf returns when a reply may have been sent at the latest.
func (ch *Channel) attemptOf(reply string) time.Time {
	ch.mutex.Lock()
	defer ch.mutex.Unlock()
	if at, known := ch.attempts[reply]; known {
		return at
	}
	return ch.forgotten
}

func (ch *Channel) settled(reply string) {
	ch.mutex.Lock()
	defer ch.mutex.Unlock()
	delete(ch.attempts, reply)
}

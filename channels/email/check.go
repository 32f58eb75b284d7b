package email

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"contactd/channels"
	"contactd/channels/email/imap"
	"contactd/channels/email/smtp"
)

// checkLimit is how long one account may take to be tried.
const checkLimit = time.Minute

// Check tries to log in to every account and to open its folders, read-only,
// and to log in where it sends. Nothing is sent.
func (ch *Channel) Check(ctx context.Context) []channels.Tried {
	tried := make([]channels.Tried, len(ch.accounts))
	var all sync.WaitGroup
	for i, a := range ch.accounts {
		all.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, checkLimit)
			defer cancel()
			detail, err := a.try(ctx, ch.timing.limits)
			if err == nil && a.sender != nil {
				detail += "; answers by " + a.sender.Address
				if err = a.sender.try(ctx); err != nil {
					err = fmt.Errorf("smtp: %w", err)
				}
			}
			tried[i] = channels.Tried{Account: a.Name, Detail: detail, Err: advise(err)}
		})
	}
	all.Wait()
	return tried
}

// try says what can be reached.
func (a *account) try(ctx context.Context, limits imap.Limits) (string, error) {
	if _, err := a.keyed(); err != nil {
		return a.Address, err
	}
	s, err := a.open(ctx, limits)
	if err != nil {
		return a.Address, err
	}
	defer s.Close()
	detail := []string{a.Address}
	for _, name := range a.ownFolders() {
		selected, err := s.Select(name, true)
		if err != nil {
			return strings.Join(detail, ", "), fmt.Errorf("folder %q: %w", name, err)
		}
		detail = append(detail, fmt.Sprintf("%s: %d mails", name, selected.Mails))
	}
	if strings.HasPrefix(a.After, "move:") && !s.CanMove() {
		return strings.Join(detail, ", "), errors.New("after: the server can move no mails; use keep or flag")
	}
	if !s.CanIdle() {
		detail = append(detail, fmt.Sprintf("no IDLE, looked at every %s", a.Poll))
	}
	return strings.Join(detail, ", "), nil
}

// try goes as far as the recipient of copies.
func (s *sender) try(ctx context.Context) error {
	return s.send(ctx, smtp.Mail{From: s.From, Copy: s.copyTo()}, smtp.Try)
}

// advise adds the way out to the usual errors.
func advise(err error) error {
	var refused *imap.Refused
	var authority x509.UnknownAuthorityError
	var name x509.HostnameError
	var plain tls.RecordHeaderError
	var step *smtp.Error
	key, port := "tls", "993"
	if errors.As(err, &step) {
		key, port = "smtp.tls", "465"
	}
	switch {
	case err == nil:
		return nil
	case errors.As(err, &plain):
		return fmt.Errorf("%w (set %s: starttls, or give the port where TLS comes first, such as %s)", err, key, port)
	case errors.Is(err, imap.ErrSilent):
		return fmt.Errorf("%w (if TLS comes first at this port, as at %s, set %s: implicit)", err, port, key)
	case step != nil && step.Copy:
		return fmt.Errorf("%w (set smtp.copy to an address of this mailbox, to none, or use smtp.sent_folder)", err)
	case step != nil && step.Step == smtp.LoggingIn && step.Code != 0, errors.As(err, &refused) && refused.Login:
		return fmt.Errorf("%w (check user and password, or the token's rights on this mailbox)", err)
	case errors.As(err, &refused) && refused.Command == "select":
		return fmt.Errorf("%w (check the folder's name)", err)
	case errors.As(err, &authority):
		return fmt.Errorf("%w (set ca_file to the authority that signed it)", err)
	case errors.As(err, &name):
		return fmt.Errorf("%w (set server_name to the name in the certificate)", err)
	default:
		return err
	}
}

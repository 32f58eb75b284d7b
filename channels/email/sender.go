package email

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"reflect"
	"strings"
	"sync/atomic"
	"time"

	"contactd/channels/email/oauth"
	"contactd/channels/email/smtp"
)

// sendersAtOnce is how many mails of an account are on their way at a time:
// Exchange Online takes three.
const sendersAtOnce = 2

// sender hands an account's mails over.
type sender struct {
	Sending
	oauth  *oauth.Source // nil unless the login needs a token
	limits smtp.Limits
	room   chan struct{} // one for each mail on its way
	search chan struct{} // one while the mailbox is searched for a copy
	dial   func(ctx context.Context, network, address string) (net.Conn, error)
	// failedAt is when somebody tried in vain to send, nil when it works.
	failedAt atomic.Pointer[time.Time]
}

// newSender returns nil when the account cannot send. It also makes the
// addresses that mails are sent from and copied to known as our own.
func newSender(a *account, dial func(ctx context.Context, network, address string) (net.Conn, error)) *sender {
	if !a.SMTP.enabled() {
		return nil
	}
	s := &sender{
		Sending: a.SMTP, limits: smtp.DefaultLimits(), dial: dial,
		room: make(chan struct{}, sendersAtOnce), search: make(chan struct{}, 1),
	}
	if s.Auth.Bearer() {
		if s.oauth = a.tokens; s.oauth == nil || !reflect.DeepEqual(s.OAuth, a.OAuth) {
			s.oauth = oauth.New(s.OAuth, nil)
		}
	}
	a.Addresses = append(a.Addresses[:len(a.Addresses):len(a.Addresses)], s.From)
	if s.Copy != noCopy {
		a.Addresses = append(a.Addresses, s.Copy)
	}
	return s
}

// send hands a mail over. A refused token is replaced once.
func (s *sender) send(ctx context.Context, m smtp.Mail, how func(context.Context, smtp.Config, smtp.Mail) error) error {
	select {
	case s.room <- struct{}{}:
		defer func() { <-s.room }()
	case <-ctx.Done():
		return ctx.Err()
	}
	trust, err := trusted(s.Address, s.ServerName, s.CAFile)
	if err != nil {
		return err
	}
	password, err := s.secret(ctx, "")
	if err != nil {
		return err
	}
	err = how(ctx, s.config(trust, password), m)
	var refused *smtp.Error
	if s.oauth == nil || !errors.As(err, &refused) || refused.Step != smtp.LoggingIn || refused.Code == 0 {
		return err
	}
	if password, err = s.secret(ctx, password); err != nil {
		return err
	}
	return how(ctx, s.config(trust, password), m)
}

func (s *sender) secret(ctx context.Context, refused string) (string, error) {
	if s.Auth == smtp.NoLogin {
		return "", nil
	}
	return secret(ctx, s.oauth, s.Password, s.PasswordFile, refused)
}

func (s *sender) config(trust *tls.Config, password string) smtp.Config {
	return smtp.Config{
		Address: s.Address, Security: s.TLS, TLS: trust, Mechanism: s.Auth, User: s.User, Secret: password,
		Hello: s.domain(), Limits: s.limits, Dial: s.dial,
	}
}

// domain is that of the address that mails come from.
func (s *sender) domain() string { return s.From[strings.LastIndexByte(s.From, '@')+1:] }

// copyTo is where copies go, or empty.
func (s *sender) copyTo() string {
	if s.Copy == noCopy {
		return ""
	}
	return s.Copy
}

// keepsCopies reports whether what was sent can be looked up.
func (s *sender) keepsCopies() bool { return s.Copy != noCopy || s.SentFolder != "" }

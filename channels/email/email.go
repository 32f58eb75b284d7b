// Package email takes the mails of IMAP mailboxes and answers them. Each folder of each account
// has a connection and a goroutine of its own, which repeats
//
//	dial, log in, select ─▶ catch up ─▶ IDLE ─▶ catch up ─▶ …
//
// and begins anew, after a growing pause, whatever goes wrong. How far a folder
// was read is a UID, kept by the inbox in the same transaction as the mails: a
// mail is passed over only when it was accepted or the server has said that it
// is gone. The Seen flag is neither set nor asked for, so other people may read
// the mailbox too.
//
// An answer goes by SMTP, with a copy to the mailbox itself, by which it is
// found again when its sending broke off.
//
// It leaves the protocols to packages imap and smtp, the understanding of a
// mail to package mail, the writing of one to package compose, and tokens to
// package oauth.
package email

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strings"
	"sync"
	"time"

	"contactd/channels"
	"contactd/channels/accounts"
	"contactd/channels/email/imap"
	"contactd/channels/email/oauth"

	"github.com/prometheus/client_golang/prometheus"
)

// Kind is the channel's kind in identities and events.
const Kind = "email"

// Deps are what the channel needs of others.
type Deps struct {
	// Blobs keeps large mails and attachments. Required.
	Blobs channels.Blobs
	// Health is told how accounts do. Required.
	Health channels.Health
	// Log, nil for none.
	Log *slog.Logger
	// Metrics takes the channel's collectors, nil for none.
	Metrics prometheus.Registerer
	// Dial opens connections to mail servers, nil for a net.Dialer.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// Channel takes the mails of all accounts. Receive may run once at a time; the
// other methods are safe beside it.
type Channel struct {
	deps     Deps
	accounts []*account
	metrics  *metrics
	timing   timing

	mutex sync.Mutex
	// attempts are when replies that may have been sent were last tried;
	// forgotten is after all those that are not among them.
	attempts  map[string]time.Time
	forgotten time.Time
}

var (
	_ channels.Channel      = (*Channel)(nil)
	_ channels.Checker      = (*Channel)(nil)
	_ channels.Replier      = (*Channel)(nil)
	_ channels.Acknowledger = (*Channel)(nil)
)

// account is a configured mailbox with what its folders share.
type account struct {
	Account
	blobs  channels.Blobs
	keys   keyring
	tokens *oauth.Source // nil unless the login needs a token
	sender *sender       // nil when the account cannot send
	health *accounts.Health
	dial   func(ctx context.Context, network, address string) (net.Conn, error)
}

// New checks the configuration. It dials nothing and reads no file: one that
// cannot be read fails its account alone.
func New(c Config, deps Deps) (*Channel, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if deps.Log == nil {
		deps.Log = slog.New(slog.DiscardHandler)
	}
	ch := &Channel{deps: deps, timing: defaultTiming(), attempts: map[string]time.Time{}, forgotten: time.Now()}
	for _, configured := range c.Accounts {
		a := &account{Account: configured.withDefaults(), blobs: deps.Blobs, dial: deps.Dial}
		if a.Auth.Bearer() {
			a.tokens = oauth.New(a.OAuth, nil)
		}
		a.sender = newSender(a, deps.Dial)
		a.health = accounts.NewHealth(Kind, a.Name, deps.Health)
		ch.accounts = append(ch.accounts, a)
	}
	metrics, err := newMetrics(deps.Metrics)
	if err != nil {
		return nil, err
	}
	ch.metrics = metrics
	return ch, nil
}

// Receive reads all folders until ctx ends, and sees when an account can send
// again that could not.
func (ch *Channel) Receive(ctx context.Context, inbox channels.Inbox) error {
	var running sync.WaitGroup
	for _, a := range ch.accounts {
		for _, name := range a.Folders {
			running.Go(func() { newFolder(ch, a, name, inbox).run(ctx) })
		}
		if a.sender != nil {
			running.Go(func() { a.watchSending(ctx, ch.timing.quiet) })
		}
	}
	running.Wait()
	<-ctx.Done() // also without a single account
	return nil
}

// open dials and logs in. A refused token is replaced once: it may have been
// withdrawn before its time.
func (a *account) open(ctx context.Context, limits imap.Limits) (*imap.Session, error) {
	trust, err := trusted(a.Address, a.ServerName, a.CAFile)
	if err != nil {
		return nil, err
	}
	secret, err := a.secret(ctx, "")
	if err != nil {
		return nil, err
	}
	session, err := imap.Dial(ctx, a.imap(trust, secret, limits))
	var refused *imap.Refused
	if a.tokens == nil || !errors.As(err, &refused) || !refused.Login || refused.Wait > 0 {
		return session, err
	}
	if secret, err = a.secret(ctx, secret); err != nil {
		return nil, err
	}
	return imap.Dial(ctx, a.imap(trust, secret, limits))
}

func (a *account) imap(trust *tls.Config, secret string, limits imap.Limits) imap.Config {
	return imap.Config{
		Address: a.Address, Security: a.TLS, TLS: trust,
		Mechanism: a.Auth, User: a.User, Secret: secret, Limits: limits, Dial: a.dial,
	}
}

// secret returns the password or a token other than the one that was refused.
func (a *account) secret(ctx context.Context, refused string) (string, error) {
	return secret(ctx, a.tokens, a.Password, a.PasswordFile, refused)
}

func secret(ctx context.Context, tokens *oauth.Source, password oauth.Secret, file, refused string) (string, error) {
	switch {
	case tokens != nil:
		return tokens.Token(ctx, refused)
	case file == "":
		return string(password), nil
	}
	content, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("read password: %w", err)
	}
	read := strings.TrimRight(string(content), "\r\n")
	if read == "" {
		return "", fmt.Errorf("read password: %s is empty", file)
	}
	return read, nil
}

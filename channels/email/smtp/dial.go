package smtp

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"contactd/channels/email/imap"

	gosmtp "github.com/emersion/go-smtp"
)

// NoLogin is the mechanism of a server that takes our mail as it comes, by our
// network address.
const NoLogin imap.Mechanism = "none"

// Limits are how long each step may take.
type Limits struct {
	Dial, TLS time.Duration
	// Command is for the answer to each command, Write for the server to take
	// a few kilobytes of the mail.
	Command, Write time.Duration
	// Answer is for the answer to the final dot, before which servers may
	// look for viruses.
	Answer time.Duration
}

// DefaultLimits are shorter than those of RFC 5321 (4.5.3.2), which are for
// servers: a handler waits.
func DefaultLimits() Limits {
	return Limits{Dial: 10 * time.Second, TLS: 10 * time.Second, Command: 30 * time.Second, Write: 30 * time.Second, Answer: 5 * time.Minute}
}

// Config says where the server is and how to log in.
type Config struct {
	// Address is host:port.
	Address  string
	Security imap.Security
	// TLS holds the authorities and the server's name; required unless
	// Security is imap.None.
	TLS *tls.Config
	// Mechanism is one of package imap, or NoLogin. With a password, LOGIN and
	// PLAIN stand in for each other.
	Mechanism imap.Mechanism
	User      string
	Secret    string
	// Hello is the domain that we introduce ourselves with.
	Hello string
	// Limits are DefaultLimits when zero.
	Limits Limits
	// Dial opens the connection; nil means a net.Dialer.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// quitLimit is for the farewell after all is done.
const quitLimit = 2 * time.Second

// session is a connection on which the server knows us.
type session struct {
	client *gosmtp.Client
	raw    net.Conn
	paced  *pacedConn // over raw
	unbind func() bool
}

// close ends the connection. There is no farewell: after an unfinished mail
// the library's QUIT would send the final dot.
func (s *session) close() {
	s.unbind()
	s.raw.Close()
}

// open dials, secures and logs in.
func open(ctx context.Context, c Config) (*session, *Error) {
	dial := c.Dial
	if dial == nil {
		dial = new(net.Dialer).DialContext
	}
	dialing, cancel := context.WithTimeout(ctx, c.Limits.Dial)
	defer cancel()
	raw, err := dial(dialing, "tcp", c.Address)
	if err != nil {
		return nil, failed(Connecting, fmt.Errorf("dial %s: %w", c.Address, err))
	}
	// The library knows no contexts: the socket is closed.
	s := &session{raw: raw, paced: &pacedConn{Conn: raw, limit: c.Limits.Write}, unbind: context.AfterFunc(ctx, func() { raw.Close() })}
	if err := s.greet(ctx, c); err != nil {
		s.close()
		return nil, failed(Connecting, ended(ctx, err))
	}
	if err := s.login(c); err != nil {
		s.close()
		return nil, failed(LoggingIn, ended(ctx, err))
	}
	return s, nil
}

// greet secures the connection and says hello.
func (s *session) greet(ctx context.Context, c Config) error {
	switch c.Security {
	case imap.None:
		s.client = gosmtp.NewClient(s.paced)
	case imap.Implicit:
		secured := tls.Client(s.paced, c.TLS)
		shaking, cancel := context.WithTimeout(ctx, c.Limits.TLS)
		defer cancel()
		if err := secured.HandshakeContext(shaking); err != nil {
			return fmt.Errorf("tls %s: %w", c.Address, err)
		}
		s.client = gosmtp.NewClient(secured)
	case imap.StartTLS:
		// The library's limits cannot be set before it has said hello.
		stop := time.AfterFunc(c.Limits.Command, func() { s.raw.Close() })
		defer stop.Stop()
		client, err := gosmtp.NewClientStartTLS(s.paced, c.TLS)
		if err != nil && !stop.Stop() {
			err = imap.ErrSilent
		}
		if err != nil {
			return fmt.Errorf("starttls %s: %w", c.Address, err)
		}
		s.client = client
	default:
		return fmt.Errorf("connect %s: unknown security %q", c.Address, c.Security)
	}
	s.client.CommandTimeout, s.client.SubmissionTimeout = c.Limits.Command, c.Limits.Answer
	if err := s.client.Hello(c.Hello); err != nil {
		return fmt.Errorf("greet %s: %w", c.Address, err)
	}
	return nil
}

// login proves who we are.
func (s *session) login(c Config) error {
	if c.Mechanism == NoLogin {
		return nil
	}
	for _, mechanism := range alternatives(c.Mechanism) {
		if !s.client.SupportsAuth(strings.ToUpper(string(mechanism))) {
			continue
		}
		if mechanism == imap.Login {
			return s.client.Auth(&loginClient{answers: []string{c.User, c.Secret}})
		}
		proof, err := imap.SASL(mechanism, c.User, c.Secret, c.Address)
		if err != nil {
			return err
		}
		return s.client.Auth(proof)
	}
	return fmt.Errorf("the mail server at %s offers no login by %q", c.Address, c.Mechanism)
}

func alternatives(m imap.Mechanism) []imap.Mechanism {
	switch m {
	case imap.Login:
		return []imap.Mechanism{imap.Login, imap.Plain}
	case imap.Plain:
		return []imap.Mechanism{imap.Plain, imap.Login}
	}
	return []imap.Mechanism{m}
}

// loginClient speaks LOGIN, which is no standard: it answers two prompts,
// whatever their words. The library's own insists on English ones.
type loginClient struct{ answers []string }

// Start says nothing yet.
func (l *loginClient) Start() (string, []byte, error) { return "LOGIN", nil, nil }

// Next answers a prompt.
func (l *loginClient) Next([]byte) ([]byte, error) {
	if len(l.answers) == 0 {
		return nil, errors.New("the mail server asks more than two questions")
	}
	answer := l.answers[0]
	l.answers = l.answers[1:]
	return []byte(answer), nil
}

// pacedConn has a deadline for each write: the library sets none while it
// sends a mail. Its own deadlines are those for reading. A write that fails is
// noted and not told, and nothing is sent any more: a server that hangs up in
// the middle of a mail has said why, and the library reads no answer after an
// error.
type pacedConn struct {
	net.Conn
	limit  time.Duration
	broken error // of the first write that failed
}

// lastWords is how long what a server said before it hung up may be on its way.
const lastWords = 2 * time.Second

// Write sends bytes within the limit.
func (p *pacedConn) Write(b []byte) (int, error) {
	if p.broken == nil {
		p.broken = p.SetWriteDeadline(time.Now().Add(p.limit))
	}
	if p.broken == nil {
		_, p.broken = p.Conn.Write(b)
	}
	return len(b), nil
}

// SetDeadline is for reading alone.
func (p *pacedConn) SetDeadline(t time.Time) error {
	if p.broken != nil {
		t = time.Now().Add(lastWords)
	}
	return p.SetReadDeadline(t)
}

// ended prefers the end of ctx, the cause, to the closed socket, its effect.
func ended(ctx context.Context, err error) error {
	if ctx.Err() != nil && !isAnswer(err) {
		return ctx.Err()
	}
	return err
}

func isAnswer(err error) bool {
	var answer *gosmtp.SMTPError
	return errors.As(err, &answer)
}

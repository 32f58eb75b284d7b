package imap

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	goimap "github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
)

// Limits are how long each step may take.
type Limits struct {
	Dial, TLS, Greeting, Login, Select, Search time.Duration
	// Change is for moving and marking.
	Change time.Duration
	// Fetch is how long nothing may come of a mail that is on its way.
	Fetch time.Duration
	// Idle is to begin and to end IDLE.
	Idle time.Duration
}

// DefaultLimits are generous for slow servers and far below what an operator
// would call hanging.
func DefaultLimits() Limits {
	return Limits{
		Dial: 10 * time.Second, TLS: 10 * time.Second, Greeting: 15 * time.Second, Login: 30 * time.Second,
		Select: time.Minute, Search: time.Minute, Change: time.Minute,
		Fetch: 30 * time.Second, Idle: 30 * time.Second,
	}
}

// Security is how a connection is protected.
type Security string

// The ways to protect a connection.
const (
	Implicit Security = "implicit" // TLS from the first byte (port 993)
	StartTLS Security = "starttls" // plain first, then TLS before the login (port 143)
	None     Security = "none"     // for a server on the same machine only
)

// Config says where a mailbox is and how to log in.
type Config struct {
	// Address is host:port.
	Address  string
	Security Security
	// TLS holds the authorities and the server's name; required unless
	// Security is None.
	TLS       *tls.Config
	Mechanism Mechanism
	User      string
	// Secret is the password, or the token of a bearer mechanism.
	Secret string
	// Limits are DefaultLimits when zero.
	Limits Limits
	// Dial opens the connection; nil means a net.Dialer.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// Dial connects and logs in. The session ends with ctx: whatever it is doing
// then returns at once. The caller closes it.
func Dial(ctx context.Context, c Config) (*Session, error) {
	if c.Limits == (Limits{}) {
		c.Limits = DefaultLimits()
	}
	dial := c.Dial
	if dial == nil {
		dial = new(net.Dialer).DialContext
	}
	dialing, cancel := context.WithTimeout(ctx, c.Limits.Dial)
	defer cancel()
	raw, err := dial(dialing, "tcp", c.Address)
	if err != nil {
		return nil, fmt.Errorf("dial %s: %w", c.Address, err)
	}
	// The library knows no contexts (pitfall 19): the socket is closed.
	unbind := context.AfterFunc(ctx, func() { raw.Close() })
	conn, greeting, err := secure(ctx, raw, c)
	if err != nil {
		unbind()
		raw.Close()
		return nil, err
	}
	s := newSession(ctx, newWire(conn, raw, greeting), c.Limits, unbind)
	s.secrets = secretsOf(c)
	if err := s.begin(c); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// secure puts TLS on the connection. For STARTTLS it returns a greeting for
// the library, which has missed the server's.
func secure(ctx context.Context, raw net.Conn, c Config) (conn net.Conn, greeting []byte, err error) {
	switch c.Security {
	case None:
		return raw, nil, nil
	case StartTLS:
		raw.SetDeadline(time.Now().Add(c.Limits.Greeting))
		if err := askForTLS(raw); err != nil {
			return nil, nil, fmt.Errorf("starttls %s: %w", c.Address, ended(ctx, err))
		}
		greeting = []byte("* OK begin\r\n")
	case Implicit:
	default:
		return nil, nil, fmt.Errorf("connect %s: unknown security %q", c.Address, c.Security)
	}
	shaking, cancel := context.WithTimeout(ctx, c.Limits.TLS)
	defer cancel()
	raw.SetDeadline(time.Now().Add(c.Limits.TLS))
	secured := tls.Client(raw, c.TLS)
	if err := secured.HandshakeContext(shaking); err != nil {
		return nil, nil, fmt.Errorf("tls %s: %w", c.Address, ended(ctx, err))
	}
	raw.SetDeadline(time.Time{})
	return secured, greeting, nil
}

// askForTLS speaks the little that goes before TLS. It reads no byte beyond
// the server's answer: what an attacker adds behind it fails the handshake.
func askForTLS(conn net.Conn) error {
	line, err := readLine(conn)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		err = ErrSilent
	}
	if err != nil {
		return fmt.Errorf("read greeting: %w", err)
	}
	if !strings.HasPrefix(strings.ToUpper(line), "* OK") {
		return fmt.Errorf("read greeting: want OK, got %s", printable(line)) // PREAUTH would skip TLS
	}
	if _, err := conn.Write([]byte("S STARTTLS\r\n")); err != nil {
		return err
	}
	for range 20 {
		line, err := readLine(conn)
		switch {
		case err != nil:
			return err
		case strings.HasPrefix(strings.ToUpper(line), "S OK"):
			return nil
		case strings.HasPrefix(strings.ToUpper(line), "S "):
			return errors.New("refused: " + printable(line))
		}
	}
	return errors.New("no answer in 20 lines")
}

// readLine reads a short line byte by byte.
func readLine(conn net.Conn) (string, error) {
	var line []byte
	for one := make([]byte, 1); len(line) < 8<<10; {
		if _, err := conn.Read(one); err != nil {
			return "", err
		}
		if one[0] == '\n' {
			return strings.TrimRight(string(line), "\r"), nil
		}
		line = append(line, one[0])
	}
	return "", errors.New("line too long")
}

// begin waits for the greeting, logs in and learns what the server can do.
func (s *Session) begin(c Config) error {
	done := s.expect(c.Limits.Greeting, smallAnswer)
	err := s.client.WaitGreeting()
	if err == nil {
		s.client.Caps() // asked for unless greeted with; before a login may begin
	}
	done()
	if err != nil {
		return s.explain("greeting", err)
	}
	if err := s.wire.failure(); err != nil {
		return s.explain("greeting", err)
	}
	if err := s.login(c); err != nil {
		return err
	}
	done = s.expect(c.Limits.Greeting, smallAnswer)
	defer done()
	s.caps = s.client.Caps()
	if s.caps == nil {
		return s.explain("capability", errors.New("no list of capabilities"))
	}
	return s.speakUTF8()
}

// speakUTF8 does what a server wants that opens folders for clients with UTF-8
// alone (RFC 6855). Others are not asked: the library then misreads names of
// folders with an &.
func (s *Session) speakUTF8() error {
	if !s.caps.Has(goimap.CapUTF8Only) {
		return nil
	}
	if _, err := s.client.Enable(goimap.CapUTF8Accept).Wait(); err != nil {
		return s.explain("enable", err)
	}
	return nil
}

func newSession(ctx context.Context, w *wire, limits Limits, unbind func() bool) *Session {
	s := &Session{ctx: ctx, wire: w, limits: limits, unbind: unbind, news: make(chan struct{}, 1)}
	s.client = imapclient.New(w, &imapclient.Options{
		UnilateralDataHandler: &imapclient.UnilateralDataHandler{
			// Called by the goroutine that reads: it must never wait (pitfall 10).
			Mailbox: func(data *imapclient.UnilateralDataMailbox) {
				if data.NumMessages != nil {
					select {
					case s.news <- struct{}{}:
					default:
					}
				}
			},
		},
	})
	return s
}

// secretsOf lists the forms in which the secret could come back.
func secretsOf(c Config) []string {
	if c.Secret == "" {
		return nil
	}
	response := "\x00" + c.User + "\x00" + c.Secret
	if c.Mechanism.Bearer() {
		host, port := splitAddress(c.Address)
		_, initial, _ := bearer{c.Mechanism, c.User, c.Secret, host, port}.Start()
		response = string(initial)
	}
	return []string{
		c.Secret,
		strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(c.Secret),
		base64.StdEncoding.EncodeToString([]byte(c.Secret)),
		base64.StdEncoding.EncodeToString([]byte(response)),
	}
}

// ended prefers the end of ctx, the cause, to the closed socket, its effect.
func ended(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

func splitAddress(address string) (host, port string) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return address, ""
	}
	return host, port
}

package imap

import (
	"fmt"

	"github.com/emersion/go-sasl"
)

// Mechanism is a way to log in.
type Mechanism string

// The ways to log in. Login is IMAP's own command; the others are SASL.
const (
	Login       Mechanism = "login"
	Plain       Mechanism = "plain"
	XOAuth2     Mechanism = "xoauth2"
	OAuthBearer Mechanism = "oauthbearer"
)

// Bearer reports whether the secret of the mechanism is a token.
func (m Mechanism) Bearer() bool { return m == XOAuth2 || m == OAuthBearer }

// bearer logs in with a token. Both of its mechanisms tell of a refusal in a
// challenge, which must be answered by the single byte 1 before the server
// says NO: an error there would leave the connection in the middle of the
// exchange (pitfall 20), and an empty answer would go out as "=" (pitfall 21).
type bearer struct {
	mechanism Mechanism
	user      string
	token     string
	host      string
	port      string
}

// Start gives the token.
func (b bearer) Start() (string, []byte, error) {
	if b.mechanism == XOAuth2 {
		return "XOAUTH2", []byte("user=" + b.user + "\x01auth=Bearer " + b.token + "\x01\x01"), nil
	}
	return "OAUTHBEARER", []byte("n,a=" + saslName(b.user) + ",\x01host=" + b.host + "\x01port=" + b.port +
		"\x01auth=Bearer " + b.token + "\x01\x01"), nil
}

// Next acknowledges that the token was refused.
func (bearer) Next([]byte) ([]byte, error) { return []byte{1}, nil }

// saslName escapes a name for a GS2 header (RFC 5801).
func saslName(name string) string {
	escaped := make([]byte, 0, len(name))
	for i := range len(name) {
		switch name[i] {
		case ',':
			escaped = append(escaped, "=2C"...)
		case '=':
			escaped = append(escaped, "=3D"...)
		default:
			escaped = append(escaped, name[i])
		}
	}
	return string(escaped)
}

// SASL returns what a SASL mechanism says, for other protocols too. address is
// the server's host:port. Login is none.
func SASL(m Mechanism, user, secret, address string) (sasl.Client, error) {
	host, port := splitAddress(address)
	switch m {
	case Plain:
		return sasl.NewPlainClient("", user, secret), nil
	case XOAuth2, OAuthBearer:
		return bearer{m, user, secret, host, port}, nil
	}
	return nil, fmt.Errorf("login: unknown mechanism %q", m)
}

// login proves who we are.
func (s *Session) login(c Config) error {
	done := s.expect(s.limits.Login, smallAnswer)
	defer done()
	var err error
	if c.Mechanism == Login {
		err = s.client.Login(c.User, c.Secret).Wait()
	} else {
		proof, unknown := SASL(c.Mechanism, c.User, c.Secret, c.Address)
		if unknown != nil {
			return unknown
		}
		err = s.client.Authenticate(proof)
	}
	if err != nil {
		return s.explain("login", err)
	}
	return nil
}

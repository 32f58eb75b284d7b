package smtp

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"contactd/channels/email/imap"
)

// scripted is a server that says what it says, whatever it is told.
type scripted struct {
	says io.Reader
	told bytes.Buffer
}

func (s *scripted) Read(p []byte) (int, error)       { return s.says.Read(p) }
func (s *scripted) Write(p []byte) (int, error)      { return s.told.Write(p) }
func (s *scripted) Close() error                     { return nil }
func (s *scripted) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (s *scripted) RemoteAddr() net.Addr             { return &net.TCPAddr{} }
func (s *scripted) SetDeadline(time.Time) error      { return nil }
func (s *scripted) SetReadDeadline(time.Time) error  { return nil }
func (s *scripted) SetWriteDeadline(time.Time) error { return nil }

// FuzzTheServersAnswers lets a server say anything: whether the mail may have
// been taken is told by what we said to it, its words are not repeated, and
// what it does not offer is not asked for.
func FuzzTheServersAnswers(f *testing.F) {
	for _, seed := range []string{
		"220 a\r\n250 b\r\n250 c\r\n250 d\r\n250 e\r\n354 f\r\n250 g\r\n221 h\r\n",
		"220 a\r\n250-b\r\n250-AUTH LOGIN\r\n250-DSN\r\n250-SIZE 10\r\n250 SMTPUTF8\r\n250 c\r\n550 5.1.1 planted\r\n",
		"220 a\r\n250 b\r\n250 c\r\n250 d\r\n250 e\r\n354 f\r\n451 4.3.0 planted\r\n", "220 a\r\n250 b\r\n250 c\r\n250 d\r\n250 e\r\n354 f\r\nplanted\r\n",
		"220 a\r\n250 b\r\n250 c\r\n250 d\r\n250 e\r\n354 f\r\n", "554 planted\r\n", "", "\x00\xff", "220-a\r\n220", "250-SIZE -1\r\n", strings.Repeat("2", 5000),
	} {
		f.Add([]byte(seed), false)
		f.Add([]byte(seed), true)
	}
	f.Fuzz(func(t *testing.T, says []byte, international bool) {
		s := &scripted{says: bytes.NewReader(says)}
		c := Config{
			Address: "mail.test:25", Security: imap.None, Mechanism: NoLogin, Hello: "force.example",
			Dial: func(context.Context, string, string) (net.Conn, error) { return s, nil },
		}
		m := mailTo(address)
		if international {
			m = mailTo("жанна@пример.рф")
		}
		err := Send(t.Context(), c, m)
		if international && !bytes.Contains(says, []byte("SMTPUTF8")) && bytes.Contains(s.told.Bytes(), []byte("MAIL")) {
			t.Error("an internationalised mail was begun with a server that knows none")
		}
		ended := bytes.Contains(s.told.Bytes(), []byte("\r\n.\r\n"))
		var e *Error
		switch {
		case err == nil:
			if !ended {
				t.Error("sent without a final dot")
			}
			return
		case !errors.As(err, &e):
			t.Fatalf("%T", err)
		}
		if certain := e.Step == Dot && (e.Code/100 == 4 || e.Code/100 == 5); ended != (e.Uncertain() || certain) {
			t.Errorf("ended %v, told as %v", ended, err)
		}
		if e.Uncertain() && e.Permanent() {
			t.Error("both uncertain and permanent")
		}
		if bytes.Contains(says, []byte("planted")) && strings.Contains(err.Error(), "planted") {
			t.Errorf("the server's words are repeated: %v", err)
		}
	})
}

package imap

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"runtime"
	"strings"
	"testing"
)

// server is the other end of a connection, played by a script. It leaves its
// goroutine when the client is gone.
type server struct {
	t     *testing.T
	conn  net.Conn
	lines *bufio.Reader
	got   []string // the commands, without their tags
}

const offers = "IMAP4rev1 IDLE UIDPLUS MOVE SASL-IR"

// serve returns a Config whose connection script answers. With the script's
// end the connection stays open and silent.
func serve(t *testing.T, script func(*server)) Config {
	t.Helper()
	return Config{
		Address: "mail.test:143", Security: None, Mechanism: Login, User: "desk", Secret: "open sesame",
		Dial: func(context.Context, string, string) (net.Conn, error) {
			ours, theirs := net.Pipe()
			t.Cleanup(func() { theirs.Close() })
			go script(&server{t: t, conn: theirs, lines: bufio.NewReader(theirs)})
			return ours, nil
		},
	}
}

// send sends lines.
func (s *server) send(format string, args ...any) {
	if _, err := fmt.Fprintf(s.conn, format+"\r\n", args...); err != nil {
		runtime.Goexit()
	}
}

// raw sends bytes.
func (s *server) raw(text string) {
	if _, err := io.WriteString(s.conn, text); err != nil {
		runtime.Goexit()
	}
}

// line reads a line.
func (s *server) line() string {
	line, err := s.lines.ReadString('\n')
	if err != nil {
		runtime.Goexit()
	}
	return strings.TrimRight(line, "\r\n")
}

// want reads a command that begins with prefix and returns its tag.
func (s *server) want(prefix string) string {
	tag, command, _ := strings.Cut(s.line(), " ")
	s.got = append(s.got, command)
	if !strings.HasPrefix(command, prefix) {
		s.t.Errorf("client sent %q, want %s", command, prefix)
		runtime.Goexit()
	}
	return tag
}

// admit greets and accepts the login.
func (s *server) admit() {
	s.send("* OK [CAPABILITY %s] hello", offers)
	s.send("%s OK [CAPABILITY %s] in", s.want("LOGIN"), offers)
}

// open admits and accepts the selection of a folder with three mails.
func (s *server) open() {
	s.admit()
	tag := s.want("EXAMINE")
	s.send("* 3 EXISTS")
	s.send("* OK [UIDVALIDITY 7] as ever")
	s.send("%s OK [READ-ONLY] selected", tag)
}

// dial connects and fails the test when it cannot.
func dial(t *testing.T, c Config) *Session {
	t.Helper()
	s, err := Dial(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// opened connects and selects.
func opened(t *testing.T, c Config) *Session {
	t.Helper()
	s := dial(t, c)
	if _, err := s.Select("INBOX", true); err != nil {
		t.Fatal(err)
	}
	return s
}

// into collects mails.
func into(mails map[uint32]string) Take {
	return func(uid uint32, _ int64, body io.Reader) error {
		text, err := io.ReadAll(body)
		if err == nil {
			mails[uid] = string(text)
		}
		return err
	}
}

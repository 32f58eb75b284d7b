package servers_test

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"contactd/deploy/servers"
)

// login speaks to the server over TLS and returns its answer to the command.
func login(t *testing.T, d *servers.DovecotServer, command string) string {
	t.Helper()
	authority, err := os.ReadFile(d.CAFile)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(authority)
	conn, err := tls.Dial("tcp", d.IMAPS, &tls.Config{RootCAs: pool, ServerName: "localhost"})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(20 * time.Second))
	fmt.Fprintf(conn, "a %s\r\n", command)
	for lines := bufio.NewScanner(conn); lines.Scan(); {
		switch line := lines.Text(); {
		case strings.HasPrefix(line, "a "):
			return line
		case strings.HasPrefix(line, "+"):
			fmt.Fprintf(conn, "AQ==\r\n")
		}
	}
	t.Fatalf("no answer:\n%s", d.Log())
	return ""
}

func TestDovecotKnowsItsPasswordAndItsTokens(t *testing.T) {
	d := servers.Dovecot(t, servers.DovecotOptions{})
	bearer := func(token string) string {
		return "AUTHENTICATE XOAUTH2 " + base64.StdEncoding.EncodeToString([]byte("user=desk\x01auth=Bearer "+token+"\x01\x01"))
	}
	for _, attempt := range []struct{ name, command, want string }{
		{"right password", "LOGIN desk " + servers.DovecotPassword, "a OK"},
		{"wrong password", "LOGIN desk wrong", "a NO"},
		{"right token", bearer(d.Token(t, "desk", time.Now().Add(time.Hour))), "a OK"},
		{"expired token", bearer(d.Token(t, "desk", time.Now().Add(-time.Minute))), "a NO"},
	} {
		if got := login(t, d, attempt.command); !strings.HasPrefix(got, attempt.want) {
			t.Errorf("%s: %s", attempt.name, got)
		}
	}
	d.Restart(t)
	if got := login(t, d, "LOGIN desk "+servers.DovecotPassword); !strings.HasPrefix(got, "a OK") {
		t.Errorf("after a restart: %s", got)
	}
}

func TestDovecotTakesMailByBothWays(t *testing.T) {
	d := servers.Dovecot(t, servers.DovecotOptions{})
	d.Deliver(t, "desk", "INBOX", []byte("Subject: one\r\n\r\nhelp\r\n"))
	d.DeliverLMTP(t, "desk", []byte("Subject: two\n\nhelp\n"))
	if got := d.Count(t, "desk", "INBOX"); got != 2 {
		t.Errorf("%d mails in the mailbox, want 2:\n%s", got, d.Log())
	}
}

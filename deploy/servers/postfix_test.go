package servers_test

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/mail"
	"net/smtp"
	"net/textproto"
	"os"
	"strings"
	"testing"
	"time"

	"contactd/deploy/servers"
)

// bearer logs in with a token (XOAUTH2).
type bearer struct{ user, token string }

func (b bearer) Start(*smtp.ServerInfo) (mechanism string, first []byte, err error) {
	return "XOAUTH2", []byte("user=" + b.user + "\x01auth=Bearer " + b.token + "\x01\x01"), nil
}

func (b bearer) Next([]byte, bool) ([]byte, error) { return nil, nil }

// password logs in with one (PLAIN).
func password(user, password string) smtp.Auth {
	return smtp.PlainAuth("", user, password, "localhost")
}

// connect speaks to the server by TLS, from the start or by STARTTLS as the
// address wants.
func connect(t *testing.T, p *servers.PostfixServer, address string) *smtp.Client {
	t.Helper()
	authority, err := os.ReadFile(p.CAFile)
	if err != nil {
		t.Fatal(err)
	}
	trust := &tls.Config{RootCAs: x509.NewCertPool(), ServerName: "localhost"}
	trust.RootCAs.AppendCertsFromPEM(authority)
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	conn.SetDeadline(time.Now().Add(20 * time.Second))
	if address == p.SMTPS {
		conn = tls.Client(conn, trust)
	}
	client, err := smtp.NewClient(conn, "localhost")
	if err != nil {
		t.Fatalf("greet: %v\n%s", err, p.Log())
	}
	t.Cleanup(func() { client.Close() })
	if address == p.Submission {
		if err := client.StartTLS(trust); err != nil {
			t.Fatalf("start TLS: %v\n%s", err, p.Log())
		}
	}
	return client
}

// send hands over a mail from alice@example.org.
func send(client *smtp.Client, recipient, text string) error {
	if err := client.Mail("alice@example.org"); err != nil {
		return err
	}
	if err := client.Rcpt(recipient); err != nil {
		return err
	}
	body, err := client.Data()
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(body, "From: alice@example.org\r\nTo: %s\r\nSubject: lost\r\n\r\n%s\r\n", recipient, text); err != nil {
		return err
	}
	return body.Close()
}

// code is the status of a refusal, 0 for none.
func code(err error) int {
	var refusal *textproto.Error
	errors.As(err, &refusal)
	if refusal == nil {
		return 0
	}
	return refusal.Code
}

func TestPostfixTakesMailOfWhoLogsIn(t *testing.T) {
	mailboxes := servers.Dovecot(t, servers.DovecotOptions{})
	p := servers.Postfix(t, mailboxes, servers.PostfixOptions{Refuse: "^nobody@", SizeLimit: 100_000})
	good := password("alice", servers.DovecotPassword)
	for _, attempt := range []struct {
		name, address string
		auth          smtp.Auth
		recipient     string
		text          string
		want          int
	}{
		{"by STARTTLS", p.Submission, good, "bob@example.org", "one", 0},
		{"by TLS", p.SMTPS, good, "bob@example.org", "two", 0},
		{"to a tagged address", p.SMTPS, good, "bob+tag@example.org", "three", 0},
		{"with a token", p.SMTPS, bearer{"alice", mailboxes.Token(t, "alice", time.Now().Add(time.Hour))}, "bob@example.org", "four", 0},
		{"with an old token", p.SMTPS, bearer{"alice", mailboxes.Token(t, "alice", time.Now().Add(-time.Hour))}, "bob@example.org", "", 535},
		{"with a wrong password", p.SMTPS, password("alice", "wrong"), "bob@example.org", "", 535},
		{"without a login", p.SMTPS, nil, "bob@example.org", "", 554},
		{"to nobody", p.SMTPS, good, "nobody@example.org", "", 550},
		{"too long", p.SMTPS, good, "bob@example.org", strings.Repeat("help\r\n", 20_000), 552},
	} {
		client := connect(t, p, attempt.address)
		var err error
		if attempt.auth != nil {
			err = client.Auth(attempt.auth)
		}
		if err == nil {
			err = send(client, attempt.recipient, attempt.text)
		}
		if code(err) != attempt.want || err != nil && attempt.want == 0 {
			t.Fatalf("%s: %v, want %d\n%s\n%s", attempt.name, err, attempt.want, p.Log(), mailboxes.Log())
		}
	}
	if mails := mailboxes.Await(t, "bob@example.org", "INBOX", 4); len(mails) != 4 {
		t.Errorf("%d mails in the mailbox, want 4", len(mails))
	}
}

func TestPostfixReturnsWhatCannotBeDelivered(t *testing.T) {
	mailboxes := servers.Dovecot(t, servers.DovecotOptions{})
	p := servers.Postfix(t, mailboxes, servers.PostfixOptions{Bounce: "^gone@"})
	client := connect(t, p, p.Submission)
	if err := errors.Join(client.Auth(password("alice", servers.DovecotPassword)), send(client, "gone@example.org", "help")); err != nil {
		t.Fatalf("%v\n%s", err, p.Log())
	}
	returned := mailboxes.Await(t, "alice@example.org", "INBOX", 1)[0]
	report, err := mail.ReadMessage(bytes.NewReader(returned))
	if err != nil {
		t.Fatal(err)
	}
	if kind := report.Header.Get("Content-Type"); !strings.HasPrefix(kind, "multipart/report; report-type=delivery-status") {
		t.Errorf("it is %q, want a delivery status", kind)
	}
	for _, want := range []string{"Final-Recipient: rfc822; gone@example.org", "Action: failed", "Status: 5.1.1"} {
		if !bytes.Contains(returned, []byte(want)) {
			t.Errorf("no %q in:\n%s", want, returned)
		}
	}
}

func TestPostfixKeepsWhatItTookWhenAllDie(t *testing.T) {
	mailboxes := servers.Dovecot(t, servers.DovecotOptions{})
	p := servers.Postfix(t, mailboxes, servers.PostfixOptions{})
	client := connect(t, p, p.SMTPS)
	if err := client.Auth(password("alice", servers.DovecotPassword)); err != nil {
		t.Fatal(err)
	}
	mailboxes.Kill(t)
	if err := send(client, "bob@example.org", "help"); err != nil {
		t.Fatalf("%v\n%s", err, p.Log())
	}
	p.Kill(t)
	mailboxes.Start(t)
	p.Start(t)
	mailboxes.Await(t, "bob@example.org", "INBOX", 1)
}

func TestPostfixFilesMailByItself(t *testing.T) {
	mailboxes := servers.Dovecot(t, servers.DovecotOptions{})
	p := servers.Postfix(t, mailboxes, servers.PostfixOptions{Maildirs: []string{"bob@example.org", "жанна@пример.рф"}})
	for recipient, mailbox := range map[string]string{"bob+tag@example.org": "bob@example.org", "жанна@пример.рф": "жанна@пример.рф"} {
		client := connect(t, p, p.SMTPS)
		if err := errors.Join(client.Auth(password("alice", servers.DovecotPassword)), send(client, recipient, "help")); err != nil {
			t.Fatalf("%s: %v\n%s", recipient, err, p.Log())
		}
		mailboxes.Await(t, mailbox, "INBOX", 1)
	}
}

package smtp

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"contactd/channels/email/imap"
	"contactd/channels/email/smtp/smtptest"
)

const (
	secret  = "planted-secret-4711"
	letter  = "Subject: x\r\n\r\nsomebody will come\r\n.a line that begins with a dot\r\nand more\r\nand more\r\n"
	address = "jo@example.org"
)

func mailTo(to string) Mail {
	return Mail{
		From: "contact@force.example", To: to, Copy: "contact@force.example", ID: "abc.def.ghi@force.example", Size: 1000,
		Write: func(w io.Writer) error { _, err := io.WriteString(w, letter); return err },
	}
}

func plain(s *smtptest.Server) Config {
	return Config{Address: s.Address, Security: imap.None, Mechanism: NoLogin, Hello: "force.example"}
}

func TestAMailIsHandedOverAsItIs(t *testing.T) {
	s := smtptest.Start(t, smtptest.Options{Offers: []string{"DSN", "SIZE 100000"}})
	if err := Send(t.Context(), plain(s), mailTo(address)); err != nil {
		t.Fatal(err)
	}
	taken := s.Taken()
	if len(taken) != 1 || string(taken[0].Bytes) != letter {
		t.Fatalf("taken: %q", taken)
	}
	want := []string{
		"MAIL FROM:<contact@force.example> SIZE=1000 RET=HDRS ENVID=abc.def.ghi",
		"RCPT TO:<contact@force.example> NOTIFY=NEVER", "RCPT TO:<jo@example.org> NOTIFY=FAILURE,DELAY",
	}
	if !slices.Equal(taken[0].Commands, want) {
		t.Errorf("envelope:\n%q\nwant\n%q", taken[0].Commands, want)
	}
	if !slices.Contains(s.Seen(), smtptest.Quit) {
		t.Error("no farewell")
	}
}

// TestTheErrorSaysHowFarItCame: whatever happens before the server has the
// final dot, the mail may be sent again.
func TestTheErrorSaysHowFarItCame(t *testing.T) {
	const certain, refused, uncertain = "not sent", "refused", "uncertain"
	for _, each := range []struct {
		step, deed string
		want       string
	}{
		{smtptest.Greeting, smtptest.Drop, certain},
		{smtptest.Greeting, "554 5.3.2 not now", certain},
		{smtptest.Greeting, "nonsense", certain},
		{smtptest.Hello, smtptest.Drop, certain},
		{smtptest.Hello, "421 4.3.2 busy", certain},
		{smtptest.Mail, smtptest.Drop, certain},
		{smtptest.Mail, "451 4.3.0 later", certain},
		{smtptest.Mail, "550 5.7.1 not you", certain},
		{smtptest.Mail, "552 5.3.4 too large", refused},
		{smtptest.Mail, "550 5.6.7 no such letters", refused},
		{smtptest.Rcpt, smtptest.Drop, certain},
		{smtptest.Rcpt, "450 4.7.1 greylisted", certain},
		{smtptest.Rcpt, "550 5.1.1 <jo@example.org> unknown", refused},
		{smtptest.Rcpt, "530 5.7.0 log in first", certain},
		{smtptest.Data, smtptest.Drop, certain},
		{smtptest.Data, "452 4.3.1 disk full", certain},
		{smtptest.Data, "554 5.7.1 no", refused},
		{smtptest.Body, smtptest.Drop, certain},
		{smtptest.Body, "552 5.3.4 too large", refused},
		{smtptest.Body, "554 5.7.1 <jo@example.org> no", refused},
		{smtptest.Body, "421 4.3.0 going down", certain},
		{smtptest.Body, "250 2.0.0 thank you", certain},
		{smtptest.Body, "nonsense", certain},
		{smtptest.Dot, "451 4.3.0 later", certain},
		{smtptest.Dot, "554 5.6.0 spam from jo@example.org", refused},
		{smtptest.Dot, smtptest.Drop, uncertain},
		{smtptest.Dot, smtptest.DropTaken, uncertain},
		{smtptest.Dot, "nonsense", uncertain},
		{smtptest.Dot, "354 go on", uncertain},
		{smtptest.Dot, "251 forwarded", ""},
		{smtptest.Quit, smtptest.Drop, ""},
		{smtptest.Quit, "500 what", ""},
	} {
		t.Run(each.step+" "+each.deed, func(t *testing.T) {
			s := smtptest.Start(t, smtptest.Options{})
			if each.step == smtptest.Rcpt {
				s.At(smtptest.Rcpt, smtptest.Go) // the own copy comes first
			}
			s.At(each.step, each.deed)
			m := mailTo(address)
			if each.step == smtptest.Body { // more than the network holds, so that it is noticed before the end
				m.Write = func(w io.Writer) error { _, err := io.WriteString(w, strings.Repeat(letter, 100_000)); return err }
			}
			err := Send(t.Context(), plain(s), m)
			if got := verdict(err); got != each.want {
				t.Fatalf("got %q (%v), want %q", got, err, each.want)
			}
			if err != nil && (strings.Contains(err.Error(), "jo@") || strings.Contains(err.Error(), "nonsense") || strings.Contains(err.Error(), "come")) {
				t.Errorf("the error quotes the server or the mail: %v", err)
			}
			if each.want != uncertain && each.want != "" && len(s.Taken()) > 0 {
				t.Error("the server has the mail")
			}
		})
	}
}

// TestSMTPUTF8IsAskedForWhereItIsNeeded: by whom it is needed decides what
// becomes of a mail that a server does not take. Our own address an operator
// mends; the person's stays as it is.
func TestSMTPUTF8IsAskedForWhereItIsNeeded(t *testing.T) {
	const letters = "жанна@пример.рф"
	to, from, own, header := mailTo(letters), mailTo(address), mailTo(address), mailTo(address)
	from.From, own.Copy, header.UTF8 = letters, letters, true
	for name, each := range map[string]struct {
		mail    Mail
		without string
	}{
		"nothing": {mailTo(address), ""}, "recipient": {to, "refused"}, "sender": {from, "not sent"}, "own copy": {own, "not sent"}, "header": {header, "not sent"},
	} {
		good, old := smtptest.Start(t, smtptest.Options{Offers: []string{"8BITMIME", "SMTPUTF8"}}), smtptest.Start(t, smtptest.Options{})
		if err := Send(t.Context(), plain(good), each.mail); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		taken := good.Taken()[0]
		if taken.From != each.mail.From || !slices.Equal(taken.To, []string{each.mail.Copy, each.mail.To}) || strings.HasSuffix(taken.Commands[0], " SMTPUTF8") != (each.without != "") {
			t.Errorf("%s: envelope %q", name, taken.Commands)
		}
		err := Send(t.Context(), plain(old), each.mail)
		if verdict(err) != each.without || err != nil && (!strings.Contains(err.Error(), "does not offer SMTPUTF8") || strings.Contains(err.Error(), letters)) {
			t.Errorf("%s, to a server that does not offer it: %v", name, err)
		}
		if err != nil && slices.Contains(old.Seen(), smtptest.Mail) {
			t.Errorf("%s: a server that does not offer it was told of the mail", name)
		}
	}
	if err := Try(t.Context(), plain(smtptest.Start(t, smtptest.Options{})), Mail{From: letters}); err == nil || !strings.Contains(err.Error(), "SMTPUTF8") {
		t.Errorf("tried: %v", err)
	}
}

func verdict(err error) string {
	var e *Error
	switch {
	case err == nil:
		return ""
	case !errors.As(err, &e):
		return "no *Error"
	case e.Uncertain():
		return "uncertain"
	case e.Permanent():
		return "refused"
	}
	return "not sent"
}

func TestWithoutItsOwnCopyNothingIsSent(t *testing.T) {
	s := smtptest.Start(t, smtptest.Options{})
	s.At(smtptest.Rcpt, "552 5.2.2 mailbox full")
	err := Send(t.Context(), plain(s), mailTo(address))
	if verdict(err) != "not sent" || !strings.Contains(err.Error(), "own copy") {
		t.Errorf("got %v", err)
	}
}

func TestAMailThatCannotBeWrittenIsNeverEnded(t *testing.T) {
	s := smtptest.Start(t, smtptest.Options{})
	m := mailTo(address)
	m.Write = func(w io.Writer) error {
		io.WriteString(w, letter)
		return errors.New("the attachment is damaged")
	}
	if err := Send(t.Context(), plain(s), m); verdict(err) != "not sent" {
		t.Errorf("got %v", err)
	}
	s.Stop()
	if len(s.Taken()) > 0 {
		t.Error("half a mail was taken")
	}
}

func TestATooLargeMailIsRefusedBeforeItIsSent(t *testing.T) {
	s := smtptest.Start(t, smtptest.Options{Offers: []string{"SIZE 999"}})
	if err := Send(t.Context(), plain(s), mailTo(address)); verdict(err) != "refused" || !strings.Contains(err.Error(), "5.3.4") {
		t.Errorf("got %v", err)
	}
}

func TestAServerThatSaysNothingIsNotWaitedForForEver(t *testing.T) {
	for _, step := range []string{smtptest.Greeting, smtptest.Hello, smtptest.Mail, smtptest.Rcpt, smtptest.Data, smtptest.Dot} {
		t.Run(step, func(t *testing.T) {
			ctx, end := context.WithCancel(t.Context())
			defer end()
			s := smtptest.Start(t, smtptest.Options{At: func(reached string) {
				if reached == step {
					end()
				}
			}})
			want := "not sent"
			c := plain(s)
			c.Limits = Limits{Dial: time.Minute, TLS: time.Minute, Command: 50 * time.Millisecond, Write: time.Minute, Answer: 50 * time.Millisecond}
			if step == smtptest.Dot {
				want, c.Limits.Command = "uncertain", time.Minute
			}
			s.At(step, smtptest.Hang, smtptest.Hang)
			if err := Send(ctx, plain(s), mailTo(address)); verdict(err) != want || !errors.Is(err, context.Canceled) {
				t.Errorf("end of context: got %v", err)
			}
			if err := Send(t.Context(), c, mailTo(address)); verdict(err) != want {
				t.Errorf("limit: got %v", err)
			}
		})
	}
}

func TestAServerThatStopsReadingIsNotWaitedForForEver(t *testing.T) {
	s := smtptest.Start(t, smtptest.Options{})
	s.At(smtptest.Body, smtptest.Hang)
	c := plain(s)
	c.Limits = DefaultLimits()
	c.Limits.Write = 100 * time.Millisecond
	m := mailTo(address)
	m.Write = func(w io.Writer) error {
		for range 1 << 20 {
			if _, err := io.WriteString(w, strings.Repeat("x", 70)+"\r\n"); err != nil {
				return err
			}
		}
		return nil
	}
	if err := Send(t.Context(), c, m); verdict(err) != "not sent" {
		t.Errorf("got %v", err)
	}
}

// authority makes a certificate for localhost, which is its own authority.
func authority(t *testing.T) (server, client *tls.Config) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}},
		&tls.Config{RootCAs: pool, ServerName: "localhost"}
}

func TestLoginsAreTakenOverBothKindsOfTLS(t *testing.T) {
	server, client := authority(t)
	for _, security := range []imap.Security{imap.Implicit, imap.StartTLS} {
		for mechanism, want := range map[imap.Mechanism]string{
			imap.Plain: "\x00desk\x00" + secret, imap.Login: "\x00desk\x00" + secret,
			imap.XOAuth2: "user=desk\x01auth=Bearer " + secret + "\x01\x01",
		} {
			t.Run(fmt.Sprint(security, " ", mechanism), func(t *testing.T) {
				s := smtptest.Start(t, smtptest.Options{
					TLS: server, Implicit: security == imap.Implicit, Offers: []string{"AUTH PLAIN LOGIN XOAUTH2"},
					Login: func(_, said string) bool { return said == want },
				})
				c := Config{Address: s.Address, Security: security, TLS: client, Mechanism: mechanism, User: "desk", Secret: secret, Hello: "force.example"}
				if err := Send(t.Context(), c, mailTo(address)); err != nil {
					t.Fatal(err)
				}
				if len(s.Taken()) != 1 {
					t.Error("the mail did not arrive")
				}
				c.Secret = "wrong-" + secret
				err := Send(t.Context(), c, mailTo(address))
				var e *Error
				if verdict(err) != "not sent" || !errors.As(err, &e) || e.Step != LoggingIn || e.Code != 535 || strings.Contains(err.Error(), secret) {
					t.Errorf("a wrong secret: %v", err)
				}
			})
		}
	}
}

func TestWhyAServerHungUpIsReadThroughTLSToo(t *testing.T) {
	server, client := authority(t)
	for _, security := range []imap.Security{imap.Implicit, imap.StartTLS} {
		s := smtptest.Start(t, smtptest.Options{TLS: server, Implicit: security == imap.Implicit})
		s.At(smtptest.Body, "552 5.3.4 too large")
		m := mailTo(address)
		m.Write = func(w io.Writer) error { _, err := io.WriteString(w, strings.Repeat(letter, 100_000)); return err }
		c := Config{Address: s.Address, Security: security, TLS: client, Mechanism: NoLogin, Hello: "force.example"}
		if err := Send(t.Context(), c, m); verdict(err) != "refused" || !strings.Contains(err.Error(), "552 5.3.4") {
			t.Errorf("%s: %v", security, err)
		}
	}
}

func TestNothingIsSaidToAServerThatCannotProveItself(t *testing.T) {
	server, client := authority(t)
	said := func(_, said string) bool { t.Errorf("it was told %q", said); return true }
	for name, options := range map[string]smtptest.Options{
		"another name": {TLS: server, Offers: []string{"AUTH PLAIN"}, Login: said},
		"no starttls":  {Offers: []string{"AUTH PLAIN"}, Login: said},
	} {
		s := smtptest.Start(t, options)
		c := Config{Address: s.Address, Security: imap.StartTLS, TLS: client.Clone(), Mechanism: imap.Plain, User: "desk", Secret: secret, Hello: "force.example"}
		c.TLS.ServerName = "mail.example.org"
		err := Send(t.Context(), c, mailTo(address))
		var hostname x509.HostnameError
		if verdict(err) != "not sent" || name == "another name" && !errors.As(err, &hostname) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestNoServerAtAll(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listener.Close()
	c := Config{Address: listener.Addr().String(), Security: imap.None, Mechanism: NoLogin}
	if err := Send(t.Context(), c, mailTo(address)); verdict(err) != "not sent" {
		t.Errorf("got %v", err)
	}
}

func TestTryTakesNothing(t *testing.T) {
	s := smtptest.Start(t, smtptest.Options{})
	if err := Try(t.Context(), plain(s), Mail{From: "contact@force.example", Copy: "contact@force.example"}); err != nil {
		t.Fatal(err)
	}
	s.At(smtptest.Rcpt, "550 5.1.1 unknown")
	if err := Try(t.Context(), plain(s), Mail{From: "contact@force.example", Copy: "contact@force.example"}); err == nil {
		t.Error("an unknown address for copies is not told")
	}
	if slices.Contains(s.Seen(), smtptest.Data) {
		t.Error("it began to send")
	}
}

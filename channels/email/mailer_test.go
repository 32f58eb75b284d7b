package email

import (
	"errors"
	"strings"
	"testing"

	"contactd/channels"
	"contactd/channels/channelstest"
	"contactd/channels/email/imap"
	"contactd/channels/email/mail"
	"contactd/channels/email/smtp/smtptest"
)

func TestWhatBelongsToNoMailboxIsSentByTheFirstAccountThatCan(t *testing.T) {
	server := smtptest.Start(t, smtptest.Options{})
	account := func(name string, s Sending) Account {
		return Account{Name: name, Address: "127.0.0.1:1", Folders: []string{name}, ThreadKeyFile: threadKeys(t), TLS: imap.None, User: "u", Password: "p", Config: mail.Config{Addresses: []string{name + "@force.example"}}, SMTP: s}
	}
	ch, err := New(Config{Accounts: []Account{
		account("mute", Sending{}), account("contact", Sending{Address: server.Address, TLS: imap.None, Auth: "none", Name: "Force"}),
	}}, Deps{Blobs: &channelstest.Blobs{}, Health: &channelstest.Health{}})
	if err != nil {
		t.Fatal(err)
	}
	mailer := ch.Mailer()
	untouched := func() error {
		if n := len(server.Taken()); n > 0 {
			t.Errorf("told of the last byte when %d mails were taken", n)
		}
		return nil
	}
	if err := mailer.Mail(t.Context(), "jo@example.org", "Eich sgwrs â’r heddlu", "You:\n  hello\n", untouched); err != nil {
		t.Fatal(err)
	}
	taken := server.Taken()
	if len(taken) != 1 {
		t.Fatalf("%d mails were sent", len(taken))
	}
	sent := string(taken[0].Bytes)
	for _, want := range []string{"To: <jo@example.org>", "contact@force.example", "Auto-Submitted: auto-", "Subject: =?utf-8?q?Eich_sgwrs_", "hello"} {
		if !strings.Contains(sent, want) {
			t.Errorf("no %q in %s", want, sent)
		}
	}
	if taken[0].From != "" || strings.Join(taken[0].To, " ") != "jo@example.org" {
		t.Errorf("from %q to %q", taken[0].From, taken[0].To)
	}
	for _, bad := range []string{"jo", "jo@example.org\r\nBcc: x@example.org", ""} {
		if err := mailer.Mail(t.Context(), bad, "a", "b", func() error { return nil }); !channels.IsRefused(err) || strings.Contains(err.Error(), "jo") {
			t.Errorf("to %q: %v", bad, err)
		}
	}
	if len(server.Taken()) != 1 {
		t.Error("a bad address was written to")
	}
	for _, c := range []struct {
		step, deed       string
		notSent, refused bool
	}{
		{smtptest.Rcpt, "550 5.1.1 no", false, true},
		{smtptest.Rcpt, "450 4.2.1 later", true, false},
		{smtptest.Dot, smtptest.Drop, false, false},
	} {
		server.At(c.step, c.deed)
		err := mailer.Mail(t.Context(), "jo@example.org", "a", "b", func() error { return nil })
		if err == nil || channels.IsNotSent(err) != c.notSent || channels.IsRefused(err) != c.refused {
			t.Errorf("at %s %s: %v", c.step, c.deed, err)
		}
		server.Clear()
	}
	if err := mailer.Mail(t.Context(), "jo@example.org", "a", "b", func() error { return errors.New("no") }); !channels.IsNotSent(err) {
		t.Errorf("held back: %v", err)
	}
	if len(server.Taken()) != 1 {
		t.Error("what was held back was sent")
	}
}

func TestWhereNoAccountSendsThereIsNoMailer(t *testing.T) {
	ch, err := New(Config{Accounts: []Account{{Name: "mute", Address: "127.0.0.1:1", TLS: imap.None, User: "u", Password: "p", Config: mail.Config{Addresses: []string{"mute@force.example"}}}}},
		Deps{Blobs: &channelstest.Blobs{}, Health: &channelstest.Health{}})
	if err != nil {
		t.Fatal(err)
	}
	if ch.Mailer() != nil {
		t.Error("there is one")
	}
}

package email

import (
	"fmt"
	"strings"
	"testing"

	"contactd/channels/email/imap"
	"contactd/channels/email/oauth"
)

func TestAllProblemsOfSendingAreToldWithTheirKeys(t *testing.T) {
	mailbox := Account{Name: "x", Address: "mail.example.org", User: "u", Password: "p"}
	spoilt := mailbox
	spoilt.SMTP = Sending{
		Address: "mail.example.org:x", TLS: "ssl", User: "u", From: "nobody", Name: "a\r\nBcc: b", Copy: "x", LookupAfter: 1, TextLimit: -1,
	}
	spoilt.Acknowledge = Acknowledge{Enabled: true, Subject: "a\nb", Text: Bilingual{En: "wait"}}
	plain := mailbox
	plain.Name, plain.SMTP = "y", Sending{Address: "mail.example.org", TLS: imap.None, Auth: "none"}
	token := mailbox
	token.Name, token.SMTP = "z", Sending{Address: "mail.example.org", User: "u", Auth: imap.XOAuth2, Password: "p"}
	token.Acknowledge.Enabled = true
	mute := mailbox
	mute.Name, mute.Acknowledge.Enabled = "m", true
	err := fmt.Sprint(Config{Accounts: []Account{spoilt, plain, token, mute}}.Validate())
	for _, want := range []string{
		"accounts[0].smtp.address: ", "accounts[0].smtp.tls: ", "accounts[0].smtp.password: ", "accounts[0].smtp.from: ", "accounts[0].smtp.name: ",
		"accounts[0].smtp.copy: ", "accounts[0].smtp.lookup_after: ", "accounts[0].smtp.text_limit", "accounts[0].thread_key_file: ",
		"accounts[0].acknowledge.text.en: must say to call 999", "accounts[0].acknowledge.subject: ",
		"accounts[1].smtp.tls: none would send", "accounts[2].smtp.password: ", "accounts[2].smtp.oauth.token_url: ", "accounts[3].acknowledge.enabled: needs smtp.address",
	} {
		if !strings.Contains("\n"+err, "\n"+want) {
			t.Errorf("%q is not told in:\n%s", want, err)
		}
	}
}

func TestSendingTakesOverWhatTheMailboxSays(t *testing.T) {
	a := Account{
		Name: "x", Address: "outlook.office365.com", User: "contact@force.example", Auth: imap.XOAuth2, CAFile: "ca.pem",
		OAuth: oauth.Config{TokenURL: "https://login.example.org/token"}, SMTP: Sending{Address: "smtp.office365.com", SentFolder: "Sent Items"},
	}
	a.Addresses = []string{"contact@force.example"}
	s := a.withDefaults().SMTP
	if s.Address != "smtp.office365.com:587" || s.TLS != imap.StartTLS || s.User != a.User || s.Auth != imap.XOAuth2 || s.OAuth.TokenURL != a.OAuth.TokenURL ||
		s.CAFile != "ca.pem" || s.From != "contact@force.example" || s.Copy != noCopy {
		t.Errorf("%+v", s)
	}
	a.SMTP = Sending{Address: "mail.example.org", TLS: imap.Implicit, User: "other", Password: "p"}
	a.Addresses = []string{"contact@Ŵyl.cymru"}
	if s := a.withDefaults().SMTP; s.Address != "mail.example.org:465" || s.From != "contact@xn--yl-9ua.cymru" || s.Auth != imap.Login || s.Copy != s.From || s.OAuth.TokenURL != "" {
		t.Errorf("%+v", s)
	}
}

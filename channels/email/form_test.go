package email

import (
	"fmt"
	"strings"
	"testing"

	"contactd/channels"
	"contactd/channels/email/form"
	"contactd/channels/email/imap"
	"contactd/contact"
)

func TestAReportOfAFormIsTheMessageOfWhoFilledIt(t *testing.T) {
	a := Account{
		Name: "x", Address: "mail.example.org", User: "u", Password: "p", ThreadKeyFile: threadKeys(t),
		SMTP:  Sending{Address: "localhost", TLS: imap.None, Auth: "none"},
		Forms: []form.Config{{Sender: "forms@online.example", Fields: []form.Field{{Label: "Email", Role: form.AsEmail}, {Label: "What"}}}},
	}
	a.Addresses = []string{force}
	ch, err := New(Config{Accounts: []Account{a}}, Deps{})
	if err != nil {
		t.Fatal(err)
	}
	for address, allowed := range map[string]bool{jo: true, force: false} {
		raw := "From: forms@online.example\r\nTo: contact@force.example\r\nAuto-Submitted: auto-generated\r\n\r\nEmail: " + address + "\r\nWhat: noise\r\n"
		m, err := ch.Read(t.Context(), channels.Original{Channel: Kind, Account: "x", ID: "INBOX/1/1", Bytes: []byte(raw)})
		if err != nil {
			t.Fatal(err)
		}
		if m.Channel.Kind != form.Kind || m.Channel.Account != "x" || m.Automatic != contact.Person || len(m.Fields) != 2 || m.Sender.Address != address {
			t.Errorf("%+v", m)
		}
		if m.Answer.Rules.Allowed != allowed || (m.Answer.Address != "") != allowed {
			t.Errorf("%s: %+v", address, m.Answer)
		}
		if _, ok := ch.Acknowledgement(m); ok {
			t.Error("an address that nobody has proved is answered automatically")
		}
	}
	a.Forms[0].Fields[1].Role = "x"
	if err := fmt.Sprint(Config{Accounts: []Account{a}}.Validate()); !strings.Contains(err, "accounts[0].forms[0].fields[1].role: ") {
		t.Errorf("told %s", err)
	}
}

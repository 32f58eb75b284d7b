package main

import (
	"testing"

	"contactd/channels/channelstest"
	"contactd/channels/email"
	"contactd/channels/webchat"
)

func TestTheWebChatSendsCopiesWhereAMailboxCanSend(t *testing.T) {
	for address, want := range map[string]bool{"": false, "mail.force.example": true} {
		account := email.Account{Name: "contact", Address: "mail.force.example", User: "u", Password: "p", ThreadKeyFile: "keys", SMTP: email.Sending{Address: address}}
		account.Addresses = []string{"contact@force.example"}
		mailbox, err := email.New(email.Config{Accounts: []email.Account{account}}, email.Deps{Blobs: &channelstest.Blobs{}, Health: &channelstest.Health{}})
		if err != nil {
			t.Fatal(err)
		}
		var deps webchat.Deps
		if mailer := mailerOf(mailbox); mailer != nil {
			offer(&deps, []any{mailer})
		}
		if got := deps.Mailer != nil; got != want {
			t.Errorf("with smtp.address %q: %v", address, got)
		}
	}
}

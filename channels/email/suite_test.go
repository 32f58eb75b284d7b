package email

import (
	"fmt"
	"strings"
	"testing"

	"contactd/channels"
	"contactd/channels/channelstest"
	"contactd/channels/email/oauth"
	"contactd/deploy/servers"
)

func TestEmailKeepsThePromisesOfAChannel(t *testing.T) {
	const secret = "planted-secret-4711"
	channelstest.Run(t, channelstest.Setup{
		Secret: secret,
		New: func(t *testing.T) channelstest.Platform {
			d := servers.Dovecot(t, servers.DovecotOptions{})
			open := func(deps channelstest.Deps, password oauth.Secret) channels.Channel {
				account := accountOn(d, "contact")
				account.Password = password
				account.After = "flag:$Taken"
				ch, err := New(Config{Accounts: []Account{account}}, Deps{Blobs: deps.Blobs, Health: deps.Health, Log: deps.Log})
				if err != nil {
					t.Fatal(err)
				}
				ch.timing = quick()
				return ch
			}
			numbers := map[string]int{}
			return channelstest.Platform{
				Open:     func(deps channelstest.Deps) channels.Channel { return open(deps, servers.DovecotPassword) },
				Refusing: func(deps channelstest.Deps) channels.Channel { return open(deps, secret) },
				Send: func(text string) {
					numbers[text] = len(numbers) + 1
					d.Deliver(t, "contact", "INBOX", fmt.Appendf(nil, "From: jo@example.org\r\nSubject: hello\r\n\r\n%s\r\n", text))
				},
				Told: func(text string) bool { return marked(t, d, numbers[text]) },
			}
		},
		Unreadable: []channels.Original{
			{Channel: Kind, Account: "contact", ID: "INBOX/1/2/defect", MediaType: "message/rfc822", Defect: "fetch failed 5 times", Bytes: []byte("Subject: lost\r\n\r\n")},
			{Channel: Kind, Account: "contact", ID: "INBOX/1/3", MediaType: "message/rfc822", Defect: oversize + "1 of 2 bytes", Bytes: []byte("Subject: film\r\n\r\nsee the film")},
			{Channel: Kind, Account: "contact", ID: "INBOX/1/4", MediaType: "message/rfc822", Bytes: []byte(strings.Repeat("\x00\xff", 1000))},
			{Channel: Kind, Account: "gone", ID: "INBOX/1/5", MediaType: "message/rfc822", Bytes: mailNumber(1)},
		},
	})
}

// marked reports whether the n-th mail bears the keyword.
func marked(t *testing.T, d *servers.DovecotServer, n int) bool {
	t.Helper()
	a := &account{Account: accountOn(d, "contact").withDefaults()}
	s, err := a.open(t.Context(), quick().limits)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.Select("INBOX", true); err != nil {
		t.Fatal(err)
	}
	unmarked, err := s.SearchUnmarked(1, "$Taken")
	if err != nil {
		t.Fatal(err)
	}
	for _, uid := range unmarked {
		if uid == uint32(n) {
			return false
		}
	}
	return true
}

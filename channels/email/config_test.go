package email

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"contactd/channels"
	"contactd/channels/email/imap"
	"contactd/channels/email/mail"
)

func TestAllProblemsAreToldWithTheirKeys(t *testing.T) {
	c := Config{Accounts: []Account{
		{Name: "a b", TLS: "ssl", Auth: "kerberos", After: "delete", Folders: []string{"INBOX", "inbox", ""}, Poll: 1, Idle: -1, Oversize: 5},
		{Name: "x", Address: "mail.example.org", TLS: imap.None, User: "u", Password: "p", PasswordFile: "f", After: "move:INBOX"},
		{Name: "x", Address: "mail.example.org:imap", User: "u", Auth: imap.XOAuth2, Password: "p"},
	}}
	err := fmt.Sprint(c.Validate())
	for _, want := range []string{
		"accounts[0].name: ", "accounts[0].address: ", "accounts[0].tls: ", "accounts[0].user: ", "accounts[0].auth: ", "accounts[0].after: ",
		"accounts[0].folders[1]: ", "accounts[0].folders[2]: ", "accounts[0].poll: ", "accounts[0].idle: ", "accounts[0].oversize: ",
		"accounts[1].tls: none would send", "accounts[1].password: ", "accounts[1].after: \"INBOX\" is read too",
		"accounts[2].name: \"x\" is used twice", "accounts[2].address: ", "accounts[2].password: ", "accounts[2].oauth.token_url: ",
	} {
		if !strings.Contains("\n"+err, "\n"+want) {
			t.Errorf("%q is not told in:\n%s", want, err)
		}
	}
	if text := fmt.Sprintf("%v %+v %#v", c, c, c); strings.Contains(text, `Password:p`) || strings.Contains(text, `"p"`) {
		t.Errorf("the configuration prints its password: %s", text)
	}
	if err := (Config{Accounts: []Account{{Name: "x", Address: "[::1]", TLS: imap.None, User: "u", Password: "p"}}}).Validate(); err != nil {
		t.Errorf("plaintext to this machine: %v", err)
	}
}

func TestOneMailboxIsReadOnce(t *testing.T) {
	account := func(name, address, user string, folders ...string) Account {
		return Account{Name: name, Address: address, User: user, Password: "p", Folders: folders}
	}
	starttls := account("b", "Mail.example.org.", "Desk@example.org", "inbox")
	starttls.TLS = imap.StartTLS
	moving := account("b", "mail.example.org", "desk@example.org", "Other")
	moving.After = "move:Reports"
	for name, each := range map[string]struct {
		a, b Account
		want string
	}{
		"the same":           {account("a", "mail.example.org", "desk@example.org"), account("b", "mail.example.org:993", "desk@example.org"), `accounts[1].folders: "INBOX" is read by account "a" too`},
		"another port":       {account("a", "mail.example.org", "desk@example.org"), starttls, `accounts[1].folders: "inbox" is read by account "a" too`},
		"one of its folders": {account("a", "mail.example.org", "desk@example.org", "INBOX", "Reports"), account("b", "mail.example.org", "desk@example.org", "Reports", "Other"), `accounts[1].folders: "Reports" is read by account "a" too`},
		"moved into it":      {account("a", "mail.example.org", "desk@example.org", "INBOX", "Reports"), moving, `accounts[1].after: "Reports" is read by account "a" too`},
		"moved into a later": {moving, account("a", "mail.example.org", "desk@example.org", "INBOX", "Reports"), `accounts[0].after: "Reports" is read by account "a" too`},
		"other folders":      {account("a", "mail.example.org", "desk@example.org"), account("b", "mail.example.org", "desk@example.org", "Reports"), ""},
		"another user":       {account("a", "mail.example.org", "desk@example.org"), account("b", "mail.example.org", "web@example.org"), ""},
		"another server":     {account("a", "localhost:1993", "desk@example.org"), account("b", "localhost:2993", "desk@example.org"), ""},
	} {
		err := Config{Accounts: []Account{each.a, each.b}}.Validate()
		if each.want == "" && err != nil || each.want != "" && (err == nil || !strings.HasPrefix(err.Error(), each.want)) {
			t.Errorf("%s: %v, want %s", name, err, each.want)
		}
	}
}

func TestThreadKeysComeFromTheirFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "keys")
	c := Config{Accounts: []Account{{Name: "x", Address: "mail.example.org", User: "u", Password: "p", ThreadKeyFile: file}}}
	ch, err := New(c, Deps{})
	if err != nil {
		t.Fatal(err)
	}
	mailFrom := func(to string) channels.Original {
		return channels.Original{Channel: "email", Account: "x", ID: "INBOX/1/1", Bytes: []byte("From: a@example.org\r\nTo: " + to + "\r\n\r\nhello\r\n")}
	}
	unread := func(why string) string {
		t.Helper()
		_, err := ch.Read(t.Context(), mailFrom("contact@force.example"))
		tried := ch.Check(t.Context())
		if !errors.Is(err, channels.ErrNotNow) || tried[0].Err == nil || !strings.HasPrefix(tried[0].Err.Error(), "thread_key_file: ") {
			t.Errorf("%s is told as %v, and checked as %v", why, err, tried[0].Err)
		}
		return fmt.Sprint(err, tried)
	}
	unread("a missing file")
	if err := os.WriteFile(file, []byte("\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if text := unread("an empty file"); !strings.Contains(text, file+" is empty") {
		t.Error(text)
	}
	if err := os.WriteFile(file, []byte("short\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if text := unread("a key that is too short"); strings.Contains(text, "short") {
		t.Error(text)
	}
	old, young := "the key of last year, 32 letters", "the key of this year, 32 letters"
	if err := os.WriteFile(file, []byte(young+"\n"+old+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	const conversation = "c-0123456789abcdefghijklmnop"
	to, err := mail.NewTokens([]byte(old)).Address("contact@force.example", conversation)
	if err != nil {
		t.Fatal(err)
	}
	m, err := ch.Read(t.Context(), mailFrom(to))
	if err != nil || m.Thread.Token != conversation {
		t.Errorf("a reply to a token of the older key reads as conversation %q, %v", m.Thread.Token, err)
	}
}

func FuzzCursorsAreReadAsTheyWereWritten(f *testing.F) {
	for _, seed := range []string{"1/7/42/0", "1/4294967295/4294967295/4294967295", "1/0/0/0", "2/1/1/1", "1/7/042/0", "1/7/-1/0", "", "1/7/42/0/9", "1/7/42/0/0", "1/7/42/0/0/4,9", "1/7/42/0/2/4", "1/7/42/0/0/", "1///", "1/7/42/0/0/4/9", "1/7/42/0/9/9"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := decodePosition(text)
		if err == nil && p.encode() != text {
			t.Errorf("%q was read as %+v, which is %q", text, p, p.encode())
		}
		if err == nil && p.validity == 0 {
			t.Errorf("%q has no uidvalidity", text)
		}
	})
}

func TestIdentitiesOfFoldersDoNotRunIntoEachOther(t *testing.T) {
	seen := map[string]string{}
	for _, folder := range []string{"INBOX", "a/b", "a%2Fb", "a", "a/b/1", "é", "\u00e9x"} {
		id, name := position{validity: 1}.platformID(folder, 2), cursorName("x", folder)
		for _, each := range []string{id, name} {
			if other, taken := seen[each]; taken {
				t.Errorf("%q and %q share %s", folder, other, each)
			}
			seen[each] = folder
		}
		if strings.Count(id, "/") != 2 || strings.Count(name, "/") != 2 {
			t.Errorf("%s or %s can be read in two ways", id, name)
		}
	}
	if (position{}).platformID("inbox", 2) != (position{}).platformID("INBOX", 2) {
		t.Error("INBOX has two identities")
	}
}

package email

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"contactd/channels"
	"contactd/channels/channelstest"
	"contactd/channels/email/imap"
	"contactd/contact"
	"contactd/deploy/servers"
)

func TestAFolderOfCopiesThatIsNotThereProvesNothing(t *testing.T) {
	d := servers.Dovecot(t, servers.DovecotOptions{})
	a := answering(t, d, Sending{Address: "127.0.0.1:1", TLS: imap.None, Auth: "none", SentFolder: "Sent Mail"})
	a.After = "move:Not made yet"
	k := newDesk(t, d, a)
	reply := theReply(contact.ConversationID(Kind, "contact", "x"), "1", "hello")
	_, err := k.Find(t.Context(), answerTo(jo), reply)
	if err == nil || errors.Is(err, channels.ErrNotFound) || !strings.Contains(err.Error(), `folder "Sent Mail"`) {
		t.Errorf("looked up: %v", err)
	}
	if tried := k.Check(t.Context())[0]; tried.Err == nil || !strings.Contains(tried.Err.Error(), `folder "Sent Mail"`) {
		t.Errorf("check says %v", tried.Err)
	}
	k.accounts[0].sender.SentFolder = "Reports"
	if _, err := k.Find(t.Context(), answerTo(jo), reply); !errors.Is(err, channels.ErrNotFound) {
		t.Errorf("looked up where the copies are: %v", err)
	}
}

func TestACopyIsLookedForInFoldersThatTheServerDoesNotList(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMailbox(0)
		a := Account{
			Name: "contact", Address: "mail.test", TLS: imap.None, AllowPlaintext: true, User: "desk", Password: "secret",
			Folders: []string{"Shared/contact"}, After: "move:Shared/done", ThreadKeyFile: threadKeys(t),
			SMTP: Sending{Address: "smtp.test", Auth: "none", From: force},
		}
		ch, err := New(Config{Accounts: []Account{a}}, Deps{Health: &channelstest.Health{}, Dial: m.dial})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		ch.Find(t.Context(), answerTo(jo), theReply(contact.ConversationID(Kind, "contact", "x"), "1", "hello"))
		for _, folder := range []string{"Shared/contact", "Shared/done"} {
			if !slices.ContainsFunc(m.commands, func(c string) bool { return strings.HasPrefix(c, "EXAMINE") && strings.Contains(c, folder) }) {
				t.Errorf("%s was not looked into: %q", folder, m.commands)
			}
		}
	})
}

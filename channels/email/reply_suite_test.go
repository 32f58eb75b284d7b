package email

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"contactd/channels"
	"contactd/channels/channelstest"
	"contactd/channels/email/imap"
	"contactd/channels/email/mail"
	"contactd/channels/email/oauth"
	"contactd/channels/email/smtp/smtptest"
	"contactd/deploy/servers"
)

// force is the mailbox that answers, jo the person who waits.
const (
	force = "contact@force.example"
	jo    = "jo@example.org"
)

// threadKeys is a file with a key.
func threadKeys(t testing.TB) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "keys")
	if err := os.WriteFile(file, []byte("a key for the tests only, 32 by.\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// answering is an account on Dovecot that answers through a mail server.
func answering(t testing.TB, d *servers.DovecotServer, smtp Sending) Account {
	a := accountOn(d, "contact")
	a.User, a.Addresses, a.ThreadKeyFile, a.SMTP = force, []string{force}, threadKeys(t), smtp
	return a
}

// throughPostfix submits to Postfix.
func throughPostfix(p *servers.PostfixServer) Sending {
	return Sending{Address: p.Submission, CAFile: p.CAFile, ServerName: "localhost", PlusAddressing: true, Name: "Force"}
}

// relay is a mail server that does as it is told, in front of Dovecot.
func relay(t testing.TB, d *servers.DovecotServer) *smtptest.Server {
	t.Helper()
	return smtptest.Start(t, smtptest.Options{Deliver: func(taken smtptest.Delivery) {
		for _, to := range taken.To {
			d.DeliverLMTP(t, to, taken.Bytes)
		}
	}})
}

// throughRelay submits to a relay.
func throughRelay(s *smtptest.Server) Sending {
	return Sending{Address: s.Address, TLS: imap.None, Auth: "none", PlusAddressing: true, Name: "Force"}
}

// opened makes the channel, impatient in looking up.
func opened(t testing.TB, a Account, deps Deps) *Channel {
	t.Helper()
	ch, err := New(Config{Accounts: []Account{a}}, deps)
	if err != nil {
		t.Fatal(err)
	}
	ch.timing = quick()
	ch.accounts[0].sender.LookupAfter = 0
	return ch
}

func answerTo(address string) channels.Address {
	return channels.Address{Account: "contact", Answer: mail.Answer{To: address, Subject: "help", ID: "q1@example.org"}.Encode()}
}

// received are the texts in jo's mailbox, once the force's own has as many
// copies.
func received(t testing.TB, d *servers.DovecotServer) []string {
	t.Helper()
	raw := d.Await(t, jo, "INBOX", d.Count(t, jo, "INBOX"))
	if d.Count(t, force, "INBOX") < len(raw) {
		return nil // the other recipient of the same mail is a moment behind
	}
	var texts []string
	for _, each := range raw {
		texts = append(texts, servers.ReadForeign(t, each).Plain)
	}
	return texts
}

func TestAnswersKeepThePromisesOfAReplier(t *testing.T) {
	const secret = "planted-secret-4711"
	t.Run("postfix", func(t *testing.T) {
		channelstest.RunReplier(t, channelstest.ReplySetup{
			Secret: secret,
			New: func(t *testing.T) channelstest.ReplyPlatform {
				d := servers.Dovecot(t, servers.DovecotOptions{})
				p := servers.Postfix(t, d, servers.PostfixOptions{Refuse: "^nobody@"})
				open := func(deps channelstest.Deps, password oauth.Secret) channels.Replier {
					a := answering(t, d, throughPostfix(p))
					a.Password = password
					return opened(t, a, Deps{Blobs: deps.Blobs, Health: deps.Health, Log: deps.Log})
				}
				return channelstest.ReplyPlatform{
					Open:     func(deps channelstest.Deps) channels.Replier { return open(deps, servers.DovecotPassword) },
					Refusing: func(deps channelstest.Deps) channels.Replier { return open(deps, secret) },
					To:       answerTo(jo), Nobody: answerTo("nobody@example.org"),
					Received: func() []string { return received(t, d) },
					Away: func(away bool) {
						if away {
							p.Kill(t)
							d.Kill(t)
						} else {
							d.Start(t)
							p.Start(t)
						}
					},
					Silent: func(silent bool) {
						if silent {
							p.Freeze(t)
							d.Freeze(t)
						} else {
							d.Thaw(t)
							p.Thaw(t)
						}
					},
				}
			},
		})
	})
	t.Run("relay", func(t *testing.T) {
		channelstest.RunReplier(t, channelstest.ReplySetup{New: func(t *testing.T) channelstest.ReplyPlatform {
			d := servers.Dovecot(t, servers.DovecotOptions{})
			s := relay(t, d)
			return channelstest.ReplyPlatform{
				Open: func(deps channelstest.Deps) channels.Replier {
					return opened(t, answering(t, d, throughRelay(s)), Deps{Blobs: deps.Blobs, Health: deps.Health, Log: deps.Log})
				},
				To:       answerTo(jo),
				Received: func() []string { return received(t, d) },
				Lose:     func() { s.At(smtptest.Dot, smtptest.DropTaken) },
			}
		}})
	})
	t.Run("without copies", func(t *testing.T) {
		channelstest.RunReplier(t, channelstest.ReplySetup{CannotTell: true, New: func(t *testing.T) channelstest.ReplyPlatform {
			d := servers.Dovecot(t, servers.DovecotOptions{})
			s := relay(t, d)
			return channelstest.ReplyPlatform{
				Open: func(deps channelstest.Deps) channels.Replier {
					smtp := throughRelay(s)
					smtp.Copy = noCopy
					return opened(t, answering(t, d, smtp), Deps{Blobs: deps.Blobs, Health: deps.Health, Log: deps.Log})
				},
				To: answerTo(jo),
				Received: func() []string {
					var texts []string
					for _, taken := range s.Taken() {
						texts = append(texts, strings.ReplaceAll(string(taken.Bytes), "=\r\n", ""))
					}
					return texts
				},
				Lose: func() { s.At(smtptest.Dot, smtptest.DropTaken) },
			}
		}})
	})
}

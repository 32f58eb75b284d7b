package email

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"contactd/channels"
	"contactd/channels/channelstest"
	"contactd/channels/email/smtp/smtptest"
	"contactd/contact"
	"contactd/deploy/servers"
)

// TestInternationalisedAddressesAreAnsweredLikeOthers: twice to and fro, to the
// letter. Postfix tells how a mail came ("with UTF8SMTPSA"): only where nothing
// else would do, SMTPUTF8 is asked for.
func TestInternationalisedAddressesAreAnsweredLikeOthers(t *testing.T) {
	for _, each := range []struct{ writes, canonical, mailbox string }{
		{"жанна@пример.рф", "жанна@xn--e1afmkfd.xn--p1ai", "жанна@пример.рф"},
		{"josé@example.org", "josé@example.org", "josé@example.org"},
		{"jo@bücher.example", "jo@xn--bcher-kva.example", "jo@xn--bcher-kva.example"},
	} {
		t.Run(each.writes, func(t *testing.T) {
			d := servers.Dovecot(t, servers.DovecotOptions{})
			p := servers.Postfix(t, d, servers.PostfixOptions{Maildirs: []string{force, each.mailbox}})
			a := answering(t, d, throughPostfix(p))
			a.Acknowledge.Enabled = true
			k := newDesk(t, d, a)
			k.receive()
			id := "q0@" + each.writes[strings.IndexByte(each.writes, '@')+1:]
			submit(t, p, each.writes, force, "From: Jo Пример <"+each.writes+">\nTo: Desk <contact@force.example>\nSubject: помогите\nMessage-ID: <"+id+">\n\nhelp\n")
			question := k.next(1)[0]
			if question.Sender.Address != each.canonical || !question.Answer.Rules.Allowed || !slices.Equal(question.Answer.Rules.To, []string{each.canonical}) {
				t.Fatalf("%q, rules %+v", question.Sender.Address, question.Answer.Rules)
			}
			text, ok := k.Acknowledgement(question)
			if !ok {
				t.Error("it is not acknowledged")
			}
			conversation := contact.ConversationID(Kind, "contact", question.ID)
			to := channels.Address{Account: "contact", Answer: question.Answer.Address}
			for n, reply := range []contact.Reply{theReply(conversation, "acknowledgement", text), theReply(conversation, "1", "hello")} {
				reply.Automatic = n == 0
				receipt, err := k.Reply(t.Context(), to, reply)
				if err != nil {
					t.Fatal(err, p.Log())
				}
				raw := d.Await(t, each.mailbox, "INBOX", n+1)[n]
				got := servers.ReadForeign(t, raw)
				if !strings.HasSuffix(got.To, "<"+each.mailbox+">") || got.Plain != reply.Text+"\n" {
					t.Errorf("reply %d to %q says %q", n, got.To, got.Plain)
				}
				international := each.writes == each.mailbox
				if bytes.Contains(raw, []byte("with UTF8SMTP")) != international || international != (got.Headers["in-reply-to"] == "<"+id+">") {
					t.Errorf("reply %d answers %q and came as\n%s", n, got.Headers["in-reply-to"], raw)
				}
				copied := k.next(1)[0]
				if o := copied.Outcome; o == nil || o.State != contact.HandedOver || copied.Conversation != conversation {
					t.Errorf("reply %d has the copy %+v in %q", n, o, copied.Conversation)
				}
				if found, err := k.Find(t.Context(), to, reply); err != nil || found != receipt {
					t.Errorf("reply %d is found as %+v, %v", n, found, err)
				}
				submit(t, p, each.writes, force, "From: "+each.writes+"\nTo: contact@force.example\nSubject: Re: помогите\nIn-Reply-To: <"+receipt.PlatformID+">\n\nthanks\n")
				if next := k.next(1)[0]; next.Thread.Token != conversation || !slices.Equal(next.Thread.Participants, question.Thread.Participants) {
					t.Errorf("the next mail names %+v, want %q with %q", next.Thread, conversation, question.Thread.Participants)
				}
			}
		})
	}
}

// TestABounceOfAnInternationalisedMailIsUnderstood: RFC 6533 gives reports
// media types of their own. One comes too when the next server takes no such
// mail, such as Dovecot's LMTP before 2.4, which drops the copy as well.
func TestABounceOfAnInternationalisedMailIsUnderstood(t *testing.T) {
	for name, each := range map[string]struct {
		server   servers.PostfixOptions
		messages int
		reason   string
	}{
		"nobody there": {servers.PostfixOptions{Maildirs: []string{force}, Bounce: "^жанна@"}, 2, "bounced: 5.1.1 there is no such address"},
		"no SMTPUTF8":  {servers.PostfixOptions{}, 1, "bounced: 5.6.7 a server on the way takes no internationalised address (SMTPUTF8)"},
	} {
		d := servers.Dovecot(t, servers.DovecotOptions{})
		p := servers.Postfix(t, d, each.server)
		k := newDesk(t, d, answering(t, d, throughPostfix(p)))
		k.receive()
		conversation := contact.ConversationID(Kind, "contact", "x")
		if _, err := k.Reply(t.Context(), answerTo("жанна@пример.рф"), theReply(conversation, "1", "hello")); err != nil {
			t.Fatal(err)
		}
		bounced := k.next(each.messages)[0]
		if o := bounced.Outcome; bounced.Conversation != conversation || o == nil || o.State != contact.Failed || o.Reason != each.reason {
			t.Errorf("%s: %q in %q: %+v", name, bounced.Automatic, bounced.Conversation, o)
		}
	}
}

// TestWithoutSMTPUTF8AReplyFailsForGood: nothing is sent to another address,
// nothing is tried again, and the account is well.
func TestWithoutSMTPUTF8AReplyFailsForGood(t *testing.T) {
	d := servers.Dovecot(t, servers.DovecotOptions{})
	s := relay(t, d)
	k := newDesk(t, d, answering(t, d, throughRelay(s)))
	for _, automatic := range []bool{false, true} {
		to := answerTo("жанна@пример.рф")
		to.Answer = strings.Replace(to.Answer, "{", `{"automatic":"жанна@пример.рф",`, 1)
		reply := theReply(contact.ConversationID(Kind, "contact", "x"), fmt.Sprint(automatic), "hello")
		reply.Automatic = automatic
		_, err := k.Reply(t.Context(), to, reply)
		if !channels.IsRefused(err) || !strings.Contains(err.Error(), "the mail server does not offer SMTPUTF8 (RFC 6531)") || strings.Contains(err.Error(), "жанна") {
			t.Errorf("told %v", err)
		}
	}
	if seen := s.Seen(); len(s.Taken()) > 0 || slices.Contains(seen, smtptest.Mail) {
		t.Errorf("the server saw %v", seen)
	}
	if failures := k.deps.Health.(*channelstest.Health).Failures(); len(failures) > 0 {
		t.Errorf("the account is told as %v", failures)
	}
}

// TestACopyThatMayNeverComeProvesNothing: the way into the own mailbox may have
// no SMTPUTF8, and then a mail is not sent twice for want of its copy.
func TestACopyThatMayNeverComeProvesNothing(t *testing.T) {
	d := servers.Dovecot(t, servers.DovecotOptions{})
	s := smtptest.Start(t, smtptest.Options{Offers: []string{"SMTPUTF8"}})
	k := newDesk(t, d, answering(t, d, throughRelay(s)))
	for address, lost := range map[string]bool{"жанна@пример.рф": false, "jo@bücher.example": true} {
		reply := theReply(contact.ConversationID(Kind, "contact", address), "1", "hello")
		s.At(smtptest.Dot, smtptest.DropTaken)
		if _, err := k.Reply(t.Context(), answerTo(address), reply); err == nil || channels.IsNotSent(err) || channels.IsRefused(err) {
			t.Fatalf("%s: told %v", address, err)
		}
		if _, err := k.Find(t.Context(), answerTo(address), reply); err == nil || errors.Is(err, channels.ErrNotFound) != lost {
			t.Errorf("%s: looked up: %v", address, err)
		}
	}
}

package email

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	netmail "net/mail"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"contactd/channels"
	"contactd/channels/channelstest"
	"contactd/channels/email/imap"
	"contactd/channels/email/mail"
	"contactd/channels/email/smtp"
	"contactd/channels/email/smtp/smtptest"
	"contactd/contact"
	"contactd/deploy/servers"
)

// desk is a channel that reads and answers, with what it needs.
type desk struct {
	*Channel
	t     testing.TB
	d     *servers.DovecotServer
	blobs *channelstest.Blobs
	inbox *channelstest.Inbox
	read  int // how many originals were looked at
}

func newDesk(t testing.TB, d *servers.DovecotServer, a Account) *desk {
	t.Helper()
	blobs := &channelstest.Blobs{}
	ch := opened(t, a, Deps{Blobs: blobs, Health: &channelstest.Health{}})
	return &desk{Channel: ch, t: t, d: d, blobs: blobs, inbox: &channelstest.Inbox{}}
}

// receive takes mails until the test ends.
func (k *desk) receive() {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); k.Receive(ctx, k.inbox) }()
	k.t.Cleanup(func() { cancel(); <-done })
}

// next returns the next n messages of the mailbox, ours last.
func (k *desk) next(n int) []contact.Message {
	k.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := k.inbox.Await(ctx, func(o []channels.Original) bool { return len(o) >= k.read+n }); err != nil {
		k.t.Fatal(err, k.d.Log())
	}
	var messages []contact.Message
	for _, original := range k.inbox.Accepted()[k.read : k.read+n] {
		message, err := k.Read(ctx, original)
		if err != nil {
			k.t.Fatal(err)
		}
		messages = append(messages, message)
	}
	k.read += n
	slices.SortStableFunc(messages, func(a, b contact.Message) int {
		return strings.Compare(string(a.Automatic), string(b.Automatic))
	})
	return messages
}

// submit sends somebody's mail through the mail server.
func submit(t testing.TB, p *servers.PostfixServer, from, to, raw string) {
	t.Helper()
	trust, err := trusted(p.Submission, "localhost", p.CAFile)
	if err != nil {
		t.Fatal(err)
	}
	c := smtp.Config{Address: p.Submission, Security: imap.StartTLS, TLS: trust, Mechanism: imap.Plain, User: jo, Secret: servers.DovecotPassword, Hello: "example.org"}
	err = smtp.Send(t.Context(), c, smtp.Mail{From: from, To: to, UTF8: !mail.IsASCII(raw), Write: writes(strings.ReplaceAll(raw, "\n", "\r\n"))})
	if err != nil {
		t.Fatal(err, p.Log())
	}
}

func writes(text string) func(io.Writer) error {
	return func(w io.Writer) error { _, err := io.WriteString(w, text); return err }
}

// theReply is one answer in a conversation.
func theReply(conversation, which, text string) contact.Reply {
	return contact.Reply{ID: contact.ReplyID(conversation, which), Conversation: conversation, Text: text, RequestedAt: time.Now()}
}

func TestThreeRoundsAreOneConversationInAForeignReadersEyes(t *testing.T) {
	d := servers.Dovecot(t, servers.DovecotOptions{})
	p := servers.Postfix(t, d, servers.PostfixOptions{})
	k := newDesk(t, d, answering(t, d, throughPostfix(p)))
	k.receive()
	submit(t, p, jo, force, "From: Jo <jo@example.org>\nTo: Desk <contact@force.example>\nSubject: Mae rhywun yma\nMessage-ID: <q0@Example.ORG>\nDate: Tue, 3 Nov 2026 21:16:40 +0000\n\nhelp\n")
	question := k.next(1)[0]
	conversation := contact.ConversationID(Kind, "contact", question.ID)
	references := "<q0@Example.ORG>"
	for round := range 3 {
		if question.Automatic != contact.Person || !question.Answer.Rules.Allowed || question.Answer.Rules.To[0] != jo || question.Answer.Rules.TextLimit != 100_000 {
			t.Fatalf("round %d: %q, rules %+v", round, question.Automatic, question.Answer.Rules)
		}
		text := fmt.Sprintf("answer %d – dewch", round)
		receipt, err := k.Reply(t.Context(), channels.Address{Account: "contact", Answer: question.Answer.Address}, theReply(conversation, fmt.Sprint(round), text))
		if err != nil {
			t.Fatal(err, p.Log())
		}
		got := servers.ReadForeign(t, d.Await(t, jo, "INBOX", round+1)[round])
		id := "<" + receipt.PlatformID + ">"
		for what, pair := range map[string][2]string{
			"from": {got.From, "Force <contact@force.example>"}, "to": {got.To, "Jo <jo@example.org>"}, "subject": {got.Headers["subject"], "Re: Mae rhywun yma"},
			"message-id": {got.Headers["message-id"], id}, "references": {got.Headers["references"], references},
			"in-reply-to": {got.Headers["in-reply-to"], references[strings.LastIndex(references, "<"):]},
			"text":        {got.Plain, text + "\n"}, "return path": {got.Headers["return-path"], "<contact@force.example>"},
		} {
			if pair[0] != pair[1] {
				t.Errorf("round %d: %s is %q, want %q", round, what, pair[0], pair[1])
			}
		}
		if len(got.Defects) > 0 || !strings.Contains(got.ReplyTo, "<contact+") {
			t.Errorf("round %d: defects %v, reply to %q", round, got.Defects, got.ReplyTo)
		}
		copied := k.next(1)[0]
		if o := copied.Outcome; copied.Automatic != contact.OwnMessage || copied.Conversation != conversation || o == nil || o.State != contact.HandedOver || o.PlatformID != receipt.PlatformID {
			t.Errorf("round %d: the copy is %q in %q, %+v", round, copied.Automatic, copied.Conversation, o)
		}
		if _, ok := k.Acknowledgement(copied); ok || copied.Answer.Address != "" {
			t.Errorf("round %d: our copy would be answered", round)
		}
		// Programs answer differently: by the book, without headers to the
		// address that was told, and to the bare address with headers alone.
		_, token, _ := strings.Cut(got.ReplyTo, "<")
		token = strings.TrimSuffix(token, ">")
		references += " " + id + fmt.Sprintf(" <q%d@example.org>", round+1)
		earlier := references[:strings.LastIndex(references, " ")]
		raw := fmt.Sprintf("From: Jo <jo@example.org>\nSubject: RE: Re: Mae rhywun yma\nMessage-ID: <q%d@example.org>\n", round+1)
		to := token
		switch round {
		case 0:
			raw += "To: " + token + "\nIn-Reply-To: " + id + "\nReferences: " + earlier + "\n"
		case 1:
			raw += "To: " + token + "\n"
			references = fmt.Sprintf("<q%d@example.org>", round+1)
		case 2:
			to = force
			raw += "To: contact@force.example\nIn-Reply-To: " + id + "\n"
		}
		submit(t, p, jo, to, raw+"\nand again\n")
		if question = k.next(1)[0]; question.Thread.Token != conversation || slices.Contains(question.Flags, contact.NotAddressed) {
			t.Errorf("round %d: the next mail names conversation %q, want %q; flags %v", round, question.Thread.Token, conversation, question.Flags)
		}
	}
}

// TestAnAnswerIsSentOnceWhateverBreaks plays the journal: what was not sent is
// tried again, what may have been sent is looked up first, and the channel
// restarts in between.
func TestAnAnswerIsSentOnceWhateverBreaks(t *testing.T) {
	d := servers.Dovecot(t, servers.DovecotOptions{})
	s := relay(t, d)
	a := answering(t, d, throughRelay(s))
	sent := 0
	for _, each := range []struct{ step, deed string }{
		{smtptest.Greeting, smtptest.Drop},
		{smtptest.Hello, smtptest.Drop},
		{smtptest.Mail, smtptest.Drop},
		{smtptest.Mail, "451 4.3.0 later"},
		{smtptest.Rcpt, smtptest.Drop},
		{smtptest.Rcpt, "452 4.2.2 own mailbox full"},
		{smtptest.Data, smtptest.Drop},
		{smtptest.Body, smtptest.Drop},
		{smtptest.Dot, smtptest.Drop},
		{smtptest.Dot, smtptest.DropTaken},
		{smtptest.Dot, "nonsense"},
		{smtptest.Dot, "451 4.3.0 later"},
		{smtptest.Quit, smtptest.Drop},
	} {
		for _, times := range []int{1, 3} {
			t.Run(fmt.Sprint(each.step, " ", each.deed, " ", times), func(t *testing.T) {
				reply := theReply(contact.ConversationID(Kind, "contact", t.Name()), "1", "somebody will come")
				for range times {
					s.At(each.step, each.deed)
				}
				outcome := ""
				for try := 0; outcome == ""; try++ {
					if try > 10 {
						t.Fatal("it never comes to an end")
					}
					ch := newDesk(t, d, a) // has forgotten everything
					_, err := ch.Reply(t.Context(), answerTo(jo), reply)
					switch {
					case err == nil:
						outcome = "sent"
					case channels.IsNotSent(err):
					case channels.IsRefused(err):
						t.Fatal(err)
					default:
						if try%2 == 0 {
							ch = newDesk(t, d, a)
						}
						if _, err = ch.Find(t.Context(), answerTo(jo), reply); err == nil {
							outcome = "found"
						} else if !errors.Is(err, channels.ErrNotFound) {
							t.Fatal(err)
						}
					}
				}
				sent++
				count := map[string]int{}
				for _, taken := range s.Taken() {
					parsed, err := netmail.ReadMessage(bytes.NewReader(taken.Bytes))
					if err != nil {
						t.Fatal(err)
					}
					count[parsed.Header.Get("Message-ID")]++
				}
				for id, n := range count {
					if n != 1 {
						t.Errorf("%s was sent %d times", id, n)
					}
				}
				if len(count) != sent {
					t.Errorf("%d answers were sent, want %d", len(count), sent)
				}
			})
			// What was left over must not meet the next answer.
			s.Clear()
		}
	}
}

func TestAnAnswerThatMayBeOnItsWayIsNotGivenUpYet(t *testing.T) {
	d := servers.Dovecot(t, servers.DovecotOptions{})
	s := relay(t, d)
	k := newDesk(t, d, answering(t, d, throughRelay(s)))
	k.accounts[0].sender.LookupAfter = time.Hour
	reply := theReply(contact.ConversationID(Kind, "contact", "x"), "1", "hello")
	s.At(smtptest.Dot, smtptest.Drop)
	if _, err := k.Reply(t.Context(), answerTo(jo), reply); err == nil || channels.IsNotSent(err) || channels.IsRefused(err) {
		t.Fatalf("got %v", err)
	}
	for range 2 {
		if _, err := k.Find(t.Context(), answerTo(jo), reply); err == nil || errors.Is(err, channels.ErrNotFound) {
			t.Errorf("got %v", err)
		}
	}
	k.mutex.Lock()
	k.attempts[reply.ID] = time.Now().Add(-time.Hour)
	k.mutex.Unlock()
	if _, err := k.Find(t.Context(), answerTo(jo), reply); !errors.Is(err, channels.ErrNotFound) {
		t.Errorf("an hour later: %v", err)
	}
	// What an earlier process tried was before this one.
	earlier := theReply(reply.Conversation, "2", "hello")
	if _, err := k.Find(t.Context(), answerTo(jo), earlier); err == nil || errors.Is(err, channels.ErrNotFound) {
		t.Errorf("just after the start: %v", err)
	}
	k.mutex.Lock()
	k.forgotten = time.Now().Add(-time.Hour)
	k.mutex.Unlock()
	if _, err := k.Find(t.Context(), answerTo(jo), earlier); !errors.Is(err, channels.ErrNotFound) {
		t.Errorf("an hour after the start: %v", err)
	}
}

func TestAForgottenAttemptIsNeverTakenForAnOlderOne(t *testing.T) {
	ch, err := New(Config{}, Deps{})
	if err != nil {
		t.Fatal(err)
	}
	tried := map[string]time.Time{}
	for n := range maxAttempts + 100 {
		reply := fmt.Sprint(n)
		ch.attempted(reply)
		tried[reply] = ch.attemptOf(reply)
	}
	for reply, at := range tried {
		if ch.attemptOf(reply).Before(at) {
			t.Errorf("attempt %s counts from before it was made", reply)
		}
	}
	if len(ch.attempts) != maxAttempts {
		t.Errorf("%d are remembered", len(ch.attempts))
	}
}

func TestACopyIsFoundInWhateverFolderItLies(t *testing.T) {
	d := servers.Dovecot(t, servers.DovecotOptions{})
	smtp := Sending{Address: "127.0.0.1:1", TLS: imap.None, Auth: "none", SentFolder: "Reports"}
	k := newDesk(t, d, answering(t, d, smtp))
	if k.accounts[0].sender.copyTo() != "" {
		t.Error("a copy is sent although the server keeps one")
	}
	for n, form := range []string{"Message-ID: <%s>", "Message-ID: <changed.by@the.server>\r\nX-Contactd-Reply: %s"} {
		reply := theReply(contact.ConversationID(Kind, "contact", "x"), fmt.Sprint(n), "hello")
		if _, err := k.Find(t.Context(), answerTo(jo), reply); !errors.Is(err, channels.ErrNotFound) {
			t.Errorf("%d: before it was sent: %v", n, err)
		}
		own, err := k.accounts[0].keyed()
		if err != nil {
			t.Fatal(err)
		}
		id, _ := own.tokens.MessageID(reply.Conversation, reply.ID, "force.example")
		d.Deliver(t, force, "Reports", fmt.Appendf(nil, "From: contact@force.example\r\n"+form+"\r\n\r\nhello\r\n", id))
		if receipt, err := k.Find(t.Context(), answerTo(jo), reply); err != nil || receipt.PlatformID != id {
			t.Errorf("%d: %+v, %v", n, receipt, err)
		}
	}
}

func TestAnAnswerWaitsForTheThreadKeys(t *testing.T) {
	d := servers.Dovecot(t, servers.DovecotOptions{})
	a := answering(t, d, Sending{Address: "127.0.0.1:1", TLS: imap.None, Auth: "none"})
	a.ThreadKeyFile = "/nowhere"
	k := newDesk(t, d, a)
	reply := theReply(contact.ConversationID(Kind, "contact", "x"), "1", "hello")
	if _, err := k.Reply(t.Context(), answerTo(jo), reply); !channels.IsNotSent(err) || channels.IsRefused(err) || !strings.Contains(err.Error(), "thread_key_file: ") {
		t.Errorf("told %v", err)
	}
	if _, err := k.Find(t.Context(), answerTo(jo), reply); err == nil || errors.Is(err, channels.ErrNotFound) {
		t.Errorf("looked up: %v", err)
	}
}

func TestABounceComesBackAsTheFailureOfItsReply(t *testing.T) {
	d := servers.Dovecot(t, servers.DovecotOptions{})
	p := servers.Postfix(t, d, servers.PostfixOptions{Bounce: "^gone@"})
	sending := throughPostfix(p)
	sending.Confirm = true
	k := newDesk(t, d, answering(t, d, sending))
	k.receive()
	conversation := contact.ConversationID(Kind, "contact", "x")
	reply := theReply(conversation, "1", "hello")
	if _, err := k.Reply(t.Context(), answerTo("gone@example.org"), reply); err != nil {
		t.Fatal(err)
	}
	var states []contact.ReplyState
	for _, message := range k.next(2) {
		if message.Conversation != conversation || message.Outcome == nil || message.Outcome.ReplyID != reply.ID || message.Answer.Address != "" {
			t.Fatalf("%q in %q: %+v", message.Automatic, message.Conversation, message.Outcome)
		}
		states = append(states, message.Outcome.State)
		if message.Outcome.State == contact.Failed && message.Outcome.Reason != "bounced: 5.1.1 there is no such address" {
			t.Errorf("reason %q", message.Outcome.Reason)
		}
	}
	if !slices.Equal(states, []contact.ReplyState{contact.Failed, contact.HandedOver}) {
		t.Errorf("states %v", states)
	}
}

func TestAPersonIsToldAtOnceAndAMachineNever(t *testing.T) {
	d := servers.Dovecot(t, servers.DovecotOptions{})
	p := servers.Postfix(t, d, servers.PostfixOptions{})
	a := answering(t, d, throughPostfix(p))
	a.Acknowledge.Enabled = true
	k := newDesk(t, d, a)
	k.receive()
	submit(t, p, jo, force, "From: Jo <jo@example.org>\nReply-To: elsewhere@example.org\nTo: contact@force.example\nSubject: private matter\nMessage-ID: <q@x>\n\nhelp\n")
	question := k.next(1)[0]
	text, ok := k.Acknowledgement(question)
	if !ok || !strings.HasPrefix(text, "If someone is in danger now, call 999.") || !strings.Contains(text, "ffoniwch 999") {
		t.Fatalf("told %q, %v", text, ok)
	}
	welsh := question
	welsh.Language = "cy"
	if text, _ := k.Acknowledgement(welsh); !strings.HasPrefix(text, "Os oes rhywun mewn perygl nawr, ffoniwch 999.") {
		t.Errorf("told in Welsh: %q", text)
	}
	conversation := contact.ConversationID(Kind, "contact", question.ID)
	reply := theReply(conversation, "acknowledgement", text)
	reply.Automatic = true
	if _, err := k.Reply(t.Context(), channels.Address{Account: "contact", Answer: question.Answer.Address}, reply); err != nil {
		t.Fatal(err)
	}
	raw := d.Await(t, jo, "INBOX", 1)[0]
	got := servers.ReadForeign(t, raw)
	for what, pair := range map[string][2]string{
		"return path": {got.Headers["return-path"], "<>"}, "auto-submitted": {got.Headers["auto-submitted"], "auto-replied"}, "to": {got.To, " <jo@example.org>"},
		"suppress": {got.Headers["x-auto-response-suppress"], "All"}, "in-reply-to": {got.Headers["in-reply-to"], "<q@x>"},
		"subject": {got.Headers["subject"], "Automatic reply / Ateb awtomatig"},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s is %q, want %q", what, pair[0], pair[1])
		}
	}
	if copied := k.next(1)[0]; copied.Automatic != contact.OwnMessage || copied.Conversation != conversation {
		t.Errorf("its copy is %q in %q", copied.Automatic, copied.Conversation)
	}
	// Another desk that gets it says nothing in turn: no loop begins.
	other := answering(t, d, throughPostfix(p))
	other.Addresses, other.Acknowledge.Enabled = []string{jo}, true
	if err := os.WriteFile(other.ThreadKeyFile, []byte("the key of another force, long enough\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	b := newDesk(t, d, other)
	heard, err := b.Read(t.Context(), channels.Original{Channel: Kind, Account: "contact", ID: "INBOX/1/1", Bytes: raw})
	if err != nil || heard.Automatic != contact.AutoReply {
		t.Errorf("another desk reads it as %q, %v", heard.Automatic, err)
	}
	if _, ok := b.Acknowledgement(heard); ok {
		t.Error("another desk answers it automatically")
	}
	for name, spoil := range map[string]func(*contact.Message){
		"not safe": func(m *contact.Message) { m.SafeToContact = "no" }, "covert": func(m *contact.Message) { m.Covert = true },
		"a machine": func(m *contact.Message) { m.Automatic = contact.List }, "blind copy": func(m *contact.Message) { m.Flags = []contact.Flag{contact.NotAddressed} },
		"a forged sender": func(m *contact.Message) { m.Authenticity = contact.Suspect }, "no return path": func(m *contact.Message) { m.Answer.Address = `{"to":"jo@example.org"}` },
		"who wrote two days ago":                            func(m *contact.Message) { m.ReceivedAt = time.Now().Add(-48 * time.Hour) },
		"who wrote then, of whose mail no server says when": func(m *contact.Message) { m.ReceivedAt, m.SentAt = time.Time{}, time.Now().Add(-48*time.Hour) },
		"nothing known":                                     func(m *contact.Message) { m.Answer.Address = "" }, "another account": func(m *contact.Message) { m.Channel.Account = "x" },
	} {
		m := question
		spoil(&m)
		if _, ok := k.Acknowledgement(m); ok {
			t.Errorf("%s is told", name)
		}
	}
}

func TestAnswersGoOutWithTheMailboxsToken(t *testing.T) {
	d := servers.Dovecot(t, servers.DovecotOptions{})
	p := servers.Postfix(t, d, servers.PostfixOptions{})
	for address, security := range map[string]imap.Security{p.Submission: imap.StartTLS, p.SMTPS: imap.Implicit} {
		sending := throughPostfix(p)
		sending.Address, sending.TLS = address, security
		a := answering(t, d, sending)
		useTokens(&a, imap.XOAuth2, provide(t, func(n int64) string {
			if n == 1 { // withdrawn before its time: replaced once, without an alarm
				return d.Token(t, force, time.Now().Add(-time.Minute))
			}
			return d.Token(t, force, time.Now().Add(time.Hour))
		}))
		k := newDesk(t, d, a)
		reply := theReply(contact.ConversationID(Kind, "contact", address), "1", "hello")
		if _, err := k.Reply(t.Context(), answerTo(jo), reply); err != nil {
			t.Fatalf("%s: %v\n%s", security, err, p.Log())
		}
		if failures := k.deps.Health.(*channelstest.Health).Failures(); len(failures) > 0 {
			t.Errorf("%s: told %v", security, failures)
		}
	}
	d.Await(t, jo, "INBOX", 2)
}

func TestACopyIsFoundWhereItWasMovedTo(t *testing.T) {
	d := servers.Dovecot(t, servers.DovecotOptions{})
	s := relay(t, d)
	a := answering(t, d, throughRelay(s))
	a.After = "move:Processed"
	k := newDesk(t, d, a)
	k.receive()
	reply := theReply(contact.ConversationID(Kind, "contact", "x"), "1", "hello")
	s.At(smtptest.Dot, smtptest.DropTaken)
	if _, err := k.Reply(t.Context(), answerTo(jo), reply); err == nil {
		t.Fatal("the lost answer was not noticed")
	}
	d.Await(t, force, "Processed", 1)
	if _, err := k.Find(t.Context(), answerTo(jo), reply); err != nil {
		t.Error(err)
	}
}

func TestFilesGoWithAnAnswerWholeOrNotAtAll(t *testing.T) {
	d := servers.Dovecot(t, servers.DovecotOptions{})
	s := relay(t, d)
	smtp := throughRelay(s)
	smtp.AttachmentLimit, smtp.AttachmentBytes, smtp.TextLimit = 2, 3<<20, 20
	k := newDesk(t, d, answering(t, d, smtp))
	content := bytes.Repeat([]byte("\x89PNG\r\n\x00."), 1<<18)
	blob, err := k.blobs.Store(t.Context(), bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	file := contact.Attachment{Blob: blob, Name: "Ŵyl.png"}
	reply := func(files ...contact.Attachment) contact.Reply {
		r := theReply(contact.ConversationID(Kind, "contact", "x"), fmt.Sprint(len(s.Taken())), "see the picture")
		r.Attachments = files
		return r
	}
	if _, err := k.Reply(t.Context(), answerTo(jo), reply(file)); err != nil {
		t.Fatal(err)
	}
	got := servers.ReadForeign(t, s.Taken()[0].Bytes)
	if len(got.Files) != 1 || got.Files[0].SHA256 != blob.SHA256 || got.Files[0].Name != "Ŵyl.png" || len(got.Defects) > 0 {
		t.Errorf("the foreign reader sees %+v, defects %v", got.Files, got.Defects)
	}
	missing := file
	missing.SHA256 = strings.Repeat("0", 64)
	injected := file
	injected.Name = "x\r\nBcc: all@example.org"
	long := reply()
	long.Text = strings.Repeat("é", 21)
	hide, empty := reply(), reply()
	hide.Way, empty.Text = contact.Hide, " \n"
	for name, each := range map[string]struct {
		reply   contact.Reply
		refused bool
	}{
		"too many": {reply(file, file, file), true}, "too large together": {reply(file, file), true}, "missing": {reply(missing), false},
		"a name with a header": {reply(injected), true}, "too long": {long, true},
		"a way that mail has not": {hide, true}, "nothing": {empty, true},
		"no reply of ours": {contact.Reply{ID: "r-1", Conversation: "c-1"}, true},
	} {
		_, err := k.Reply(t.Context(), answerTo(jo), each.reply)
		if channels.IsRefused(err) != each.refused || channels.IsNotSent(err) == each.refused {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, to := range map[string]channels.Address{
		"another account": {Account: "x", Answer: answerTo(jo).Answer}, "nonsense": {Account: "contact", Answer: "jo@example.org"}, "nobody": {Account: "contact", Answer: `{"to":"@"}`},
		"a header": answerTo("jo\r\nBcc: x@example.org"), "no domain": answerTo("jo@"), "a name that nobody can read": answerTo("j\uFFFDrg@example.org"), "a space in it": answerTo("jo\u00a0e@example.org"),
	} {
		if _, err := k.Reply(t.Context(), to, reply()); !channels.IsRefused(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if len(s.Taken()) != 1 {
		t.Errorf("%d mails were sent", len(s.Taken()))
	}
	if _, err := k.Reply(t.Context(), answerTo("jo@bücher.example"), reply()); err != nil || s.Taken()[1].To[1] != "jo@xn--bcher-kva.example" {
		t.Errorf("a domain in its own letters: %v, %v", err, s.Taken()[1].To)
	}
}

// TestAWayOutThatIsMendedIsFoundWithoutAReply: the last reply that would have
// shown it may have expired.
func TestAWayOutThatIsMendedIsFoundWithoutAReply(t *testing.T) {
	d := servers.Dovecot(t, servers.DovecotOptions{})
	s := relay(t, d)
	k := newDesk(t, d, answering(t, d, throughRelay(s)))
	k.timing.quiet = 50 * time.Millisecond
	s.At(smtptest.Mail, "451 4.3.0 later", "451 4.3.0 later", "451 4.3.0 later")
	if _, err := k.Reply(t.Context(), answerTo(jo), theReply(contact.ConversationID(Kind, "contact", "x"), "1", "hello")); !channels.IsNotSent(err) {
		t.Fatal(err)
	}
	k.receive()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	health := k.deps.Health.(*channelstest.Health)
	if err := health.Await(ctx, Kind, "contact", func(err error, told bool) bool { return told && err == nil }); err != nil {
		t.Fatalf("%v; told: %v", err, health.Failures())
	}
	if told := health.Failures(); len(told) != 3 || len(s.Taken()) > 0 {
		t.Errorf("told %v; sent %d mails", told, len(s.Taken()))
	}
}

func TestTheSignatureIsTheAuthorsOrTheDesks(t *testing.T) {
	for name, want := range map[string]string{"": "hello\n\n-- \nThe desk", "PC 214": "hello\n\n-- \nPC 214"} {
		if got := signed(contact.Reply{Text: "hello", SignedAs: name}, "The desk"); got != want {
			t.Errorf("%q is signed %q", name, got)
		}
	}
	if got := signed(contact.Reply{Text: "hello"}, ""); got != "hello" {
		t.Errorf("without a name: %q", got)
	}
}

func TestAnAccountThatSendsNothingSaysSo(t *testing.T) {
	ch, err := New(Config{Accounts: []Account{{Name: "x", Address: "mail.example.org", User: "u", Password: "p"}}}, Deps{})
	if err != nil {
		t.Fatal(err)
	}
	m, err := ch.Read(t.Context(), channels.Original{Channel: Kind, Account: "x", ID: "INBOX/1/1", Bytes: mailNumber(1)})
	if err != nil || m.Answer.Address != "" || m.Answer.Rules.Allowed || m.Answer.Rules.Reason != "channel_cannot_send" {
		t.Errorf("%+v, %v", m.Answer, err)
	}
	to := channels.Address{Account: "x", Answer: mail.Answer{To: jo}.Encode()}
	if _, err := ch.Reply(t.Context(), to, theReply("c", "1", "x")); !channels.IsRefused(err) {
		t.Errorf("reply: %v", err)
	}
	if _, err := ch.Find(t.Context(), to, theReply("c", "1", "x")); err == nil || errors.Is(err, channels.ErrNotFound) {
		t.Errorf("find: %v", err)
	}
}

func TestAPortWhereTLSComesFirstIsExplained(t *testing.T) {
	d := servers.Dovecot(t, servers.DovecotOptions{})
	p := servers.Postfix(t, d, servers.PostfixOptions{})
	sending := throughPostfix(p)
	sending.Address = p.SMTPS
	out := newDesk(t, d, answering(t, d, sending)).Channel
	out.accounts[0].sender.limits.Command = time.Second
	in := accountOn(d, "contact")
	in.TLS = imap.StartTLS
	for want, ch := range map[string]*Channel{
		"no answer in time (if TLS comes first at this port, as at 465, set smtp.tls: implicit)": out,
		"no answer in time (if TLS comes first at this port, as at 993, set tls: implicit)":      (&bench{config: Config{Accounts: []Account{in}}}).open(t),
	} {
		if tried := ch.Check(t.Context())[0]; tried.Err == nil || !strings.Contains(tried.Err.Error(), want) {
			t.Errorf("check says %v, want %s", tried.Err, want)
		}
	}
}

func TestCheckTriesTheWayOut(t *testing.T) {
	d := servers.Dovecot(t, servers.DovecotOptions{})
	p := servers.Postfix(t, d, servers.PostfixOptions{Refuse: "^wrong@"})
	for name, each := range map[string]struct {
		change func(*Sending)
		want   string
	}{
		"good":           {func(*Sending) {}, ""},
		"wrong password": {func(s *Sending) { s.User, s.Password = "x", "wrong" }, "check user and password"},
		"wrong copy":     {func(s *Sending) { s.Copy = "wrong@force.example" }, "set smtp.copy to an address of this mailbox"},
		"plain port":     {func(s *Sending) { s.TLS = imap.Implicit }, "set smtp.tls: starttls"},
		"wrong name":     {func(s *Sending) { s.ServerName = "mail.example.org" }, "set server_name"},
	} {
		sending := throughPostfix(p)
		each.change(&sending)
		tried := newDesk(t, d, answering(t, d, sending)).Check(t.Context())[0]
		if (tried.Err == nil) != (each.want == "") || tried.Err != nil && !strings.Contains(tried.Err.Error(), each.want) {
			t.Errorf("%s: %v", name, tried.Err)
		}
		if !strings.Contains(tried.Detail, "answers by "+p.Submission) {
			t.Errorf("%s: detail %q", name, tried.Detail)
		}
	}
	if n := d.Count(t, force, "INBOX"); n != 0 {
		t.Errorf("checking sent %d mails", n)
	}
}

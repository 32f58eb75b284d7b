package main

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"net/smtp"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"contactd/contact"
	"contactd/contact/contacttest"
	"contactd/deploy/servers"
)

// threadKeys writes the key by which answers to our mails are known.
func threadKeys(t *testing.T) (file string) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "keys")
	if err := os.WriteFile(file, []byte("a key for the tests only, 32 by.\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// TestAConversationByMailStaysOne plays three rounds between somebody and a
// handler, through real servers for both directions, with an acknowledgement
// at the beginning. What the person gets is read by a program that shares no
// code with us, and answered by three kinds of mail programs.
func TestAConversationByMailStaysOne(t *testing.T) {
	const force, jo = "contact@force.example", "jo@example.org"
	mailboxes := servers.Dovecot(t, servers.DovecotOptions{})
	postfix := servers.Postfix(t, mailboxes, servers.PostfixOptions{})
	keys := threadKeys(t)
	dir := configure(t, ownBroker+mailboxConfig("contact", mailboxes.IMAPS, mailboxes.CAFile, force, servers.DovecotPassword)+fmt.Sprintf(`        addresses: [%s]
        thread_key_file: %s
        smtp: {address: %q, server_name: localhost, name: Force, plus_addressing: true}
        acknowledge: {enabled: true}
`, force, keys, postfix.Submission))
	p := startProgram(t, dir, "run")
	p.awaitReady()
	watched := watch(t, dir)

	references := "<q0@example.org>"
	submitMail(t, postfix, jo, force, "From: Jo <jo@example.org>\r\nTo: contact@force.example\r\nSubject: Mill Lane\r\nMessage-ID: <q0@example.org>\r\n\r\nquestion 0\r\n")
	conversation := watched.await("question 0").PartitionKey
	acknowledgement := servers.ReadForeign(t, mailboxes.Await(t, jo, "INBOX", 1)[0])
	if acknowledgement.Headers["auto-submitted"] != "auto-replied" || acknowledgement.Headers["in-reply-to"] != "<q0@example.org>" || !strings.HasPrefix(acknowledgement.Plain, "If someone is in danger now, call 999.") {
		t.Errorf("the first that came is not the acknowledgement: %v\n%s", acknowledgement.Headers, acknowledgement.Plain)
	}
	for round := range 3 {
		text := fmt.Sprintf("answer %d", round)
		if out, err := command(t.Context(), dir, "reply", conversation, text).CombinedOutput(); err != nil || !strings.Contains(string(out), "handed") {
			t.Fatalf("round %d: %v\n%s\n%s", round, err, out, tailOf(p.logged(), 3000))
		}
		got := servers.ReadForeign(t, mailboxes.Await(t, jo, "INBOX", round+2)[round+1])
		id := got.Headers["message-id"]
		if got.Plain != text+"\n" || got.Headers["references"] != references || !strings.HasSuffix(references, got.Headers["in-reply-to"]) ||
			got.Headers["subject"] != "Re: Mill Lane" || got.From != "Force <contact@force.example>" || len(got.Defects) > 0 {
			t.Errorf("round %d: the person sees %+v, want references %s", round, got, references)
		}
		to := strings.TrimSuffix(strings.SplitAfter(got.ReplyTo, "<")[1], ">")
		header := ""
		switch next := fmt.Sprintf("<q%d@example.org>", round+1); round {
		case 0: // by the book
			header, references = "In-Reply-To: "+id+"\r\nReferences: "+references+" "+id+"\r\n", references+" "+id+" "+next
		case 1: // to the address that it was told, and no header
			references = next
		default: // with a header, to the bare address
			to, header = force, "In-Reply-To: "+id+"\r\n"
		}
		question := fmt.Sprintf("question %d", round+1)
		submitMail(t, postfix, jo, to, fmt.Sprintf("From: Jo <jo@example.org>\r\nTo: %s\r\nSubject: Re: Mill Lane\r\nMessage-ID: <q%d@example.org>\r\n%s\r\n%s\r\n", to, round+1, header, question))
		if now := watched.await(question).PartitionKey; now != conversation {
			t.Errorf("%s is in conversation %s, not %s", question, now, conversation)
		}
	}
	if n := mailboxes.Count(t, jo, "INBOX"); n != 4 {
		t.Errorf("the person has %d mails, want an acknowledgement and three answers", n)
	}
	// Four mails of the person, four copies of ours, and of each reply the
	// states queued and handed over.
	events := watched.conversation(conversation, 4+4+2*4)
	inspectConversation(t, events)
	if code := p.stop(); code != 0 {
		t.Errorf("exit %d", code)
	}
	if out, err := command(t.Context(), dir, "verify").CombinedOutput(); err != nil {
		t.Errorf("verify: %v\n%s", err, out)
	}
}

// inspectConversation checks order and states.
func inspectConversation(t *testing.T, events []contact.Event) {
	t.Helper()
	states := map[string][]contact.ReplyState{}
	own := 0
	for n, event := range events {
		if event.Sequence != strconv.Itoa(n+1) {
			t.Errorf("event %d has sequence %s", n+1, event.Sequence)
		}
		switch event.Type {
		case contact.ReceivedV1:
			var data contact.Received
			if err := json.Unmarshal(event.Data, &data); err != nil {
				t.Fatal(err)
			}
			if data.Automatic == contact.OwnMessage {
				own++
			} else if data.Reply == nil || !data.Reply.Allowed || len(data.Flags) > 0 {
				t.Errorf("a mail of the person: reply %+v, flags %v", data.Reply, data.Flags)
			}
		case contact.RepliedV1:
			var data contact.Replied
			if err := json.Unmarshal(event.Data, &data); err != nil {
				t.Fatal(err)
			}
			states[data.ReplyID] = append(states[data.ReplyID], data.State)
		default:
			t.Errorf("an event %s", event.Type)
		}
	}
	if own != 4 || len(states) != 4 {
		t.Errorf("%d copies and %d replies, want 4 each", own, len(states))
	}
	for id, each := range states {
		if !slices.Equal(each, []contact.ReplyState{contact.Queued, contact.HandedOver}) {
			t.Errorf("%s went %v", id, each)
		}
	}
}

// watcher collects the events of a running contactd.
type watcher struct {
	t      *testing.T
	mutex  sync.Mutex
	events []contact.Event
}

func watch(t *testing.T, dir string) *watcher {
	t.Helper()
	cmd := command(t.Context(), dir, "tail", "--json", "--from-beginning", "--timeout", "5m")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w := &watcher{t: t}
	read := make(chan struct{})
	go func() {
		defer close(read)
		lines := bufio.NewScanner(out)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			var event contact.Event
			contacttest.Valid(t, []byte(lines.Text()))
			if err := json.Unmarshal(lines.Bytes(), &event); err != nil {
				t.Error(err)
			}
			w.mutex.Lock()
			w.events = append(w.events, event)
			w.mutex.Unlock()
		}
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-read
		_ = cmd.Wait()
	})
	return w
}

// await returns the event of a person's message that says text.
func (w *watcher) await(text string) (found contact.Event) {
	w.t.Helper()
	eventually(w.t, time.Minute, func() bool {
		w.mutex.Lock()
		defer w.mutex.Unlock()
		for _, event := range w.events {
			var data contact.Received
			if event.Type == contact.ReceivedV1 && json.Unmarshal(event.Data, &data) == nil && data.Content.Text == text {
				found = event
				return true
			}
		}
		return false
	}, func() string { return "no event of " + text })
	return found
}

// conversation returns the events of a conversation once there are that many.
func (w *watcher) conversation(key string, count int) (events []contact.Event) {
	w.t.Helper()
	eventually(w.t, time.Minute, func() bool {
		w.mutex.Lock()
		defer w.mutex.Unlock()
		events = nil
		for _, event := range w.events {
			if event.PartitionKey == key {
				events = append(events, event)
			}
		}
		return len(events) >= count
	}, func() string { return fmt.Sprintf("%d events of %d", len(events), count) })
	return events
}

// submitMail hands somebody's mail to the mail server.
func submitMail(t *testing.T, p *servers.PostfixServer, from, to, raw string) {
	t.Helper()
	authority, err := os.ReadFile(p.CAFile)
	if err != nil {
		t.Fatal(err)
	}
	trust := &tls.Config{RootCAs: x509.NewCertPool(), ServerName: "localhost"}
	trust.RootCAs.AppendCertsFromPEM(authority)
	client, err := smtp.Dial(p.Submission)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	for _, step := range []func() error{
		func() error { return client.StartTLS(trust) },
		func() error { return client.Auth(smtp.PlainAuth("", from, servers.DovecotPassword, "127.0.0.1")) },
		func() error { return client.Mail(from) },
		func() error { return client.Rcpt(to) },
		func() error {
			body, err := client.Data()
			if err != nil {
				return err
			}
			if _, err := body.Write([]byte(raw)); err != nil {
				return err
			}
			return body.Close()
		},
	} {
		if err := step(); err != nil {
			t.Fatalf("submit mail: %v\n%s", err, p.Log())
		}
	}
}

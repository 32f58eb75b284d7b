package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"contactd/contact"
	"contactd/contact/contacttest"
	"contactd/deploy/servers"
)

// The mails of the end-to-end test: conversations of several mails each.
const (
	conversations = 200
	mailsEach     = 5
)

func TestAThousandMailsBecomeAThousandEvents(t *testing.T) {
	t.Run("on Apache Kafka", func(t *testing.T) {
		node, force := servers.Kafka(t), "e2e-"+strings.ToLower(rand.Text()[:8])
		aThousandMails(t, force, fmt.Sprintf("kafka:\n  brokers: [%q]\n  topics: {replication: 1}\n", node.Plain),
			func(_ *process, began time.Time) []string {
				// What was published is there: a partition without any holds none.
				return []string{"-b", node.Plain, "-o", fmt.Sprintf("s@%d", began.UnixMilli())}
			})
	})
	t.Run("on the broker that comes along", func(t *testing.T) {
		aThousandMails(t, "local", "broker: {address: \"127.0.0.1:0\"}\n",
			func(p *process, _ time.Time) []string {
				return []string{"-F", filepath.Join(p.dir, "data", "kafka", "kcat.conf"), "-o", "beginning"}
			})
	})
}

// aThousandMails delivers mails to a real mailbox while contactd runs and
// reads the events with a client that shares no code with it.
func aThousandMails(t *testing.T, force, config string, kcatArgs func(*process, time.Time) []string) {
	mailbox, kcat := servers.Dovecot(t, servers.DovecotOptions{}), servers.Kcat(t)
	began := time.Now()
	config = "force: " + force + "\n" + config + mailboxConfig("control", mailbox.IMAPS, mailbox.CAFile, "control", servers.DovecotPassword)
	p := startProgram(t, configure(t, config), "run")
	for n := range mailsEach {
		var round [][]byte
		for c := range conversations {
			round = append(round, mail(c, n))
		}
		mailbox.Deliver(t, "control", "INBOX", round...)
	}
	p.publishes(t, conversations*mailsEach)
	events := read(t, kcat, append(kcatArgs(p, began), "-t", "contact.events"), force, conversations*mailsEach)
	inspect(t, events)
	t.Logf("%d events after %v", len(events), time.Since(began).Round(time.Millisecond))
	if code := p.stop(); code != 0 {
		t.Errorf("exit %d", code)
	}
}

// mail is the nth mail of a conversation, which begins with the first.
func mail(conversation, n int) []byte {
	id := func(n int) string { return fmt.Sprintf("<c%d.n%d@example.org>", conversation, n) }
	text := fmt.Sprintf("From: Resident %d <resident%d@example.org>\r\nTo: control@sampleshire.example\r\nSubject: case %d mail %d\r\nMessage-ID: %s\r\n",
		conversation, conversation, conversation, n, id(n))
	if n > 0 {
		text += fmt.Sprintf("In-Reply-To: %s\r\nReferences: %s\r\n", id(n-1), id(0))
	}
	return []byte(text + "Date: Tue, 03 Nov 2026 21:14:05 +0000\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nThe gate in Mill Lane is open again.\r\n")
}

// read runs kcat until it has shown count events of a force.
func read(t *testing.T, kcat string, args []string, force string, count int) [][]byte {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, kcat, append([]string{"-C", "-q", "-u", "-f", "%s\n"}, args...)...)
	var problems strings.Builder
	cmd.Stderr = &problems
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var events [][]byte
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<20)
	for len(events) < count && lines.Scan() {
		var event contact.Event
		if err := json.Unmarshal(lines.Bytes(), &event); err == nil && event.Force == force && event.Type == contact.ReceivedV1 {
			events = append(events, []byte(lines.Text()))
		}
	}
	cancel()
	_ = cmd.Wait()
	if len(events) < count {
		t.Fatalf("kcat saw %d of %d events: %s", len(events), count, problems.String())
	}
	return events
}

// inspect checks what the issue promises of the events.
func inspect(t *testing.T, events [][]byte) {
	t.Helper()
	ids := map[string]bool{}
	next := map[string]int{}
	for _, record := range events {
		contacttest.Valid(t, record)
		var event contact.Event
		var data contact.Received
		if err := json.Unmarshal(record, &event); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(event.Data, &data); err != nil {
			t.Fatal(err)
		}
		if ids[event.Source+event.ID] {
			t.Errorf("event %s came twice", event.ID)
		}
		ids[event.Source+event.ID] = true
		var c, n int
		if _, err := fmt.Sscanf(data.Content.Subject, "case %d mail %d", &c, &n); err != nil {
			t.Fatalf("subject %q: %v", data.Content.Subject, err)
		}
		if want := next[event.PartitionKey]; n != want || event.Sequence != fmt.Sprint(n+1) {
			t.Errorf("conversation %d: mail %d with sequence %s came where %d was due", c, n, event.Sequence, want)
		}
		next[event.PartitionKey]++
	}
	if len(ids) != conversations*mailsEach || len(next) != conversations {
		t.Errorf("%d different ids in %d conversations", len(ids), len(next))
	}
}

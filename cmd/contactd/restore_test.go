package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"contactd/contact"
	"contactd/deploy/servers"
)

// TestAFolderPutBackFromABackupSendsNothingTwice answers somebody by mail while
// the mail server is away, backs the running contactd up, lets it send and answer
// more, and puts the backup back while Kafka, the mailbox and the person have what
// happened since.
func TestAFolderPutBackFromABackupSendsNothingTwice(t *testing.T) {
	const force, jo = "contact@force.example", "jo@example.org"
	mailboxes := servers.Dovecot(t, servers.DovecotOptions{})
	postfix := servers.Postfix(t, mailboxes, servers.PostfixOptions{})
	keys := threadKeys(t)
	broker := t.TempDir() // beside data_dir, and not put back with it
	config := func(smtp string) string {
		return fmt.Sprintf("broker: {address: \"127.0.0.1:0\", dir: %q}\n", broker) +
			mailboxConfig("contact", mailboxes.IMAPS, mailboxes.CAFile, force, servers.DovecotPassword) +
			fmt.Sprintf("        addresses: [%s]\n        thread_key_file: %s\n        smtp: {address: %q, server_name: localhost, name: Force}\n        acknowledge: {enabled: true}\n", force, keys, smtp)
	}
	dir := configure(t, config(servers.FreeAddress(t))) // nobody listens there
	p := startProgram(t, dir, "run")
	p.awaitReady()
	watched := watch(t, dir)
	writes := func(n int) string {
		t.Helper()
		question := fmt.Sprintf("question %d", n)
		submitMail(t, postfix, jo, force, fmt.Sprintf("From: Jo <jo@example.org>\r\nTo: contact@force.example\r\nSubject: Lane\r\nMessage-ID: <q%d@example.org>\r\nReferences: <q0@example.org>\r\n\r\n%s\r\n", n, question))
		return watched.await(question).PartitionKey
	}
	answers := func(conversation string, n int, wait string) string {
		t.Helper()
		out, _ := command(t.Context(), dir, "reply", "--wait", wait, conversation, fmt.Sprintf("answer %d", n)).CombinedOutput()
		return string(out)
	}
	conversation := writes(0)
	if out := answers(conversation, 0, "2s"); !strings.Contains(out, "still queued") {
		t.Fatalf("%s", out)
	}
	backup := filepath.Join(t.TempDir(), "backup")
	if out, err := command(t.Context(), dir, "backup", backup).CombinedOutput(); err != nil || !strings.Contains(string(out), " in "+backup) {
		t.Fatalf("backup: %v\n%s", err, out)
	}

	p.stop()
	writeConfig(t, dir, config(postfix.Submission))
	p = startProgram(t, dir, "run")
	p.awaitReady()
	mailboxes.Await(t, jo, "INBOX", 2) // the acknowledgement, and the answer
	watched = watch(t, dir)
	writes(1)
	if out := answers(conversation, 1, "30s"); !strings.Contains(out, "handed") {
		t.Fatalf("%s", out)
	}
	mailboxes.Await(t, jo, "INBOX", 3)
	p.kill()

	data := filepath.Join(dir, "data")
	if err := os.RemoveAll(data); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(backup, data); err != nil {
		t.Fatal(err)
	}
	p = startProgram(t, dir, "run")
	p.awaitReady()
	watched = watch(t, dir)
	writes(2)
	if out := answers(conversation, 2, "30s"); !strings.Contains(out, "handed") {
		t.Fatalf("%s", out)
	}
	mailboxes.Await(t, jo, "INBOX", 4)
	if detail := p.readiness().Journal.Detail; !strings.Contains(detail, "put back from a backup") || !strings.Contains(p.logged(), "put back from a backup") {
		t.Errorf("nobody is told: %q", detail)
	}
	var out []byte
	eventually(t, time.Minute, func() bool {
		out, _ = command(t.Context(), dir, "verify").CombinedOutput()
		return strings.Contains(string(out), "replies: 0 to be sent, 0 nobody knows of")
	}, func() string { return string(out) })
	if !strings.Contains(string(out), "put back from a backup") || strings.Contains(string(out), "difference") {
		t.Errorf("verify:\n%s", out)
	}
	if n := mailboxes.Count(t, jo, "INBOX"); n != 4 {
		t.Errorf("the person has %d mails, want an acknowledgement and three answers", n)
	}
	at, places := map[string]contact.Event{}, map[string]string{}
	for _, event := range watched.conversation(conversation, 1) {
		if other, taken := at[event.Sequence]; taken && other.ID != event.ID {
			t.Errorf("place %s is that of %s %s and of %s %s", event.Sequence, other.Type, other.Subject, event.Type, event.Subject)
		}
		if other, told := places[event.ID]; told && other != event.Sequence {
			t.Errorf("%s of %s is at %s and at %s", event.Type, event.Subject, other, event.Sequence)
		}
		at[event.Sequence], places[event.ID] = event, event.Sequence
	}
	if code := p.stop(); code != 0 {
		t.Errorf("exit %d", code)
	}
}

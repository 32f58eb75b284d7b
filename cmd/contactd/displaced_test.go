package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"

	"contactd/contact"
	"contactd/deploy/servers"
	"contactd/pipeline"
	"contactd/pipeline/kafka"
)

// TestWhatABrokerLostAndOverwroteIsPublishedAgainOnce puts the broker's folder
// back to an earlier copy, as a disk may that had promised more than it wrote,
// and lets somebody else write until every partition is longer than before: no
// offset tells of the loss.
func TestWhatABrokerLostAndOverwroteIsPublishedAgainOnce(t *testing.T) {
	const kept, lost, foreign = 12, 30, 600
	mailbox := servers.Dovecot(t, servers.DovecotOptions{})
	address := servers.FreeAddress(t)
	dir := configure(t, fmt.Sprintf("force: displaced\nbroker: {address: %q}\n", address)+
		mailboxConfig("control", mailbox.IMAPS, mailbox.CAFile, "control", servers.DovecotPassword))
	folder := filepath.Join(dir, "data", "kafka")
	connect := kafka.Config{Brokers: []string{address}, SASL: kafka.SASL{
		Mechanism: "scram-sha-512", User: "contactd", PasswordFile: filepath.Join(folder, "contactd.password"),
	}}
	delivered := 0
	run := func(mails int) {
		t.Helper()
		p := startProgram(t, dir, "run")
		for range mails {
			mailbox.Deliver(t, "control", "INBOX", outageMail(delivered, "The gate in Mill Lane is open again."))
			delivered++
		}
		p.publishes(t, mails)
		if code := p.stop(); code != 0 {
			t.Errorf("exit %d", code)
		}
	}
	run(kept)
	earlier := t.TempDir()
	if err := os.CopyFS(earlier, os.DirFS(folder)); err != nil {
		t.Fatal(err)
	}
	run(lost)
	if err := os.RemoveAll(folder); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(folder, os.DirFS(earlier)); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	broker := startBroker(t, dir)
	if told := mailsOn(t, connect); len(told) != kept {
		t.Fatalf("%d mails are left on the topic, want %d", len(told), kept)
	}
	writeForeign(t, connect, foreign)
	stopBroker(t, broker)

	p := startProgram(t, dir, "run")
	eventually(t, time.Minute, func() bool { return p.metric("contactd_journal_displaced_total") == lost },
		func() string {
			return fmt.Sprintf("%d of %d mails are published again", p.metric("contactd_journal_displaced_total"), lost)
		})
	p.publishes(t, lost)
	checkOnce(t, mailsOn(t, connect), kept+lost)
	if log := p.logged(); !strings.Contains(log, "holds other records in the places of acknowledged ones") || p.metric("contactd_republished_total") > 0 {
		t.Error("the loss was seen in another way")
	}
	if code := p.stop(); code != 0 {
		t.Errorf("exit %d", code)
	}

	// Now all is where the journal has it.
	run(1)
	broker = startBroker(t, dir)
	checkOnce(t, mailsOn(t, connect), kept+lost+1)
	stopBroker(t, broker)
	if out, err := command(t.Context(), dir, "verify").CombinedOutput(); err != nil {
		t.Errorf("verify: %v\n%s", err, out)
	}
}

// writeForeign writes records as another process of the force would.
func writeForeign(t *testing.T, connect kafka.Config, records int) {
	t.Helper()
	publisher, err := kafka.NewPublisher(connect, kafka.Watch{})
	if err != nil {
		t.Fatal(err)
	}
	envs := make([]*message.Message, records)
	for i := range envs {
		event := contact.Event{ID: contact.EventID(contact.DegradedV1, fmt.Sprint(i), ""), Type: contact.DegradedV1, PartitionKey: fmt.Sprint("of another process ", i)}
		if envs[i], err = pipeline.Envelope(event, pipeline.LaneNormal); err != nil {
			t.Fatal(err)
		}
	}
	if err := publisher.Publish(pipeline.TopicEvents, envs...); err != nil {
		t.Fatal(err)
	}
	if err := publisher.Close(); err != nil {
		t.Fatal(err)
	}
}

// mailsOn counts the records of each mail on the topic, by the event's id.
func mailsOn(t *testing.T, connect kafka.Config) map[string]int {
	t.Helper()
	cluster, err := kafka.NewCluster(connect, kafka.Watch{})
	if err != nil {
		t.Fatal(err)
	}
	told := map[string]int{}
	err = cluster.Read(t.Context(), pipeline.TopicEvents, func(r kafka.Record) error {
		var event contact.Event
		if err := json.Unmarshal(r.Value, &event); err != nil {
			return err
		}
		if event.Type == contact.ReceivedV1 {
			told[event.ID]++
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return told
}

func checkOnce(t *testing.T, told map[string]int, mails int) {
	t.Helper()
	if len(told) != mails {
		t.Errorf("%d mails are on the topic, want %d", len(told), mails)
	}
	for id, times := range told {
		if times != 1 {
			t.Errorf("%s was told %d times", id, times)
		}
	}
}

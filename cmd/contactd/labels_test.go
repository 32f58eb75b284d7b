package main

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"contactd/contact"
	"contactd/contact/contacttest"
	"contactd/deploy/servers"
	"contactd/pipeline"
	"contactd/pipeline/kafka"
)

func TestWhatHandlersGradeComesBackAsLabels(t *testing.T) {
	t.Run("on Apache Kafka", func(t *testing.T) {
		labelsComeBack(t, fmt.Sprintf("kafka:\n  brokers: [%q]\n  topics: {replication: 1}\n", servers.Kafka(t).Plain))
	})
	t.Run("on the broker that comes along", func(t *testing.T) { labelsComeBack(t, ownBroker) })
}

// mailOf is a mail with a heading, by one of several people.
func mailOf(n int, subject, words string) []byte {
	return fmt.Appendf(nil, "From: Zaltana Quill <zq%d@example.org>\r\nTo: control@sampleshire.example\r\nSubject: %s\r\n"+
		"Message-ID: <l%d-%d@example.org>\r\nDate: Tue, 03 Nov 2026 21:14:05 +0000\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n%s\r\n",
		n, subject, n, time.Now().UnixNano(), words)
}

func labelsComeBack(t *testing.T, config string) {
	const (
		calm  = "The library was open on Sunday. Zaltana from number 7, 07700 900123"
		knife = "he has a knife and is trying to get in"
	)
	long := strings.Repeat("This line is long and says nothing at all about anything. ", 5000) + "the end"
	mailbox := servers.Dovecot(t, servers.DovecotOptions{})
	force := fmt.Sprintf("labels%d", time.Now().UnixNano()) // others use the same topics
	dir := configure(t, "force: "+force+"\n"+config+mailboxConfig("control", mailbox.IMAPS, mailbox.CAFile, "control", servers.DovecotPassword))
	p := startProgram(t, dir, "run")
	for n, words := range []string{calm, knife, long, "Nobody has graded this one."} {
		mailbox.Deliver(t, "control", "INBOX", mailOf(n, fmt.Sprintf("note %d", n), words))
	}
	var received []contact.Event
	eventually(t, time.Minute, func() bool {
		received = p.told(pipeline.TopicEvents, force, contact.ReceivedV1)
		return len(received) == 4
	}, func() string { return fmt.Sprintf("%d messages", len(received)) })
	conversations, ids := map[string]string{}, map[string]string{} // by subject
	for _, e := range received {
		var data contact.Received
		if err := json.Unmarshal(e.Data, &data); err != nil {
			t.Fatal(err)
		}
		conversations[data.Content.Subject], ids[data.Content.Subject] = e.PartitionKey, e.Subject
	}
	seen := p.try("", "regrade", conversations["note 1"], "scheduled")
	if seen.code != 2 || !strings.Contains(seen.err, "it is emergency now; say why it is to be scheduled, with --reason") {
		t.Errorf("lowered without a reason: %+v", seen)
	}
	for _, args := range [][]string{
		{conversations["note 0"], "priority", "--category", "concern_welfare"},
		{conversations["note 0"], "resolution", "--reason", "it is about the library"},
		{conversations["note 1"], "emergency"},
		{conversations["note 2"], "scheduled", "--reason", "far too long"},
	} {
		seen := p.try("", append([]string{"regrade"}, args...)...)
		if seen.code != 0 || !strings.Contains(seen.out, contact.AssessedV1) {
			t.Fatalf("regrade %v: %+v", args, seen)
		}
	}
	connect, _, err := brokerOf(p.config())
	if err != nil {
		t.Fatal(err)
	}
	p.repeat(connect, append(received, p.told(pipeline.TopicEvents, force, contact.AssessedV1)[0])) // what comes twice counts once

	out := filepath.Join(dir, "labels.csv")
	if seen := p.try("", "labels", "export", "--out", out); seen.code != 0 || !strings.Contains(seen.err, "3 labels written, 0 of them cut") {
		t.Fatalf("%+v", seen)
	}
	rows := readCSV(t, out)
	want := [][]string{
		{"id", "channel", "text", "grade", "category", "notes"},
		{ids["note 0"], "email", "note 0\n\n" + calm, "Resolution", "", rows[1][5]},
		{ids["note 1"], "email", "note 1\n\n" + knife, "Immediate", "violence_weapon", "was:emergency;lang:en;type=handled"},
		{ids["note 2"], "email", "note 2\n\n" + long, "Scheduled", "", rows[3][5]},
	}
	for i, row := range rows {
		if !slices.Equal(row, want[i]) {
			t.Errorf("row %d: %.200q\nwant %.200q", i, row, want[i])
		}
	}
	if info, err := os.Stat(out); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	masked := p.try("", "labels", "export", "--anonymise").out
	for _, secret := range []string{"Zaltana", "07700", "number 7", "zq0@", ids["note 0"]} {
		if strings.Contains(masked, secret) {
			t.Errorf("%q is left: %.300s", secret, masked)
		}
	}
	if !strings.Contains(masked, "⟪NAME 1⟫ from number ⟪HOUSE 1⟫, ⟪PHONE 1⟫") {
		t.Errorf("%.300s", masked)
	}
	if seen := p.try("", "labels", "export", "--until", "1h"); strings.Count(seen.out, "\n") != 1 {
		t.Errorf("before anybody graded: %.300s", seen.out)
	}
	if seen := p.try("", "eval", "--data", out, "--json"); seen.code != 0 || !strings.Contains(seen.out, `"messages":3`) {
		t.Errorf("eval: %+v", seen)
	}
}

func TestWhoNoLongerWaitsForAGradeIsToldThatItMayBeTaken(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	interrupt()
	const conversation = "c-3lnpdfsib5r34hnaib72u7ipcb"
	err := regradeCommand{Conversation: conversation, Wait: time.Minute}.await(ctx, &program{}, nil, nil, "e-1", "contact.replies/0/1")
	if !errors.As(err, new(unknownError)) || err.Error() != "regrade "+conversation+": not waited for any longer; contactd may still take it" {
		t.Errorf("%v", err)
	}
}

func TestWrongArgumentsOfRegradeAreExplained(t *testing.T) {
	const conversation = "c-3lnpdfsib5r34hnaib72u7ipcb"
	for want, args := range map[string][]string{
		"want a conversation such as":     {"regrade", "m-671cd0j64v79vljrc1vm2qfie2", "priority"},
		`resolution, got "unknown"`:       {"regrade", conversation, "unknown"},
		`resolution, got "loud"`:          {"regrade", conversation, "loud"},
		"--message: want a message":       {"regrade", conversation, "priority", "--message", "7"},
		"--wait cannot be negative":       {"regrade", conversation, "priority", "--wait=-3s"},
		"--since: is not before --until":  {"labels", "export", "--since", "1h", "--until", "2h"},
		"--until: want a time such as":    {"labels", "export", "--until", "soon"},
		"is empty and contactd run has n": {"-c", inDir(t, t.TempDir()), "labels", "export"},
	} {
		if seen := contactd(t, "", args...); seen.code == 0 || !strings.Contains(seen.err, want) {
			t.Errorf("%v: %+v", args, seen)
		}
	}
}

// told are the events of a topic that are of a force and of a type.
func (p *process) told(topic, force, eventType string) (events []contact.Event) {
	p.t.Helper()
	err := p.cluster().Read(p.t.Context(), topic, func(r kafka.Record) error {
		var e contact.Event
		if r.Headers["ce_type"] == eventType && strings.Contains(r.Headers["ce_source"], force) && json.Unmarshal(r.Value, &e) == nil {
			contacttest.Valid(p.t, r.Value)
			events = append(events, e)
		}
		return nil
	})
	if err != nil {
		p.t.Fatal(err)
	}
	return events
}

// repeat publishes events once more, as Kafka may deliver them.
func (p *process) repeat(connect kafka.Config, events []contact.Event) {
	p.t.Helper()
	publisher, err := kafka.NewPublisher(connect, kafka.Watch{})
	if err != nil {
		p.t.Fatal(err)
	}
	for _, e := range events {
		env, err := pipeline.Envelope(e, pipeline.LaneNormal)
		if err == nil {
			err = publisher.Publish(pipeline.TopicEvents, env)
		}
		if err != nil {
			p.t.Fatal(err)
		}
	}
	if err := publisher.Close(); err != nil {
		p.t.Fatal(err)
	}
}

func readCSV(t *testing.T, name string) [][]string {
	t.Helper()
	file, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

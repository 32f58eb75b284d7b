package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"contactd/cmd/contactd/panel"
	"contactd/contact"
	"contactd/deploy/servers"
	"contactd/pipeline"
)

// calmModel trains a model that finds nothing urgent.
func calmModel(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	calm, model := filepath.Join(dir, "calm.csv"), filepath.Join(dir, "calm.bin")
	rows := "id,channel,text,grade,category\n"
	for n := range 40 {
		rows += fmt.Sprintf("%d,webchat,when is the desk open number %d,resolution,admin\n", n, n)
	}
	if err := os.WriteFile(calm, []byte(rows), 0o600); err != nil {
		t.Fatal(err)
	}
	if seen := contactd(t, "", "train", "--data", calm, "--out", model); seen.code != 0 {
		t.Fatalf("train: %s", seen.err)
	}
	return model
}

func TestACandidateIsTriedBesideTheLiveModel(t *testing.T) {
	// Of the second only the live model thinks that somebody should come.
	const worry = "my daughter should have been home hours ago and she is only nine"
	const theft = "someone stole a bicycle from the rack at the pool"
	mailbox := servers.Dovecot(t, servers.DovecotOptions{})
	force := fmt.Sprintf("shadow%d", time.Now().UnixNano())
	dir := configure(t, "force: "+force+"\n"+ownBroker+"classifiers: {linear: {shadow: "+calmModel(t)+"}}\n"+
		mailboxConfig("control", mailbox.IMAPS, mailbox.CAFile, "control", servers.DovecotPassword))
	p := startProgram(t, dir, "run")
	for n, words := range []string{worry, theft} {
		mailbox.Deliver(t, "control", "INBOX", mailOf(n, "note", words))
	}
	var received []contact.Event
	eventually(t, time.Minute, func() bool {
		received = p.told(pipeline.TopicEvents, force, contact.ReceivedV1)
		return len(received) == 2
	}, func() string { return fmt.Sprintf("%d messages", len(received)) })
	live, err := panel.New(panel.Config{})
	if err != nil {
		t.Fatal(err)
	}
	var graded string
	for _, e := range received {
		var data contact.Received
		if err := json.Unmarshal(e.Data, &data); err != nil {
			t.Fatal(err)
		}
		m := contact.Message{Subject: data.Content.Subject, Text: data.Content.Text, Authored: data.Content.Text, Channel: data.Channel.Channel}
		if want := live.Assess(t.Context(), m); want.Grade != *e.Grade || !slices.Equal(want.JudgedBy, data.Classification.JudgedBy) {
			t.Errorf("%q is %v, without a candidate %v", data.Content.Text, *e.Grade, want.Grade)
		}
		if shadow := data.Classification.Shadow; shadow == nil || shadow.Grade == contact.Emergency || !strings.HasPrefix(shadow.By, "linear@") {
			t.Errorf("%q: shadow %+v", data.Content.Text, shadow)
		}
		if strings.Contains(data.Content.Text, "bicycle") {
			graded = data.ConversationID
		}
	}
	if n := p.metric("contactd_shadow_total"); n != 2 {
		t.Errorf("compared %d", n)
	}
	p.command("regrade", graded, "priority")
	seen := p.try("", "shadow", "--missed")
	if seen.code != 0 || strings.Count(seen.out, " scheduled, with linear@") != 1 || !strings.Contains(seen.out, "resolution  a person: priority — someone stole") ||
		!strings.Contains(seen.out, graded) || !strings.Contains(seen.out, "scheduled  with the candidate resolution 1") {
		t.Errorf("%+v", seen)
	}
}

func TestACandidateThatCannotBeReadStopsNothing(t *testing.T) {
	dir := configure(t, ownBroker+"classifiers: {linear: {shadow: /nowhere/model.bin}}\n")
	p := startProgram(t, dir, "run")
	p.awaitReady()
	if !strings.Contains(p.logged(), "candidate is not tried") {
		t.Errorf("logged %s", p.logged())
	}
	if seen := p.try("", "check"); seen.code != 1 || !strings.Contains(seen.out, "candidate /nowhere/model.bin: read weights") {
		t.Errorf("%+v", seen)
	}
	if seen := p.try("", "shadow"); seen.code != 1 || !strings.Contains(seen.err, "see classifiers.linear.shadow") {
		t.Errorf("%+v", seen)
	}
}

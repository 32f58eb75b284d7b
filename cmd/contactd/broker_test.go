package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"contactd/deploy/servers"
)

func TestMessagesAreTakenWhileTheBrokerThatComesAlongCannotStart(t *testing.T) {
	taken, free := takenAddress(t)
	mailbox := servers.Dovecot(t, servers.DovecotOptions{})
	mailbox.Deliver(t, "control", "INBOX", mail(1, 0))
	dir := configure(t, fmt.Sprintf("broker: {address: %q}\n", taken)+
		mailboxConfig("control", mailbox.IMAPS, mailbox.CAFile, "control", servers.DovecotPassword))
	p := startProgram(t, dir, "run")
	eventually(t, 30*time.Second, func() bool {
		r := p.readiness()
		return !r.Ready && r.Channels[0].Ready && strings.Contains(r.Broker.Error, "broker.address") && strings.Contains(r.Broker.Error, "in use")
	}, func() string { return fmt.Sprintf("%+v", p.readiness()) })
	if said := strings.Join(p.says, "\n"); !strings.Contains(said, "not yet: start broker: ") {
		t.Errorf("nobody says why:\n%s", said)
	}
	free()
	p.awaitReady()
	p.tail("--from-beginning", "--count", "1", "--timeout", "60s")
}

func TestADamagedFolderOfTheBrokerIsToldWithTheWayOut(t *testing.T) {
	mailbox := servers.Dovecot(t, servers.DovecotOptions{})
	mailbox.Deliver(t, "control", "INBOX", mail(1, 0))
	dir := configure(t, fmt.Sprintf("broker: {address: %q}\n", servers.FreeAddress(t))+
		mailboxConfig("control", mailbox.IMAPS, mailbox.CAFile, "control", servers.DovecotPassword))
	p := startProgram(t, dir, "run")
	p.tail("--from-beginning", "--count", "1", "--timeout", "30s")
	p.stop()
	folder := filepath.Join(dir, "data", "kafka")
	if err := os.WriteFile(filepath.Join(folder, "records", "meta.json"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	p = startProgram(t, dir, "run")
	const way = "move the folder away, and contactd publishes again what the journal keeps"
	eventually(t, 30*time.Second, func() bool { return strings.Contains(p.readiness().Broker.Error, way) },
		func() string { return fmt.Sprintf("%+v", p.readiness()) })

	if err := os.Rename(folder, folder+".damaged"); err != nil {
		t.Fatal(err)
	}
	p.awaitReady()
	p.tail("--from-beginning", "--count", "1", "--timeout", "60s")
}

func TestABrokerThatLostItsRecordsIsReadyAgainOnceTheyArePublishedAgain(t *testing.T) {
	mailbox := servers.Dovecot(t, servers.DovecotOptions{})
	dir := configure(t, fmt.Sprintf("broker: {address: %q}\n", servers.FreeAddress(t))+
		mailboxConfig("control", mailbox.IMAPS, mailbox.CAFile, "control", servers.DovecotPassword))
	p := startProgram(t, dir, "run")
	for i := range 5 {
		mailbox.Deliver(t, "control", "INBOX", mail(i, 0))
	}
	p.publishes(t, 5)
	folder := filepath.Join(dir, "data", "kafka")
	if err := os.Rename(folder, folder+".lost"); err != nil {
		t.Fatal(err)
	}
	killBroker(t, p)
	mailbox.Deliver(t, "control", "INBOX", mail(5, 0))
	eventually(t, time.Minute, func() bool { return p.metric("contactd_republished_total") > 0 },
		func() string { return "nothing is published again" })
	p.awaitReady()
	p.tail("--from-beginning", "--count", "6", "--timeout", "60s")
	if log := p.logged(); !strings.Contains(log, "kafka lost records") {
		t.Error("nobody is told of the loss")
	}
}

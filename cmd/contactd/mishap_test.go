package main

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"contactd/deploy/servers"
)

// check runs contactd check in a folder and compares what the user sees.
func check(t *testing.T, name, config string, replace ...string) {
	t.Helper()
	dir := configure(t, ownBroker+config)
	cmd := command(t.Context(), dir, "check")
	var out, problems strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &problems
	_ = cmd.Run()
	// A model that was trained again bears another name.
	if names := regexp.MustCompile(`rules@.*`).FindString(out.String()); names != "" {
		replace = append(replace, names, "rules@$VERSION")
	}
	golden(t, name, []string{"check"}, outcome{out: out.String(), err: problems.String(), code: cmd.ProcessState.ExitCode()}, replace...)
}

func TestAWrongPasswordIsExplained(t *testing.T) {
	mailbox := servers.Dovecot(t, servers.DovecotOptions{})
	check(t, "wrong_password", mailboxConfig("control", mailbox.IMAPS, mailbox.CAFile, "control", "not the password"), mailbox.IMAPS, "127.0.0.1:$PORT")
}

func TestACertificateThatNobodyKnowsIsExplained(t *testing.T) {
	mailbox := servers.Dovecot(t, servers.DovecotOptions{})
	config := strings.Replace(mailboxConfig("control", mailbox.IMAPS, "x", "control", servers.DovecotPassword), "        ca_file: x\n", "", 1)
	check(t, "wrong_certificate", config, mailbox.IMAPS, "127.0.0.1:$PORT")
}

func TestACertificateOfAnotherServerIsExplained(t *testing.T) {
	mailbox := servers.Dovecot(t, servers.DovecotOptions{})
	config := strings.Replace(mailboxConfig("control", mailbox.IMAPS, mailbox.CAFile, "control", servers.DovecotPassword),
		"server_name: localhost", "server_name: mail.force.example", 1)
	check(t, "other_certificate", config, mailbox.IMAPS, "127.0.0.1:$PORT", mailbox.CAFile, "$CA")
}

func TestAPortWhereNoTLSIsSpokenIsExplained(t *testing.T) {
	mailbox := servers.Dovecot(t, servers.DovecotOptions{})
	check(t, "plain_port", mailboxConfig("control", mailbox.IMAP, mailbox.CAFile, "control", servers.DovecotPassword), mailbox.IMAP, "127.0.0.1:$PORT")
}

func TestAMailboxThatWorksIsShown(t *testing.T) {
	mailbox := servers.Dovecot(t, servers.DovecotOptions{})
	mailbox.Deliver(t, "control", "INBOX", mail(1, 0))
	check(t, "good_mailbox", mailboxConfig("control", mailbox.IMAPS, mailbox.CAFile, "control", servers.DovecotPassword), mailbox.IMAPS, "127.0.0.1:$PORT")
}

func TestABrokerThatCannotBeReachedIsExplained(t *testing.T) {
	address := servers.FreeAddress(t)
	check(t, "unreachable_broker", fmt.Sprintf("kafka: {brokers: [%q]}\n", address), address, "127.0.0.1:$PORT")
}

func TestAnAddressThatAnotherProgramHasIsExplained(t *testing.T) {
	taken, _ := takenAddress(t)
	check(t, "taken_address", fmt.Sprintf("channels: {webchat: {listen: %q}}\n", taken), taken, "127.0.0.1:$PORT")
}

func TestAFullDiskIsExplainedAndMailsStayInTheMailbox(t *testing.T) {
	mailbox := servers.Dovecot(t, servers.DovecotOptions{})
	mailbox.Deliver(t, "control", "INBOX", mail(1, 0))
	dir := configure(t, ownBroker+"journal: {min_free_bytes: 1000TiB}\n"+
		mailboxConfig("control", mailbox.IMAPS, mailbox.CAFile, "control", servers.DovecotPassword))
	p := startProgram(t, dir, "run")
	eventually(t, 20*time.Second, func() bool {
		r := p.readiness()
		return !r.Ready && r.Journal.Error != "" && len(r.Channels) == 1 && r.Channels[0].Error != "" && r.Broker.Ready
	}, func() string { return fmt.Sprintf("%+v", p.readiness()) })
	_, body := p.get("/readyz")
	for pattern, stands := range map[string]string{
		`[0-9]+ bytes are free`: "$FREE bytes are free", `"20[^"]*"`: `"$TIME"`, `127\.0\.0\.1:[0-9]+`: "127.0.0.1:$PORT",
	} {
		body = regexp.MustCompile(pattern).ReplaceAllString(body, strings.ReplaceAll(stands, "$", "$$"))
	}
	golden(t, "full_disk", []string{"run", "(GET /readyz)"}, outcome{out: body})

	// With room again it goes on by itself, from where it was.
	p.kill()
	writeConfig(t, dir, ownBroker+mailboxConfig("control", mailbox.IMAPS, mailbox.CAFile, "control", servers.DovecotPassword))
	p = startProgram(t, dir, "run")
	p.tail("--from-beginning", "--count", "1", "--timeout", "30s")
}

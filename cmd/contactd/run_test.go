package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"contactd/contact"
	"contactd/contact/contacttest"
	"contactd/deploy/servers"
)

// ownBroker lets each test have its own.
const ownBroker = "broker: {address: \"127.0.0.1:0\"}\n"

func TestRunWithoutAChannelSaysWhatToDoNext(t *testing.T) {
	dir := configure(t, ownBroker)
	p := startProgram(t, dir, "run")
	p.awaitReady()
	address := p.readiness().Broker.Detail
	address, _, _ = strings.Cut(address, " ")
	if code := p.stop(); code != 0 {
		t.Errorf("exit %d", code)
	}
	golden(t, "first_start", []string{"run"}, outcome{out: strings.Join(p.says, "\n") + "\n"},
		p.url, "http://127.0.0.1:$PORT", address, "127.0.0.1:$KAFKA")
}

func TestRunIsHealthyReadyAndMeasured(t *testing.T) {
	mailbox := servers.Dovecot(t, servers.DovecotOptions{})
	mailbox.Deliver(t, "control", "INBOX", mail(1, 0))
	p := startProgram(t, configure(t, ownBroker+mailboxConfig("control", mailbox.IMAPS, mailbox.CAFile, "control", servers.DovecotPassword)), "run")
	p.awaitReady()
	if code, body := p.get("/healthz"); code != 200 || body != "alive\n" {
		t.Errorf("/healthz: %d %q", code, body)
	}
	r := p.readiness()
	if len(r.Channels) != 1 || r.Channels[0].Account != "control" || r.Channels[0].LastSuccess == nil || !r.Journal.Ready || !strings.Contains(r.Broker.Detail, "one node") {
		t.Errorf("/readyz: %+v", r)
	}
	_, metrics := p.get("/metrics")
	for _, name := range []string{
		`oldest_unpublished_seconds\{lane="emergency"\} 0`, `oldest_unpublished_seconds\{lane="normal"\} 0`,
		`last_success_timestamp_seconds\{account="control",channel="email"\} 1`, `go_goroutines`, `process_resident_memory_bytes`,
	} {
		if !regexp.MustCompile(name).MatchString(metrics) {
			t.Errorf("/metrics has no %s", name)
		}
	}
}

func TestAnAccountThatWasNeverReachedIsNotReady(t *testing.T) {
	p := startProgram(t, configure(t, ownBroker+mailboxConfig("control", servers.FreeAddress(t), "", "control", "x")), "run")
	eventually(t, 20*time.Second, func() bool {
		r := p.readiness()
		return len(r.Channels) == 1 && !r.Ready && !r.Channels[0].Ready && r.Channels[0].Error != "" && r.Broker.Ready
	}, func() string { return fmt.Sprintf("%+v", p.readiness()) })
}

func TestTheOriginalOfAnEventCanBeFetchedByItsReferenceAndByItsMessage(t *testing.T) {
	mailbox := servers.Dovecot(t, servers.DovecotOptions{})
	sent := mail(7, 0)
	mailbox.Deliver(t, "control", "INBOX", sent)
	p := startProgram(t, configure(t, ownBroker+mailboxConfig("control", mailbox.IMAPS, mailbox.CAFile, "control", servers.DovecotPassword)), "run")
	record := p.tail("--from-beginning", "--count", "1", "--timeout", "30s", "--json")
	contacttest.Valid(t, record)
	var event contact.Event
	var data contact.Received
	if err := json.Unmarshal(record, &event); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(event.Data, &data); err != nil {
		t.Fatal(err)
	}
	reference, ours := strings.CutPrefix(data.Provenance.RawRef, p.url)
	if !ours {
		t.Fatalf("the original is at %s, we are at %s", data.Provenance.RawRef, p.url)
	}
	for _, path := range []string{reference, "/originals/" + data.ContactID} {
		if code, body := p.get(path); code != 200 || body != string(sent) {
			t.Errorf("%s: %d %q", path, code, body)
		}
	}
	for _, path := range []string{"/originals/999", "/originals/" + contact.MessageID("email", "control", "never"), "/blobs/" + data.Provenance.RawSHA256} {
		if code, body := p.get(path); code != 404 {
			t.Errorf("%s: %d %q", path, code, body)
		}
	}
}

func TestAKilledContactdGoesOnWhereItWas(t *testing.T) {
	mailbox := servers.Dovecot(t, servers.DovecotOptions{})
	dir := configure(t, ownBroker+mailboxConfig("control", mailbox.IMAPS, mailbox.CAFile, "control", servers.DovecotPassword))
	for round := range 3 {
		mailbox.Deliver(t, "control", "INBOX", mail(round, 0))
		p := startProgram(t, dir, "run")
		lines := bytes.Split(bytes.TrimSpace(p.tail("--from-beginning", "--count", fmt.Sprint(round+1), "--timeout", "30s", "--json")), []byte("\n"))
		if len(lines) != round+1 {
			t.Errorf("round %d: %d events", round, len(lines))
		}
		p.kill()
	}
	if seen := contactd(t, "", "-c", inDir(t, dir), "verify"); seen.code != 0 {
		t.Errorf("verify: %+v", seen)
	}
}

func TestReplayPublishesTheSameEventsAgain(t *testing.T) {
	mailbox := servers.Dovecot(t, servers.DovecotOptions{})
	mailbox.Deliver(t, "control", "INBOX", mail(1, 0), mail(2, 0))
	p := startProgram(t, configure(t, ownBroker+mailboxConfig("control", mailbox.IMAPS, mailbox.CAFile, "control", servers.DovecotPassword)), "run")
	first := p.tail("--from-beginning", "--count", "2", "--timeout", "30s", "--json")
	if out := p.command("replay", "--since", "1h", "--dry-run"); !strings.HasPrefix(out, "2 messages") || !strings.Contains(out, "would be") {
		t.Errorf("dry run: %s", out)
	}
	if out := p.command("replay", "--since", "1h"); !strings.HasPrefix(out, "2 messages") {
		t.Errorf("replay: %s", out)
	}
	all := p.tail("--from-beginning", "--count", "4", "--timeout", "30s", "--json")
	counts := map[string]int{}
	for line := range bytes.Lines(all) {
		counts[identity(t, line)]++
	}
	for line := range bytes.Lines(first) {
		if counts[identity(t, line)] != 2 {
			t.Errorf("%d times: %s", counts[identity(t, line)], line)
		}
	}
}

// identity is all of an event but how it was judged, which may differ.
func identity(t *testing.T, record []byte) string {
	t.Helper()
	var event contact.Event
	var data map[string]any
	if err := json.Unmarshal(record, &event); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(event.Data, &data); err != nil {
		t.Fatal(err)
	}
	delete(data, "classification")
	var err error
	if event.Data, err = json.Marshal(data); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(event)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestTailWithTooFewEventsFailsAfterItsTimeout(t *testing.T) {
	p := startProgram(t, configure(t, ownBroker), "run")
	cmd := command(t.Context(), p.dir, "tail", "--count", "1", "--timeout", "1s")
	out, err := cmd.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "saw 0 of 1 events") {
		t.Errorf("%v: %s", err, out)
	}
	if out, err := command(t.Context(), p.dir, "tail", "--timeout", "1s").CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("without --count: %v: %s", err, out)
	}
	if out, err := command(t.Context(), p.dir, "tail", "--topic", "no.such").CombinedOutput(); err == nil || !strings.Contains(string(out), "no.such") {
		t.Errorf("unknown topic: %v: %s", err, out)
	}
	if out, err := command(t.Context(), p.dir, "tail", "--topic", "no.such", "--timeout", "1s").CombinedOutput(); err == nil || strings.Contains(string(out), "deadline") {
		t.Errorf("unknown topic, with a timeout: %v: %s", err, out)
	}
}

func TestTwoOnOneFolderAreRefused(t *testing.T) {
	p := startProgram(t, configure(t, ownBroker), "run")
	out, err := command(t.Context(), p.dir, "run").CombinedOutput()
	if err == nil {
		t.Error("the second one ran")
	}
	golden(t, "two_on_one_folder", []string{"run"}, outcome{err: string(out), code: 1})
}

// tail shows events with the program itself.
func (p *process) tail(args ...string) []byte {
	p.t.Helper()
	return []byte(p.command(append([]string{"tail"}, args...)...))
}

// command runs another contactd beside the running one.
func (p *process) command(args ...string) string {
	p.t.Helper()
	var out, problems bytes.Buffer
	cmd := command(p.t.Context(), p.dir, args...)
	cmd.Stdout, cmd.Stderr = &out, &problems
	if err := cmd.Run(); err != nil {
		p.t.Fatalf("contactd %v: %v: %s", args, err, problems.String())
	}
	return out.String()
}

// inDir gives the configuration in a folder with its data_dir made absolute.
func inDir(t *testing.T, dir string) string {
	t.Helper()
	file := filepath.Join(dir, "absolute.yaml")
	if err := os.WriteFile(file, []byte("data_dir: "+filepath.Join(dir, "data")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestASecretThatCannotBeReadStopsItsChannelAlone(t *testing.T) {
	dir := configure(t, ownBroker+`webhooks: {listen: "127.0.0.1:0"}
channels:
  facebook: {app_secret_file: nowhere, verify_token_file: one, graph_url: "http://127.0.0.1:1", accounts: [{name: town, id: "1", token_file: one}]}
  twitter: {consumer_key: key, consumer_secret_file: nowhere, api_url: "http://127.0.0.1:1", accounts: [{name: town, user_id: "1", token_file: two}]}
  webchat: {listen: "127.0.0.1:0"}
`)
	for name, content := range map[string]string{"one": "token", "two": "token\nsecret\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p := startProgram(t, dir, "run")
	told := func() string {
		text := ""
		for _, a := range p.readiness().Channels {
			text += fmt.Sprintf("%s %v %s\n", a.Channel, a.Ready, a.Error)
		}
		return text
	}
	want := regexp.MustCompile(`^facebook false .*app_secret_file: .*\ntwitter false .*consumer_secret_file: .*\nwebchat true \n$`)
	eventually(t, 20*time.Second, func() bool { return want.MatchString(told()) }, told)
}

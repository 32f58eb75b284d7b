package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"contactd/contact"
	"contactd/deploy/servers"
)

// The outage: a minute without a broker while mails keep coming.
const (
	outage         = time.Minute
	outageMails    = 12_000
	outageUrgent   = 20
	outageInFlight = 512 // at most, handed to the publisher before the first emergency came
)

// TestAMinuteWithoutBrokerCostsNothingButTime shows that messages are accepted
// while the broker is away, that memory stays flat, and that the emergencies,
// which came last, are published first.
func TestAMinuteWithoutBrokerCostsNothingButTime(t *testing.T) {
	t.Parallel() // it waits more than it works
	mailbox := servers.Dovecot(t, servers.DovecotOptions{})
	address := servers.FreeAddress(t)
	brokerDir := configure(t, fmt.Sprintf("broker: {address: %q}\n", address))
	broker := startBroker(t, brokerDir) // once, for its password
	stopBroker(t, broker)
	dir := configure(t, fmt.Sprintf("force: outage\nlog: {level: error}\nkafka:\n  brokers: [%q]\n  sasl: {mechanism: scram-sha-512, user: contactd, password_file: %q}\n%s",
		address, filepath.Join(brokerDir, "data", "kafka", "contactd.password"),
		mailboxConfig("control", mailbox.IMAPS, mailbox.CAFile, "control", servers.DovecotPassword)))
	p := startProgram(t, dir, "run")

	const rounds = 60
	var early int
	tick := time.NewTicker(outage / rounds)
	defer tick.Stop()
	for round := range rounds {
		mails := make([][]byte, outageMails/rounds)
		for i := range mails {
			mails[i] = outageMail(round*len(mails)+i, "The gate in Mill Lane is open again.")
		}
		if round == rounds-1 {
			for i := range outageUrgent {
				mails = append(mails, outageMail(outageMails+i, "He has a knife and he is breaking in now, please hurry."))
			}
		}
		mailbox.Deliver(t, "control", "INBOX", mails...)
		<-tick.C
		if round == rounds/3 {
			early = residentMegabytes(t, p)
		}
	}
	eventually(t, time.Minute, func() bool { return p.metric("contactd_journal_accepted_total") == outageMails+outageUrgent },
		func() string { return fmt.Sprint(p.metric("contactd_journal_accepted_total"), " accepted") })
	sorted := func() int {
		_, text := p.get("/metrics")
		return sumOf(text, `contactd_journal_waiting{lane="emergency"}`)
	}
	eventually(t, time.Minute, func() bool { return sorted() == outageUrgent },
		func() string { return fmt.Sprint(sorted(), " emergencies are sorted") })
	late := residentMegabytes(t, p)
	t.Logf("resident memory %d MB after a third of the outage, %d MB at its end", early, late)
	// SQLite's page cache of 32 MB fills meanwhile; nothing else may grow.
	if late > early+64 || late > 256 && !raceDetector {
		t.Errorf("memory grew from %d MB to %d MB while the broker was away", early, late)
	}

	defer stopBroker(t, startBroker(t, brokerDir))
	p.publishes(t, outageMails+outageUrgent)
	order := publishedOrder(t, filepath.Join(brokerDir, "data", "kafka", "kcat.conf"), outageMails+outageUrgent)
	behind := 0
	for i, urgent := range order {
		if urgent {
			behind = i + 1
		}
	}
	t.Logf("the last of %d emergencies was record %d of %d", outageUrgent, behind, len(order))
	if behind > outageUrgent+outageInFlight {
		t.Errorf("an emergency was published as record %d behind a backlog", behind)
	}
	if code := p.stop(); code != 0 {
		t.Errorf("exit %d", code)
	}
}

// outageMail has a number of five digits: a lone 55 is what people dial who
// cannot speak, and looks like an emergency.
func outageMail(n int, text string) []byte {
	n += 10_000
	return fmt.Appendf(nil, "From: r%d@example.org\r\nTo: control@force.example\r\nSubject: mail %d\r\nMessage-ID: <%d@example.org>\r\n\r\n%s\r\n", n, n, n, text)
}

// publishedOrder reads the topic until it holds that many different messages,
// and says in the order of their publication which were emergencies.
func publishedOrder(t *testing.T, kcatConfig string, count int) []bool {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), servers.Kcat(t), "-F", kcatConfig, "-C", "-q", "-u", "-t", "contact.events", "-o", "beginning", "-f", "%T %s\n")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	silence := time.AfterFunc(2*time.Minute, func() { _ = cmd.Process.Kill() })
	defer silence.Stop()
	type record struct {
		at     string // milliseconds, all of the same length
		urgent bool
	}
	seen := map[string]record{}
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<20)
	for len(seen) < count && lines.Scan() {
		at, value, _ := strings.Cut(lines.Text(), " ")
		var event contact.Event
		if err := json.Unmarshal([]byte(value), &event); err != nil {
			t.Fatal(err)
		}
		if _, again := seen[event.ID]; !again && event.Type == contact.ReceivedV1 {
			seen[event.ID] = record{at, *event.Grade == contact.Emergency}
		}
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	if len(seen) != count {
		t.Fatalf("%d of %d messages are on the topic", len(seen), count)
	}
	records := slices.SortedFunc(maps.Values(seen), func(a, b record) int { return strings.Compare(a.at, b.at) })
	order := make([]bool, len(records))
	for i, r := range records {
		order[i] = r.urgent
	}
	return order
}

// startBroker runs contactd broker in dir until stopBroker.
func startBroker(t testing.TB, dir string) *exec.Cmd {
	t.Helper()
	cmd := command(context.Background(), dir, "broker")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		t.Fatalf("the broker does not say that it runs: %v", err)
	}
	return cmd
}

func stopBroker(t testing.TB, cmd *exec.Cmd) {
	t.Helper()
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("broker: %v", err)
	}
}

// publishes waits until contactd has published count messages: kcat gives up
// on a topic that is not there yet, and reads a partition that is still empty
// at some time from the end that it asks for next, missing what came meanwhile.
func (p *process) publishes(t testing.TB, count int) {
	t.Helper()
	eventually(t, 2*time.Minute, func() bool {
		return p.metric("contactd_journal_waiting") == 0 && p.metric("contactd_kafka_published_total") >= count
	},
		func() string {
			return fmt.Sprintf("%d records published, %d messages wait", p.metric("contactd_kafka_published_total"), p.metric("contactd_journal_waiting"))
		})
}

// metric adds the samples of a metric.
func (p *process) metric(name string) int {
	_, text := p.get("/metrics")
	return sumOf(text, name)
}

// residentMegabytes is the memory of the process alone, without its broker.
func residentMegabytes(t testing.TB, p *process) int {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kilobytes, err := strconv.Atoi(strings.Fields(rest)[0])
			if err != nil {
				t.Fatal(err)
			}
			return kilobytes / 1024
		}
	}
	t.Fatal("the process has no memory")
	return 0
}

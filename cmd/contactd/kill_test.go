package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"contactd/contact"
	"contactd/deploy/servers"
)

const (
	killMails = 100_000
	kills     = 25
)

// TestNothingIsLostWhenDaemonAndBrokerAreKilled empties a mailbox of 100,000
// mails while the daemon, and the broker that it brings along, are killed 25
// times each at moments that nobody chose. What counts is read from the topic
// at the end: each mail is there, under one id, and nothing else.
func TestNothingIsLostWhenDaemonAndBrokerAreKilled(t *testing.T) {
	mailbox := servers.Dovecot(t, servers.DovecotOptions{})
	mails := make([][]byte, killMails)
	for i := range mails {
		mails[i] = fmt.Appendf(nil, "From: r%d@example.org\r\nTo: control@force.example\r\nSubject: mail %d\r\nMessage-ID: <%d@example.org>\r\n\r\nThe gate is open again.\r\n", i, i, i)
	}
	mailbox.Deliver(t, "control", "INBOX", mails...)
	dir := configure(t, fmt.Sprintf("force: kills\nlog: {level: warn}\nbroker: {address: %q}\n", servers.FreeAddress(t))+
		mailboxConfig("control", mailbox.IMAPS, mailbox.CAFile, "control", servers.DovecotPassword))

	p := startProgram(t, dir, "run")
	// From now on and over all kills: the broker keeps 160 MiB of events, which
	// is less than these are, and takes away the oldest when it starts.
	reading := make(chan map[string]told, 1)
	go func() { reading <- readAll(t, dir, killMails) }()
	step := killMails / (2*kills + 2) // the kills are spread over the whole run
	for kill := range 2 * kills {
		target := rand.IntN(step)
		awaitProgress(t, p, target, kill)
		if kill%2 == 0 {
			p.kill()
			p = startProgram(t, dir, "run")
		} else {
			killBroker(t, p)
		}
	}

	seen := <-reading
	aside := 0
	for id, event := range seen {
		uid, err := strconv.Atoi(id[strings.LastIndexByte(id, '/')+1:])
		if err != nil || uid < 1 || uid > killMails || event.subject != contact.MessageID("email", "control", id) {
			t.Errorf("invented: %q", id)
		}
		if event.unreadable {
			aside++
		}
	}
	if len(seen) != killMails {
		_, metrics := p.get("/metrics")
		t.Errorf("%d of %d mails are on the topic; accepted %d and published %d by the last process, waiting %d", len(seen), killMails,
			sumOf(metrics, "contactd_journal_accepted_total"), sumOf(metrics, "contactd_journal_published_total"), sumOf(metrics, "contactd_journal_waiting"))
	}
	// Whoever was being read at two kills is under suspicion, and shown to a
	// person instead of being read a third time.
	t.Logf("%d messages were set aside", aside)
	if aside > kills {
		t.Errorf("%d messages were set aside in %d kills", aside, kills)
	}
	if code := p.stop(); code != 0 {
		t.Errorf("exit %d", code)
	}
	if out, err := command(t.Context(), dir, "verify").CombinedOutput(); err != nil {
		t.Errorf("verify: %v\n%s", err, out)
	}
}

// awaitProgress returns when the process has published that many messages
// since it was asked, or all there are.
func awaitProgress(t *testing.T, p *process, messages, round int) {
	t.Helper()
	begun := -1
	eventually(t, time.Minute, func() bool {
		_, text := p.get("/metrics")
		now, waiting := sumOf(text, "contactd_graded_total"), sumOf(text, "contactd_journal_waiting")
		if begun < 0 {
			begun = now
		}
		return now-begun >= messages || (now > 0 && waiting == 0)
	}, func() string { return fmt.Sprintf("no progress in round %d", round) })
}

// sumOf adds the samples of a metric in Prometheus' text form.
func sumOf(text, name string) (sum int) {
	for line := range strings.Lines(text) {
		if rest, ok := strings.CutPrefix(line, name); ok && (rest[0] == '{' || rest[0] == ' ') {
			value, err := strconv.ParseFloat(strings.TrimSpace(line[strings.LastIndexByte(line, ' '):]), 64)
			if err == nil {
				sum += int(value)
			}
		}
	}
	return sum
}

// killBroker kills the child of the process that is its broker.
func killBroker(t *testing.T, p *process) {
	t.Helper()
	var found []int
	eventually(t, 10*time.Second, func() bool {
		found = children(p)
		return len(found) > 0
	}, func() string { return "the daemon has no broker to kill" })
	if err := syscall.Kill(found[0], syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
}

// children are the processes that a process has started, also those that have
// ended and that it does not know of yet.
func children(p *process) (found []int) {
	threads, _ := os.ReadDir(fmt.Sprintf("/proc/%d/task", p.cmd.Process.Pid))
	for _, thread := range threads {
		list, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%s/children", p.cmd.Process.Pid, thread.Name()))
		for _, field := range strings.Fields(string(list)) {
			if child, err := strconv.Atoi(field); err == nil {
				found = append(found, child)
			}
		}
	}
	return found
}

// told is what the topic says of one mail.
type told struct {
	subject    string
	unreadable bool
}

// readAll tails the topic until it has seen as many different mails, or until
// nothing new comes for long; it returns what it saw by the mail's identity at
// the mailbox. A mail that was told twice was told the same.
func readAll(t *testing.T, dir string, mails int) map[string]told {
	t.Helper()
	cmd := command(t.Context(), dir, "tail", "--json", "--from-beginning", "--timeout", "1h")
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Error(err)
		return nil
	}
	defer func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}()
	silence := time.AfterFunc(time.Minute, func() { _ = cmd.Process.Kill() })
	defer silence.Stop()
	seen := map[string]told{}
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<20)
	for len(seen) < mails && lines.Scan() {
		var event contact.Event
		var data contact.Received
		if err := json.Unmarshal(lines.Bytes(), &event); err != nil {
			t.Error(err)
			return seen
		}
		if event.Type != contact.ReceivedV1 {
			continue
		}
		if err := json.Unmarshal(event.Data, &data); err != nil {
			t.Error(err)
			return seen
		}
		now := told{event.Subject, data.Unreadable != nil}
		if before, again := seen[data.PlatformMessageID]; again && before != now {
			t.Errorf("%s was told as %+v and as %+v", data.PlatformMessageID, before, now)
		}
		seen[data.PlatformMessageID] = now
		silence.Reset(time.Minute)
	}
	return seen
}

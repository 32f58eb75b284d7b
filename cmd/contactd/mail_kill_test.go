package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	netmail "net/mail"
	"sync"
	"testing"
	"time"

	"contactd/channels/email/smtp/smtptest"
	"contactd/contact"
	"contactd/deploy/servers"
)

// mailKills is how often contactd is killed while it sends a mail, twice at each
// step: a restart takes seconds, and what a lost answer means is tried 200 times
// in package pipeline.
const mailKills = 18

// stepsOfSending are the moments at which it is killed. After the final dot the
// server has the mail once and once not; at QUIT contactd has just learned it.
var stepsOfSending = []struct{ step, deed string }{
	{smtptest.Greeting, smtptest.Go},
	{smtptest.Hello, smtptest.Go},
	{smtptest.Mail, smtptest.Go},
	{smtptest.Rcpt, smtptest.Go},
	{smtptest.Data, smtptest.Go},
	{smtptest.Body, smtptest.Drop},
	{smtptest.Dot, smtptest.Drop},
	{smtptest.Dot, smtptest.DropTaken},
	{smtptest.Quit, smtptest.Go},
}

// TestNoAnswerByMailIsDoubledOrLostWhenTheDaemonIsKilled kills contactd with
// SIGKILL at every step of sending, each time with another answer on its way.
// In the end the mail server has each answer once, and contactd knows it.
func TestNoAnswerByMailIsDoubledOrLostWhenTheDaemonIsKilled(t *testing.T) {
	const force = "contact@force.example"
	mailboxes := servers.Dovecot(t, servers.DovecotOptions{})
	trap := &trap{sprung: make(chan struct{}, 1)}
	relay := smtptest.Start(t, smtptest.Options{At: trap.at, Deliver: func(taken smtptest.Delivery) {
		for _, to := range taken.To {
			if to == force { // what the person gets is counted as it is taken
				mailboxes.DeliverLMTP(t, to, taken.Bytes)
			}
		}
	}})
	trap.relay = relay
	dir := mailAccount(t, mailboxes, force, fmt.Sprintf("{address: %q, tls: none, auth: none, lookup_after: 1s}", relay.Address))
	for n := range mailKills {
		mailboxes.Deliver(t, force, "INBOX", fmt.Appendf(nil, "From: r%d@example.org\r\nTo: %s\r\nSubject: %d\r\nMessage-ID: <%d@example.org>\r\n\r\nquestion %d\r\n", n, force, n, n, n))
	}
	p := startProgram(t, dir, "run")
	p.awaitReady()
	watched := watch(t, dir)
	conversations := make([]string, mailKills)
	for n := range conversations {
		conversations[n] = watched.await(fmt.Sprintf("question %d", n)).PartitionKey
	}
	for n, conversation := range conversations {
		each := stepsOfSending[n%len(stepsOfSending)]
		// The mail server greets nobody before the answer is asked for: else
		// an earlier one, tried again, could spring the trap too soon.
		trap.set()
		out, err := command(t.Context(), dir, "reply", "--wait", "0s", conversation, fmt.Sprintf("answer %d", n)).CombinedOutput()
		if err != nil {
			t.Fatalf("ask for answer %d: %v\n%s", n, err, out)
		}
		trap.arm(p, each.step, each.deed)
		select {
		case <-trap.sprung:
		case <-time.After(time.Minute):
			t.Fatalf("answer %d never came to %s\n%s", n, each.step, tailOf(p.logged(), 3000))
		}
		_ = p.cmd.Wait()
		p = startProgram(t, dir, "run")
	}
	p.awaitReady()
	// The tail of before has lost its broker many times.
	again := watch(t, dir)
	states := map[string]contact.ReplyState{}
	eventually(t, 10*time.Minute, func() bool {
		states = again.states()
		return len(states) == mailKills && settled(states)
	}, func() string { return fmt.Sprintf("states %v", states) })
	t.Logf("%d answers, %d kills, %d mails taken", len(states), mailKills, len(relay.Taken()))
	inspectTaken(t, relay.Taken(), len(states))
	if code := p.stop(); code != 0 {
		t.Errorf("exit %d", code)
	}
	if out, err := command(t.Context(), dir, "verify").CombinedOutput(); err != nil {
		t.Errorf("verify: %v\n%s", err, out)
	}
}

// inspectTaken checks that each answer was taken once.
func inspectTaken(t *testing.T, taken []smtptest.Delivery, want int) {
	t.Helper()
	answers := map[string]int{}
	for _, each := range taken {
		parsed, err := netmail.ReadMessage(bytes.NewReader(each.Bytes))
		if err != nil {
			t.Fatal(err)
		}
		answers[parsed.Header.Get("Message-ID")]++
	}
	for id, n := range answers {
		if n != 1 {
			t.Errorf("%s was sent %d times", id, n)
		}
	}
	if len(answers) != want {
		t.Errorf("%d answers of %d were sent", len(answers), want)
	}
}

// mailAccount configures one account that answers.
func mailAccount(t *testing.T, mailboxes *servers.DovecotServer, address, smtp string) (dir string) {
	t.Helper()
	keys := threadKeys(t)
	return configure(t, ownBroker+mailboxConfig("contact", mailboxes.IMAPS, mailboxes.CAFile, address, servers.DovecotPassword)+
		fmt.Sprintf("        addresses: [%s]\n        thread_key_file: %s\n        smtp: %s\n", address, keys, smtp))
}

// trap kills a process when the mail server comes to a step.
type trap struct {
	relay  *smtptest.Server
	sprung chan struct{}

	mutex sync.Mutex
	armed chan struct{} // closed once the mail server may go on
	step  string
	deed  string
	p     *process
}

// set stops the mail server until arm.
func (k *trap) set() {
	k.mutex.Lock()
	defer k.mutex.Unlock()
	k.armed = make(chan struct{})
}

// arm lets it go on, up to the step.
func (k *trap) arm(p *process, step, deed string) {
	k.mutex.Lock()
	defer k.mutex.Unlock()
	k.p, k.step, k.deed = p, step, deed
	close(k.armed)
}

// at is called by the mail server.
func (k *trap) at(step string) {
	k.mutex.Lock()
	armed := k.armed
	k.mutex.Unlock()
	if armed != nil && step == smtptest.Greeting {
		<-armed
	}
	k.mutex.Lock()
	defer k.mutex.Unlock()
	if k.p == nil || step != k.step {
		return
	}
	if k.deed != smtptest.Go {
		k.relay.At(step, k.deed)
	}
	_ = k.p.cmd.Process.Kill()
	k.p = nil
	k.sprung <- struct{}{}
}

// states returns the last state of each reply.
func (w *watcher) states() map[string]contact.ReplyState {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	states := map[string]contact.ReplyState{}
	for _, event := range w.events {
		var data contact.Replied
		if event.Type == contact.RepliedV1 && json.Unmarshal(event.Data, &data) == nil {
			states[data.ReplyID] = data.State
		}
	}
	return states
}

func settled(states map[string]contact.ReplyState) bool {
	for _, state := range states {
		if state != contact.HandedOver {
			return false
		}
	}
	return true
}

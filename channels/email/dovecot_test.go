package email

import (
	"bytes"
	"context"
	"fmt"
	"testing"
	"time"

	"contactd/channels"
	"contactd/channels/channelstest"
	"contactd/channels/email/imap"
	"contactd/deploy/servers"
)

// bench is a channel on a real server, with what it needs.
type bench struct {
	server *servers.DovecotServer
	inbox  *channelstest.Inbox
	blobs  *channelstest.Blobs
	health *channelstest.Health
	config Config
}

// newBench starts a server and configures one account on it.
func newBench(t testing.TB) *bench {
	t.Helper()
	d := servers.Dovecot(t, servers.DovecotOptions{})
	return &bench{
		server: d, inbox: &channelstest.Inbox{}, blobs: &channelstest.Blobs{}, health: &channelstest.Health{},
		config: Config{Accounts: []Account{accountOn(d, "contact")}},
	}
}

func accountOn(d *servers.DovecotServer, name string) Account {
	return Account{
		Name: name, Address: d.IMAPS, CAFile: d.CAFile, ServerName: "localhost",
		User: name, Password: servers.DovecotPassword,
	}
}

// quick is a patience for tests.
func quick() timing {
	return timing{
		network: backoff{first: 20 * time.Millisecond, limit: 200 * time.Millisecond},
		login:   backoff{first: 20 * time.Millisecond, limit: 200 * time.Millisecond},
		healthy: time.Second, sweep: 15 * time.Minute,
	}
}

// open makes the channel.
func (b *bench) open(t testing.TB) *Channel {
	t.Helper()
	ch, err := New(b.config, Deps{Blobs: b.blobs, Health: b.health})
	if err != nil {
		t.Fatal(err)
	}
	ch.timing = quick()
	return ch
}

// receive runs a channel until the returned function is called, or the test ends.
func (b *bench) receive(t testing.TB) (stop func()) {
	t.Helper()
	ch := b.open(t)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- ch.Receive(ctx, b.inbox) }()
	var stopped bool
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		select {
		case err := <-done:
			if err != nil {
				t.Errorf("receive: %v", err)
			}
		case <-time.After(5 * time.Second):
			t.Error("receive did not return within 5 s")
		}
	}
	t.Cleanup(stop)
	return stop
}

// await waits until n originals were accepted.
func (b *bench) await(t testing.TB, n int) []channels.Original {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := b.inbox.Await(ctx, func(o []channels.Original) bool { return len(o) >= n }); err != nil {
		t.Fatalf("%v; failures: %v\n%s", err, b.health.Failures(), b.server.Log())
	}
	return b.inbox.Accepted()
}

// mailNumber makes a mail that says its number.
func mailNumber(n int) []byte {
	return fmt.Appendf(nil, "From: Jo <jo@example.org>\r\nTo: contact@police.test\r\nSubject: mail %d\r\nMessage-ID: <%d@example.org>\r\n\r\nPlease help, this is number %d.\r\n", n, n, n)
}

func mailNumbers(from, to int) [][]byte {
	var mails [][]byte
	for n := from; n < to; n++ {
		mails = append(mails, mailNumber(n))
	}
	return mails
}

// wantEach fails unless exactly the mails were accepted, each once.
func wantEach(t testing.TB, accepted []channels.Original, mails [][]byte) {
	t.Helper()
	count := map[string]int{}
	for _, original := range accepted {
		count[string(original.Bytes)]++
		if original.Defect != "" {
			t.Errorf("%s: %s", original.ID, original.Defect)
		}
	}
	for _, mail := range mails {
		if n := count[string(mail)]; n != 1 {
			t.Errorf("mail %q was accepted %d times", bytes.SplitN(mail, []byte("\r\n"), 4)[2], n)
		}
	}
	if len(accepted) != len(mails) {
		t.Errorf("%d originals accepted, want %d", len(accepted), len(mails))
	}
}

func TestAThousandMailsAreCaughtUpExactlyOnce(t *testing.T) {
	b := newBench(t)
	mails := mailNumbers(0, 1000)
	b.server.Deliver(t, "contact", "INBOX", mails...)
	stop := b.receive(t)
	accepted := b.await(t, len(mails))
	stop()
	wantEach(t, accepted, mails)
	first := accepted[0]
	if first.MediaType != "message/rfc822" || first.Account != "contact" || first.Channel != "email" || time.Since(first.ReceivedAt) > time.Hour {
		t.Errorf("original says %+v", first)
	}

	more := mailNumbers(1000, 1010)
	b.server.Deliver(t, "contact", "INBOX", more...)
	b.receive(t)
	wantEach(t, b.await(t, 1010), append(mails, more...))
	if again := b.inbox.Repeated(); again != 0 {
		t.Errorf("%d mails were fetched twice", again)
	}
}

func TestMailsThatArriveDuringIdleAreTakenAtOnce(t *testing.T) {
	b := newBench(t)
	b.receive(t)
	for n := range 5 {
		b.server.Deliver(t, "contact", "INBOX", mailNumber(n))
		begun := time.Now()
		b.await(t, n+1)
		if took := time.Since(begun); took > 5*time.Second {
			t.Errorf("mail %d took %s", n, took)
		}
	}
	wantEach(t, b.inbox.Accepted(), mailNumbers(0, 5))
}

func TestSTARTTLSAndPlainLoginsWork(t *testing.T) {
	for _, kind := range []struct {
		name     string
		security imap.Security
		auth     imap.Mechanism
	}{{"starttls", imap.StartTLS, imap.Plain}, {"none", imap.None, imap.Login}} {
		t.Run(kind.name, func(t *testing.T) {
			b := newBench(t)
			b.config.Accounts[0].TLS = kind.security
			b.config.Accounts[0].Auth = kind.auth
			b.config.Accounts[0].Address = b.server.IMAP
			b.server.Deliver(t, "contact", "INBOX", mailNumber(1))
			b.receive(t)
			wantEach(t, b.await(t, 1), mailNumbers(1, 2))
		})
	}
}

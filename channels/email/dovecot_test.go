package email

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
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
	limits := imap.DefaultLimits()
	limits.Greeting, limits.Search, limits.Fetch, limits.Idle = 2*time.Second, 2*time.Second, 2*time.Second, time.Second
	return timing{
		network: backoff{first: 20 * time.Millisecond, limit: 200 * time.Millisecond},
		login:   backoff{first: 20 * time.Millisecond, limit: 200 * time.Millisecond},
		healthy: time.Second, sweep: 15 * time.Minute, quiet: 10 * time.Minute, limits: limits,
	}
}

// open makes the channel.
func (b *bench) open(t testing.TB) *Channel {
	t.Helper()
	log := slog.New(slog.NewTextHandler(t.Output(), nil))
	ch, err := New(b.config, Deps{Blobs: b.blobs, Health: b.health, Log: log})
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

func TestAKilledServerLosesNothing(t *testing.T) {
	b := newBench(t)
	b.receive(t)
	mails := mailNumbers(0, 60)
	for round := range 3 {
		b.server.Deliver(t, "contact", "INBOX", mails[round*20:round*20+20]...)
		b.server.Kill(t)
		b.server.Start(t)
		b.await(t, round*20+20)
	}
	wantEach(t, b.inbox.Accepted(), mails)
}

func TestAFrozenServerIsNoticedAndLeft(t *testing.T) {
	b := newBench(t)
	b.config.Accounts[0].Idle = time.Second
	b.server.Deliver(t, "contact", "INBOX", mailNumber(0))
	b.receive(t)
	b.await(t, 1)
	b.server.Freeze(t)
	b.server.Deliver(t, "contact", "INBOX", mailNumber(1))
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := b.health.Await(ctx, Kind, "contact", func(err error, _ bool) bool { return err != nil }); err != nil {
		t.Fatal(err)
	}
	b.server.Thaw(t)
	wantEach(t, b.await(t, 2), mailNumbers(0, 2))
}

func TestRenumberedMailsAreNotTakenTwice(t *testing.T) {
	b := newBench(t)
	mails := mailNumbers(0, 50)
	b.server.Deliver(t, "contact", "INBOX", mails...)
	stop := b.receive(t)
	before := b.await(t, 50)
	stop()
	b.server.Kill(t)
	b.server.Renumber(t, "contact", "INBOX")
	b.server.Start(t)
	b.server.Deliver(t, "contact", "INBOX", mailNumber(50))
	b.receive(t)
	accepted := b.await(t, 51)
	wantEach(t, accepted, mailNumbers(0, 51))
	if b.inbox.Repeated() != 50 {
		t.Errorf("%d mails were read again, want all 50", b.inbox.Repeated())
	}
	if last := accepted[50]; last.ID[:8] != before[0].ID[:8] || last.ID == before[0].ID {
		t.Errorf("identities %s and %s", before[0].ID, last.ID)
	}

	// What comes afterwards is new, even with the bytes of an older mail.
	b.server.Deliver(t, "contact", "INBOX", mailNumber(7))
	if last := b.await(t, 52)[51]; last.Renumbered {
		t.Error("a later mail counts as renumbered")
	}
}

func TestAcceptedMailsAreMovedOrMarked(t *testing.T) {
	for _, after := range []string{"move:Processed", "move:Fresh/Folder", "flag:$Taken"} {
		t.Run(after, func(t *testing.T) {
			b := newBench(t)
			b.config.Accounts[0].After = after
			mails := mailNumbers(0, 30)
			b.server.Deliver(t, "contact", "INBOX", mails...)
			stop := b.receive(t)
			wantEach(t, b.await(t, 30), mails)
			stop()

			// A mail that was accepted but not finished is found by the sweep.
			// A busy server may have refused it once.
			b.receive(t)
			ctx, cancel := context.WithTimeout(context.Background(), 2*retryFinish)
			defer cancel()
			t.Cleanup(func() {
				if t.Failed() {
					t.Logf("INBOX holds %d, Processed %d", b.server.Count(t, "contact", "INBOX"), b.server.Count(t, "contact", "Processed"))
				}
			})
			awaitTrue(ctx, t, func() bool {
				if after == "move:Processed" {
					return b.server.Count(t, "contact", "INBOX") == 0 && b.server.Count(t, "contact", "Processed") == 30
				}
				session, err := b.open(t).accounts[0].open(ctx, imap.Limits{})
				if err != nil {
					t.Fatal(err)
				}
				defer session.Close()
				if _, err := session.Select("INBOX", true); err != nil {
					t.Fatal(err)
				}
				left, err := session.SearchUnmarked(1, "$Taken")
				return err == nil && len(left) == 0
			})
			wantEach(t, b.inbox.Accepted(), mails)
		})
	}
}

// awaitTrue asks until the answer is yes: Dovecot tells nobody of its files.
func awaitTrue(ctx context.Context, t *testing.T, done func() bool) {
	t.Helper()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for !done() {
		select {
		case <-again.C:
		case <-ctx.Done():
			t.Fatal("it did not come true in time")
		}
	}
}

func TestAMailLeftBehindInAMovedFolderIsTakenBySweeping(t *testing.T) {
	b := newBench(t)
	b.server.Deliver(t, "contact", "INBOX", mailNumbers(0, 3)...)
	stop := b.receive(t)
	b.await(t, 3)
	stop()
	// The same mailbox, now with moving, as if the process had died between
	// acceptance and move; and with an inbox that knows nothing of the second.
	b.config.Accounts[0].After = "move:Processed"
	cursor, _ := b.inbox.Cursor(t.Context(), cursorName("contact", "INBOX"))
	b.inbox = &channelstest.Inbox{}
	b.inbox.SetCursor(cursor)
	b.receive(t)
	wantEach(t, b.await(t, 3), mailNumbers(0, 3))
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	awaitTrue(ctx, t, func() bool { return b.server.Count(t, "contact", "Processed") == 3 })
}

func TestAFailingInboxKeepsTheMailsOnTheServer(t *testing.T) {
	b := newBench(t)
	b.config.Accounts[0].After = "move:Processed"
	full := errors.New("disk full")
	b.inbox.Refuse(func([]channels.Original) error { return full })
	b.server.Deliver(t, "contact", "INBOX", mailNumbers(0, 20)...)
	b.receive(t)
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := b.health.Await(ctx, Kind, "contact", func(err error, _ bool) bool { return errors.Is(err, full) }); err != nil {
		t.Fatal(err)
	}
	if left := b.server.Count(t, "contact", "INBOX"); left != 20 {
		t.Errorf("%d mails left on the server, want 20", left)
	}
	b.inbox.Refuse(nil)
	wantEach(t, b.await(t, 20), mailNumbers(0, 20))
}

func TestAWrongPasswordIsToldAndTriedAgain(t *testing.T) {
	b := newBench(t)
	secret := filepath.Join(t.TempDir(), "password")
	write := func(password string) {
		if err := os.WriteFile(secret, []byte(password+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("planted-secret")
	b.config.Accounts[0].Password, b.config.Accounts[0].PasswordFile = "", secret
	b.server.Deliver(t, "contact", "INBOX", mailNumber(0))
	b.receive(t)
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := b.health.Await(ctx, Kind, "contact", func(err error, _ bool) bool { return err != nil }); err != nil {
		t.Fatal(err)
	}
	for _, err := range b.health.Failures() {
		var refused *imap.Refused
		if !errors.As(err, &refused) || !refused.Login || strings.Contains(err.Error(), "planted") {
			t.Errorf("told %v", err)
		}
	}
	tried := b.open(t).Check(ctx)
	if len(tried) != 1 || tried[0].Err == nil || !strings.Contains(tried[0].Err.Error(), "check user and password") {
		t.Errorf("check says %+v", tried)
	}
	write(servers.DovecotPassword)
	wantEach(t, b.await(t, 1), mailNumbers(0, 1))
}

func TestAWrongCertificateIsRefused(t *testing.T) {
	b := newBench(t)
	for _, c := range []struct {
		change func(*Account)
		want   string
	}{
		{func(a *Account) { a.CAFile = "" }, "set ca_file"},
		{func(a *Account) { a.ServerName = "mail.example.org" }, "set server_name"},
		{func(a *Account) { a.CAFile = "/nowhere" }, "ca_file: open /nowhere"},
		{func(a *Account) { a.CAFile = ""; a.TLS = imap.StartTLS; a.Address = b.server.IMAP }, "set ca_file"},
	} {
		b.config.Accounts = []Account{accountOn(b.server, "contact")}
		c.change(&b.config.Accounts[0])
		tried := b.open(t).Check(t.Context())
		if tried[0].Err == nil || !strings.Contains(tried[0].Err.Error(), c.want) {
			t.Errorf("check says %v, want %s", tried[0].Err, c.want)
		}
	}
}

func TestAFileThatCannotBeReadIsWaitedForByItsAccountAlone(t *testing.T) {
	b := newBench(t)
	b.config.Accounts = append(b.config.Accounts, accountOn(b.server, "press"))
	later := filepath.Join(t.TempDir(), "keys")
	b.config.Accounts[0].ThreadKeyFile = later
	b.receive(t)
	mails := mailNumbers(0, 2)
	b.server.Deliver(t, "contact", "INBOX", mails[0])
	b.server.Deliver(t, "press", "INBOX", mails[1])
	wantEach(t, b.await(t, 1), mails[1:])
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	err := b.health.Await(ctx, Kind, "contact", func(err error, _ bool) bool {
		return err != nil && strings.Contains(err.Error(), "thread_key_file: open "+later)
	})
	if err != nil {
		t.Error(err)
	}
	if n := len(b.inbox.Accepted()); n != 1 {
		t.Errorf("%d mails were taken, one of which could not be read", n)
	}
	if err := os.WriteFile(later, []byte("a key that came later, 32 bytes.\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	wantEach(t, b.await(t, 2), mails)
}

func TestSeveralAccountsAndFoldersAreReadTogether(t *testing.T) {
	b := newBench(t)
	b.config.Accounts[0].Folders = []string{"INBOX", "Reports"}
	b.config.Accounts = append(b.config.Accounts, accountOn(b.server, "press"))
	b.receive(t)
	mails := mailNumbers(0, 60)
	b.server.Deliver(t, "contact", "INBOX", mails[:20]...)
	b.server.Deliver(t, "contact", "Reports", mails[20:40]...)
	b.server.Deliver(t, "press", "INBOX", mails[40:]...)
	accepted := b.await(t, 60)
	wantEach(t, accepted, mails)
	count := map[string]int{}
	for _, original := range accepted {
		folder, _, _ := strings.Cut(original.ID, "/")
		count[original.Account+" "+folder]++
	}
	if count["contact INBOX"] != 20 || count["contact Reports"] != 20 || count["press INBOX"] != 20 {
		t.Errorf("taken: %v", count)
	}
	if tried := b.open(t).Check(t.Context()); len(tried) != 2 || tried[0].Err != nil || tried[1].Err != nil ||
		!strings.Contains(tried[0].Detail, "Reports: 20 mails") {
		t.Errorf("check says %+v", tried)
	}
}

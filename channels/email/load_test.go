package email

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"

	"contactd/channels"
	"contactd/channels/channelstest"
	"contactd/contact"
	"contactd/deploy/servers"
)

// diskBlobs keeps blobs in a folder, so that memory shows what the channel uses.
type diskBlobs struct{ dir string }

// Store writes everything from r.
func (d diskBlobs) Store(_ context.Context, r io.Reader) (contact.Blob, error) {
	file, err := os.CreateTemp(d.dir, "new")
	if err != nil {
		return contact.Blob{}, err
	}
	defer file.Close()
	hash := sha256.New()
	size, err := io.Copy(io.MultiWriter(file, hash), r)
	if err != nil {
		return contact.Blob{}, err
	}
	name := hex.EncodeToString(hash.Sum(nil))
	return contact.Blob{SHA256: name, Size: size}, os.Rename(file.Name(), filepath.Join(d.dir, name))
}

// Open returns a blob's bytes.
func (d diskBlobs) Open(digest string) (io.ReadCloser, error) {
	return os.Open(filepath.Join(d.dir, digest))
}

func TestALargeMailIsStreamedWithFlatMemory(t *testing.T) {
	b := newBench(t)
	mail := append(mailNumber(0), bytes.Repeat([]byte("VGhpcyBpcyBhIGxpbmUgb2YgYW4gYXR0YWNobWVudCB0aGF0IG5ldmVyIHNlZW1zIHRvIGVuZC4u\r\n"), 40<<20/78)...)
	b.server.Deliver(t, "contact", "INBOX", mail)
	ch, err := New(b.config, Deps{Blobs: diskBlobs{t.TempDir()}, Health: b.health})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	go func() { done <- ch.Receive(ctx, b.inbox) }()
	original := b.await(t, 1)[0]
	runtime.ReadMemStats(&after)
	cancel()
	<-done
	sum := sha256.Sum256(mail)
	if original.Blob == nil || original.Blob.SHA256 != hex.EncodeToString(sum[:]) || original.Blob.Size != int64(len(mail)) || original.Defect != "" {
		t.Errorf("a mail of %d bytes was taken as %+v", len(mail), original.Blob)
	}
	if used := after.TotalAlloc - before.TotalAlloc; used > 8<<20 {
		t.Errorf("%d MiB were allocated for a mail of 40 MB", used>>20)
	}
}

func TestChaosLosesNothing(t *testing.T) {
	duration := 20 * time.Second
	if testing.Short() {
		duration = 5 * time.Second
	}
	b := newBench(t)
	b.config.Accounts[0].Idle = time.Second
	b.config.Accounts[0].Folders = []string{"INBOX", "Reports"}
	b.config.Accounts[0].After = "move:Processed"
	var failing atomic.Bool
	var dice atomic.Uint64
	b.inbox.Refuse(func([]channels.Original) error {
		if failing.Load() || dice.Add(1)%5 == 0 {
			return errors.New("the disk is full")
		}
		return nil
	})
	random := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 7))
	stop := b.receive(t)
	defer func() { stop() }()
	counts := map[string]int{}
	sent := 0
	step := time.NewTicker(20 * time.Millisecond)
	defer step.Stop()
	for end := time.Now().Add(duration); time.Now().Before(end); <-step.C {
		for range random.IntN(4) {
			folder := []string{"INBOX", "Reports"}[random.IntN(2)]
			b.server.Deliver(t, "contact", folder, mailNumber(sent))
			sent++
		}
		switch random.IntN(40) {
		case 0:
			counts["kills"]++
			b.server.Restart(t)
		case 1:
			counts["freezes"]++
			b.server.Freeze(t)
			for range random.IntN(100) {
				<-step.C
			}
			b.server.Thaw(t)
		case 2:
			counts["restarts of the channel"]++
			stop()
			stop = b.receive(t)
		case 3, 4:
			counts["inbox failures"]++
			failing.Store(!failing.Load())
		case 5:
			if counts["renumberings"] < 3 {
				counts["renumberings"]++
				b.server.Kill(t)
				b.server.Renumber(t, "contact", "INBOX")
				b.server.Start(t)
			}
		}
	}
	failing.Store(false)
	accepted := b.await(t, sent)
	t.Logf("%d mails, %v, %d repetitions", sent, counts, b.inbox.Repeated())
	wantEach(t, accepted, mailNumbers(0, sent))
}

// benchMails are mails of about 4 kB.
func benchMails(n int) [][]byte {
	filler := bytes.Repeat([]byte("An ordinary line of an ordinary mail, of which there are many.\r\n"), 61)
	mails := make([][]byte, n)
	for i := range mails {
		mails[i] = append(mailNumber(i), filler...)
	}
	return mails
}

// BenchmarkCatchUp compares the channel with plain go-imap, which fetches the
// same mails with one command and keeps them in memory.
func BenchmarkCatchUp(b *testing.B) {
	const mails = 10000
	bench := newBench(b)
	bench.server.Deliver(b, "contact", "INBOX", benchMails(mails)...)
	plain(b, bench.server, mails) // the server's caches are warm for both
	var ours, theirs []float64
	for b.Loop() {
		begun := time.Now()
		plain(b, bench.server, mails)
		theirs = append(theirs, mails/time.Since(begun).Seconds())

		bench.inbox = &channelstest.Inbox{}
		begun = time.Now()
		stop := bench.receive(b)
		bench.await(b, mails)
		ours = append(ours, mails/time.Since(begun).Seconds())
		stop()
	}
	b.ReportMetric(median(ours), "mails/s")
	b.ReportMetric(median(theirs), "plain-mails/s")
	b.ReportMetric(median(ours)/median(theirs), "ratio")
}

func median(values []float64) float64 {
	slices.Sort(values)
	return values[len(values)/2]
}

func plain(b *testing.B, d *servers.DovecotServer, want int) {
	trust, err := trusted(d.IMAPS, "localhost", d.CAFile)
	if err != nil {
		b.Fatal(err)
	}
	client, err := imapclient.DialTLS(d.IMAPS, &imapclient.Options{TLSConfig: trust})
	if err != nil {
		b.Fatal(err)
	}
	defer client.Close()
	if err := client.Login("contact", servers.DovecotPassword).Wait(); err != nil {
		b.Fatal(err)
	}
	if _, err := client.Select("INBOX", &imap.SelectOptions{ReadOnly: true}).Wait(); err != nil {
		b.Fatal(err)
	}
	got, err := client.Fetch(imap.UIDSet{{Start: 1}}, &imap.FetchOptions{
		UID: true, InternalDate: true, BodySection: []*imap.FetchItemBodySection{{Peek: true}},
	}).Collect()
	if err != nil || len(got) != want {
		b.Fatalf("plain fetched %d mails: %v", len(got), err)
	}
}

// BenchmarkDeliveryToAcceptance measures how long a mail takes from the
// mailbox to the inbox, of which Dovecot's notice takes half a second.
func BenchmarkDeliveryToAcceptance(b *testing.B) {
	bench := newBench(b)
	bench.receive(b)
	var took []time.Duration
	for b.Loop() {
		n := len(took)
		<-time.After(100 * time.Millisecond) // until the channel waits in IDLE again
		bench.server.Deliver(b, "contact", "INBOX", mailNumber(n))
		begun := time.Now()
		bench.await(b, n+1)
		took = append(took, time.Since(begun))
	}
	slices.Sort(took)
	at := func(p float64) float64 { return float64(took[int(p*float64(len(took)-1))].Microseconds()) / 1000 }
	b.ReportMetric(at(0.5), "p50-ms")
	b.ReportMetric(at(0.99), "p99-ms")
}

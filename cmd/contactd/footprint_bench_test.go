package main

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"contactd/channels"
	"contactd/cmd/contactd/garbage"
	"contactd/deploy/servers"
	"contactd/pipeline"
	"contactd/pipeline/journal"
)

// BenchmarkIdleMemory is the resident memory of the daemon with one mailbox
// and nothing to do, without its broker: when it has just started, and the most
// of half a minute from its third look at its heap. The program is the one that
// is shipped: the tests' is larger.
func BenchmarkIdleMemory(b *testing.B) {
	shipped := filepath.Join(b.TempDir(), "contactd")
	if said, err := exec.CommandContext(b.Context(), "go", "build", "-trimpath", "-o", shipped, ".").CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, said)
	}
	mailbox := servers.Dovecot(b, servers.DovecotOptions{})
	for b.Loop() {
		cmd := exec.CommandContext(b.Context(), shipped, "run")
		cmd.Dir = configure(b, "broker: {address: \"127.0.0.1:0\"}\n"+mailboxConfig("control", mailbox.IMAPS, mailbox.CAFile, "control", servers.DovecotPassword))
		p := start(b, cmd)
		p.awaitReady()
		b.ReportMetric(float64(residentMegabytes(b, p)), "started-MB")
		time.Sleep(3 * garbage.Each)
		most := 0
		for range 30 {
			time.Sleep(time.Second)
			most = max(most, residentMegabytes(b, p))
		}
		b.ReportMetric(float64(most), "MB")
		p.stop()
	}
}

// BenchmarkBacklog starts the daemon on a journal with 1,000,000 sorted
// messages of 1 kB that wait for a broker which is away: how long until the
// program runs, and how much memory it takes.
func BenchmarkBacklog(b *testing.B) {
	const waiting = 1_000_000
	dir := configure(b, "kafka: {brokers: [\"127.0.0.1:1\"]}\n"+mailboxConfig("control", "127.0.0.1:1", "", "control", "none"))
	fill(b, filepath.Join(dir, "data", "journal"), waiting)
	b.ResetTimer()
	for b.Loop() {
		began := time.Now()
		p := startProgram(b, dir, "run")
		b.ReportMetric(time.Since(began).Seconds(), "start-s")
		most := 0
		for range 20 {
			most = max(most, residentMegabytes(b, p))
			if response, err := http.Get(p.url + "/metrics"); err == nil {
				_, _ = io.Copy(io.Discard, response.Body)
				_ = response.Body.Close()
			}
			time.Sleep(250 * time.Millisecond)
		}
		b.ReportMetric(float64(most), "MB")
		p.stop()
	}
}

// fill accepts, places and sorts messages that nobody publishes.
func fill(b *testing.B, dir string, count int) {
	b.Helper()
	j, err := journal.Open(journal.Config{Dir: dir}, journal.Deps{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	defer func() {
		if err := j.Close(); err != nil {
			b.Fatal(err)
		}
	}()
	const batch = 2000
	for first := 1; first <= count; first += batch {
		originals := make([]channels.Original, batch)
		for i := range originals {
			originals[i] = channels.Original{Channel: "email", Account: "control", ID: "INBOX/1/" + strconv.Itoa(first+i), MediaType: "message/rfc822", Bytes: kilobyteMail(first + i)}
		}
		if err := j.Accept(b.Context(), originals, channels.Cursor{}); err != nil {
			b.Fatal(err)
		}
		errs := make(chan error, batch)
		for seq := int64(first); seq < int64(first+batch); seq++ {
			go func() {
				_, err := j.Place(b.Context(), seq, pipeline.Placement{Key: fmt.Sprintf("c-%026d", seq)})
				if err == nil {
					err = j.Sort(b.Context(), seq, pipeline.LaneNormal)
				}
				errs <- err
			}()
		}
		for range batch {
			if err := <-errs; err != nil {
				b.Fatal(err)
			}
		}
	}
}

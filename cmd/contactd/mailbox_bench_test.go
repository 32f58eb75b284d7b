package main

import (
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"

	"contactd/deploy/servers"
)

// benchMails is the size of the mailbox that the benchmarks empty.
const benchMails = 10_000

// BenchmarkMailboxToKafka empties a mailbox of 10,000 mails of 4 kB: first by
// a bare go-imap client that throws the bytes away, then by contactd, which
// makes each of them durable, reads, grades and publishes it to Apache Kafka.
// The ratio of both rates is the figure.
func BenchmarkMailboxToKafka(b *testing.B) {
	node, mailbox := servers.Kafka(b), servers.Dovecot(b, servers.DovecotOptions{})
	mails := make([][]byte, benchMails)
	for i := range mails {
		mails[i] = ordinaryMail(i)
	}
	mailbox.Deliver(b, "control", "INBOX", mails...)
	fetchAll(b, mailbox) // the server's own indexes and caches are warm for both
	for b.Loop() {
		bare := fetchAll(b, mailbox)
		used := processorTime(b)
		ours := publishAll(b, mailbox, node.Plain)
		b.ReportMetric(float64((processorTime(b)-used).Microseconds())/benchMails, "cpu-us/mail")
		b.ReportMetric(benchMails/bare.Seconds(), "bare/s")
		b.ReportMetric(benchMails/ours.Seconds(), "mails/s")
		b.ReportMetric(bare.Seconds()/ours.Seconds(), "ratio")
	}
}

// ordinaryMail is a mail of about 4 kB as people send them.
func ordinaryMail(i int) []byte {
	var body strings.Builder
	for line := 0; body.Len() < 3500; line++ {
		fmt.Fprintf(&body, "On the %dth there were cars racing on the retail park again, from about ten until late.\r\n", line)
	}
	return fmt.Appendf(nil, "Received: from mx.example.org (mx.example.org [192.0.2.7])\r\n\tby mail.force.example with ESMTPS id %d;\r\n\tTue, 3 Nov 2026 21:14:07 +0000\r\n"+
		"Message-ID: <%d@example.org>\r\nFrom: Resident %d <resident%d@example.org>\r\nTo: control@force.example\r\nSubject: cars on the retail park\r\n"+
		"Date: Tue, 3 Nov 2026 21:14:05 +0000\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n%s", i, i, i, i, body.String())
}

// fetchAll fetches every mail with a plain client in batches of 100.
func fetchAll(b *testing.B, mailbox *servers.DovecotServer) time.Duration {
	b.Helper()
	pem, err := os.ReadFile(mailbox.CAFile)
	if err != nil {
		b.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(pem)
	began := time.Now()
	conn, err := tls.Dial("tcp", mailbox.IMAPS, &tls.Config{RootCAs: pool, ServerName: "localhost"})
	if err != nil {
		b.Fatal(err)
	}
	client := imapclient.New(net.Conn(conn), nil)
	defer conn.Close()
	if err := client.Login("control", servers.DovecotPassword).Wait(); err != nil {
		b.Fatal(err)
	}
	if _, err := client.Select("INBOX", &imap.SelectOptions{ReadOnly: true}).Wait(); err != nil {
		b.Fatal(err)
	}
	found, err := client.UIDSearch(&imap.SearchCriteria{}, nil).Wait()
	if err != nil {
		b.Fatal(err)
	}
	count := 0
	uids := found.AllUIDs()
	for len(uids) > 0 {
		batch := uids[:min(100, len(uids))]
		uids = uids[len(batch):]
		fetch := client.Fetch(imap.UIDSetNum(batch...), &imap.FetchOptions{
			UID: true, InternalDate: true, RFC822Size: true,
			BodySection: []*imap.FetchItemBodySection{{Peek: true}},
		})
		for mail := fetch.Next(); mail != nil; mail = fetch.Next() {
			for part := mail.Next(); part != nil; part = mail.Next() {
				if body, ok := part.(imapclient.FetchItemDataBodySection); ok {
					if _, err := io.Copy(io.Discard, body.Literal); err != nil {
						b.Fatal(err)
					}
					count++
				}
			}
		}
		if err := fetch.Close(); err != nil {
			b.Fatal(err)
		}
	}
	if count != benchMails {
		b.Fatalf("the bare client fetched %d of %d mails", count, benchMails)
	}
	return time.Since(began)
}

// publishAll runs contactd on the mailbox until Kafka has acknowledged every
// mail.
func publishAll(b *testing.B, mailbox *servers.DovecotServer, kafka string) time.Duration {
	b.Helper()
	dir := b.TempDir()
	writeConfig(b, dir, fmt.Sprintf("force: bench-%s\ndata_dir: %s\nlog: {level: warn}\nkafka:\n  brokers: [%q]\n  topics: {replication: 1}\n%s",
		strings.ToLower(rand.Text()[:8]), filepath.Join(dir, "data"), kafka,
		mailboxConfig("control", mailbox.IMAPS, mailbox.CAFile, "control", servers.DovecotPassword)))
	p := &program{getenv: os.LookupEnv, out: io.Discard, err: os.Stderr}
	c, err := p.load(filepath.Join(dir, "contactd.yaml"))
	if err != nil {
		b.Fatal(err)
	}
	began := time.Now()
	d, err := startDaemon(b.Context(), c, slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})))
	if err != nil {
		b.Fatal(err)
	}
	defer func() {
		if err := d.Stop(); err != nil {
			b.Error(err)
		}
	}()
	for tick := time.Tick(5 * time.Millisecond); published(b, d) < benchMails; <-tick {
		if time.Since(began) > 2*time.Minute {
			b.Fatalf("%d of %d mails after %v", published(b, d), benchMails, time.Since(began))
		}
	}
	return time.Since(began)
}

// processorTime is what this process has used of the processors so far.
func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// published counts the messages that Kafka acknowledged.
func published(b *testing.B, d *daemon) (count int) {
	b.Helper()
	families, err := d.registry.Gather()
	if err != nil {
		b.Fatal(err)
	}
	for _, family := range families {
		if family.GetName() != "contactd_graded_total" {
			continue
		}
		for _, metric := range family.GetMetric() {
			count += int(metric.GetCounter().GetValue())
		}
	}
	return count
}

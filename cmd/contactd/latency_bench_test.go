package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	kafkago "github.com/segmentio/kafka-go"

	"contactd/channels"
	"contactd/deploy/servers"
	"contactd/pipeline/kafka"
)

// BenchmarkAcceptToKafka hands mails of 1 kB to the journal at a steady rate
// and measures the time until a consumer holds the event: acceptance (fsync),
// reading, grading, a second commit, Kafka's acknowledgement and the way back.
func BenchmarkAcceptToKafka(b *testing.B) {
	for _, rate := range []int{1000, 10_000} {
		b.Run(fmt.Sprintf("%d_a_second", rate), func(b *testing.B) {
			node := servers.Kafka(b)
			for b.Loop() {
				taken := steady(b, node.Plain, rate, 5*time.Second)
				b.ReportMetric(milliseconds(taken, 0.50), "p50-ms")
				b.ReportMetric(milliseconds(taken, 0.99), "p99-ms")
			}
		})
	}
}

// steady accepts mails at a rate for a time and returns how long each took,
// sorted.
func steady(b *testing.B, broker string, rate int, last time.Duration) []time.Duration {
	b.Helper()
	// The mailbox answers nobody; its mails are handed over below.
	d, force := benchDaemon(b, broker, mailboxConfig("control", "127.0.0.1:1", "", "control", "none"))
	total := rate * int(last/time.Second)
	watch := newStopwatch(b, broker, force, total, func(n int) {
		warm := channels.Original{Channel: "email", Account: "control", ID: fmt.Sprint("INBOX/2/", n+1), MediaType: "message/rfc822", Bytes: []byte("Subject: warm\r\n\r\n")}
		if err := d.journal.Accept(b.Context(), []channels.Original{warm}, channels.Cursor{}); err != nil {
			b.Fatal(err)
		}
	})
	const step = 5 * time.Millisecond
	mails := make([]channels.Original, rate*int(step)/int(time.Second))
	var accepting sync.WaitGroup
	tick := time.NewTicker(step)
	defer tick.Stop()
	for n := 0; n < total; n += len(mails) {
		batch := slices.Clone(mails)
		for i := range batch {
			batch[i] = channels.Original{
				Channel: "email", Account: "control", ID: fmt.Sprint("INBOX/1/", n+i+1),
				MediaType: "message/rfc822", Bytes: kilobyteMail(n + i),
			}
		}
		watch.begin(n, len(batch))
		accepting.Go(func() {
			if err := d.journal.Accept(b.Context(), batch, channels.Cursor{}); err != nil {
				b.Error(err)
			}
		})
		<-tick.C
	}
	accepting.Wait()
	return watch.wait()
}

func kilobyteMail(n int) []byte {
	return fmt.Appendf(nil, "From: r%d@example.org\r\nTo: control@force.example\r\nSubject: mail %d\r\nMessage-ID: <%d@example.org>\r\n\r\n%s\r\n",
		n, n, n, strings.Repeat("The gate in Mill Lane is open again and the dogs run out.\r\n", 15))
}

// BenchmarkDeliveryToKafka delivers single mails into a mailbox and measures
// the time until a consumer holds the event. Dovecot tells an idle client
// within half a second, which is most of it.
func BenchmarkDeliveryToKafka(b *testing.B) {
	const mails = 40
	node := servers.Kafka(b)
	for b.Loop() {
		mailbox := servers.Dovecot(b, servers.DovecotOptions{})
		d, force := benchDaemon(b, node.Plain, mailboxConfig("control", mailbox.IMAPS, mailbox.CAFile, "control", servers.DovecotPassword))
		for len(d.health.States()) == 0 || d.health.States()[0].LastGood.IsZero() {
			time.Sleep(10 * time.Millisecond)
		}
		watch := newStopwatch(b, node.Plain, force, mails, func(int) {
			mailbox.Deliver(b, "control", "INBOX", []byte("Subject: warm\r\n\r\n"))
		})
		for n := range mails {
			watch.begin(n, 1)
			mailbox.Deliver(b, "control", "INBOX", kilobyteMail(n))
			watch.await(n)
		}
		taken := watch.wait()
		b.ReportMetric(milliseconds(taken, 0.50), "p50-ms")
		b.ReportMetric(milliseconds(taken, 0.99), "p99-ms")
	}
}

// benchDaemon starts the program in this process with a force of its own. It
// stops with the benchmark.
func benchDaemon(b *testing.B, broker, more string) (d *daemon, force string) {
	b.Helper()
	return benchDaemonWith(b, fmt.Sprintf("brokers: [%q]", broker), more)
}

// benchDaemonWith is benchDaemon with another way to reach a broker.
func benchDaemonWith(b *testing.B, brokers, more string) (d *daemon, force string) {
	b.Helper()
	dir, force := b.TempDir(), "bench-"+strings.ToLower(rand.Text()[:8])
	writeConfig(b, dir, fmt.Sprintf("force: %s\ndata_dir: %s\nkafka:\n  %s\n  topics: {replication: 1}\n%s", force, filepath.Join(dir, "data"), brokers, more))
	p := &program{getenv: os.LookupEnv, out: io.Discard, err: os.Stderr}
	c, err := p.load(filepath.Join(dir, "contactd.yaml"))
	if err != nil {
		b.Fatal(err)
	}
	d, err = startDaemon(b.Context(), c, slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError})))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := d.Stop(); err != nil {
			b.Error(err)
		}
	})
	return d, force
}

// stopwatch measures from begin to the event of a mail on Kafka.
type stopwatch struct {
	b     *testing.B
	mark  string // stands before the number of a mail
	mu    sync.Mutex
	began []time.Time
	taken []time.Duration
	seen  []chan struct{}
	left  int
	all   chan struct{}
}

// newStopwatch reads the topic from now on: it returns when a first event was
// seen, which warm brings about.
func newStopwatch(b *testing.B, broker, force string, total int, warm func(n int)) *stopwatch {
	b.Helper()
	w := &stopwatch{b: b, mark: `"content":{"subject":"mail `, began: make([]time.Time, total), taken: make([]time.Duration, total), seen: make([]chan struct{}, total), left: total, all: make(chan struct{})}
	for i := range w.seen {
		w.seen[i] = make(chan struct{})
	}
	cluster, err := kafka.NewCluster(kafka.Config{Brokers: []string{broker}}, kafka.Watch{})
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(b.Context())
	b.Cleanup(cancel)
	follows, failed := make(chan struct{}), make(chan error, 1)
	once := sync.OnceFunc(func() { close(follows) })
	go func() {
		for ctx.Err() == nil { // the program is just making the topic on a new server
			err := cluster.Tail(ctx, "contact.events", false, func(r kafka.Record) error {
				if strings.Contains(r.Headers["ce_source"], force) {
					once()
					w.saw(r.Value)
				}
				return nil
			})
			if err != nil && !errors.Is(err, kafkago.UnknownTopicOrPartition) {
				failed <- err
				return
			}
		}
	}()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for n := 0; ; n++ {
		warm(n)
		select {
		case <-follows:
			return w
		case err := <-failed:
			b.Fatal(err)
		case <-tick.C:
		}
	}
}

func (w *stopwatch) begin(first, count int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := first; i < first+count; i++ {
		w.began[i] = time.Now()
	}
}

func (w *stopwatch) saw(record []byte) {
	at := time.Now()
	// Decoding the whole record would take a fifth of the processors.
	_, rest, _ := bytes.Cut(record, []byte(w.mark))
	number, _, found := cutAny(rest, `".`)
	n, err := strconv.Atoi(string(number))
	if !found || err != nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.taken[n] == 0 {
		w.taken[n] = at.Sub(w.began[n])
		close(w.seen[n])
		if w.left--; w.left == 0 {
			close(w.all)
		}
	}
}

func (w *stopwatch) await(n int) {
	select {
	case <-w.seen[n]:
	case <-time.After(time.Minute):
		w.b.Fatalf("mail %d did not come", n)
	}
}

func (w *stopwatch) wait() []time.Duration {
	select {
	case <-w.all:
	case <-time.After(2 * time.Minute):
		w.b.Fatalf("%d mails did not come", w.left)
	}
	slices.Sort(w.taken)
	return w.taken
}

// milliseconds is a quantile of sorted times.
func milliseconds(sorted []time.Duration, quantile float64) float64 {
	return float64(sorted[int(quantile*float64(len(sorted)-1))].Microseconds()) / 1000
}

// cutAny cuts at the first of some bytes.
func cutAny(text []byte, ends string) (before, after []byte, found bool) {
	i := bytes.IndexAny(text, ends)
	if i < 0 {
		return text, nil, false
	}
	return text[:i], text[i+1:], true
}

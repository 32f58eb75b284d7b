package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"contactd/channels/facebook/graphsim"
	"contactd/contact"
	"contactd/deploy/servers"
)

const (
	pageID    = "1058201444"
	appSecret = "the secret of the bench"
	// calmWords are no emergency in any judge's eyes: who measures how soon an
	// emergency passes must not let all be one.
	calmWords = "What time does the front counter open on Sunday"
	pageToken = "EAAB-bench"
)

// metaConfig configures the page "town" of a simulated Meta and returns the
// YAML. The files lie in a folder of the test.
func metaConfig(t testing.TB, graph string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range map[string]string{"secret": appSecret, "verify": "verify", "token": pageToken} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(strings.ReplaceAll(content, " ", "-")), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return fmt.Sprintf(`webhooks: {listen: "127.0.0.1:0"}
channels:
  facebook:
    graph_url: %s
    app_secret_file: %[2]s/secret
    verify_token_file: %[2]s/verify
    accounts:
      - {name: town, id: %q, token_file: %[2]s/token, human_agent: true}
`, graph, dir, pageID)
}

// startMeta starts a simulated Meta with the page.
func startMeta(t testing.TB) *graphsim.Server {
	t.Helper()
	meta, err := graphsim.Start(graphsim.Options{AppSecret: strings.ReplaceAll(appSecret, " ", "-"), VerifyToken: "verify", Token: pageToken})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = meta.Close() })
	meta.Account(pageID, "page", true)
	return meta
}

// socialDaemon starts the program in this process with a page on a simulated
// Meta.
func socialDaemon(t testing.TB, broker string) (*daemon, *graphsim.Server, string) {
	t.Helper()
	meta := startMeta(t)
	dir, force := t.TempDir(), "social-"+strings.ToLower(rand.Text()[:8])
	writeConfig(t, dir, fmt.Sprintf("force: %s\ndata_dir: %s\nkafka:\n  brokers: [%q]\n  topics: {replication: 1}\npipeline: {degraded_after: 1s}\n%s",
		force, filepath.Join(dir, "data"), broker, metaConfig(t, meta.URL())))
	p := &program{getenv: os.LookupEnv, out: io.Discard, err: os.Stderr}
	c, err := p.load(filepath.Join(dir, "contactd.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	d, err := startDaemon(t.Context(), c, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Stop(); err != nil {
			t.Error(err)
		}
	})
	if judged := d.panel.Assess(t.Context(), contact.Message{Text: calmWords}); judged.Grade == contact.Emergency {
		t.Fatalf("%q is an emergency to %v", calmWords, judged.JudgedBy)
	}
	meta.Callback(d.hooks.URL() + "/facebook")
	return d, meta, force
}

// caller is a connection of Meta's, with as little around it as possible.
type caller struct {
	conn net.Conn
	in   *bufio.Reader
}

func dialCaller(t testing.TB, url string) *caller {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return &caller{conn, bufio.NewReader(conn)}
}

// request is a signed delivery as it goes over the line.
func request(body []byte) []byte {
	return fmt.Appendf(nil, "POST /facebook HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nX-Hub-Signature-256: %s\r\nContent-Length: %d\r\n\r\n%s",
		graphsim.Sign(strings.ReplaceAll(appSecret, " ", "-"), body), len(body), body)
}

// post delivers and returns the status.
func (c *caller) post(request []byte) (int, error) {
	if _, err := c.conn.Write(request); err != nil {
		return 0, err
	}
	response, err := http.ReadResponse(c.in, nil)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, response.Body)
	return response.StatusCode, err
}

// commentOf is a comment by somebody, in the text of which the benches look.
func commentOf(n int, text string) []byte {
	return fmt.Appendf(nil, `{"field":"feed","value":{"from":{"id":"%d","name":"Jo Resident"},"post":{"status_type":"mobile_status_update","is_published":true,"permalink_url":"https:\/\/www.facebook.com\/town\/posts\/1","id":"%s_1"},"message":"%s","post_id":"%s_1","comment_id":"1_%d","created_time":%d,"item":"comment","parent_id":"%s_1","verb":"add"}}`,
		900000+n%5000, pageID, text, pageID, n, time.Now().Unix(), pageID)
}

func deliveryOf(changes ...[]byte) []byte {
	return fmt.Appendf(nil, `{"object":"page","entry":[{"id":"%s","time":%d,"changes":[%s]}]}`, pageID, time.Now().Unix(), bytes.Join(changes, []byte(",")))
}

func messageOf(n int, person, text string) []byte {
	return fmt.Appendf(nil, `{"object":"page","entry":[{"id":"%s","time":%d,"messaging":[{"sender":{"id":"%s"},"recipient":{"id":"%s"},"timestamp":%d,"message":{"mid":"m_%d","text":"%s"}}]}]}`,
		pageID, time.Now().UnixMilli(), person, pageID, time.Now().UnixMilli(), n, text)
}

// opened waits until the public listener takes deliveries.
func opened(t testing.TB, d *daemon) {
	t.Helper()
	c := dialCaller(t, d.hooks.URL())
	eventually(t, 10*time.Second, func() bool {
		status, err := c.post(request(messageOf(0, "1", "warm")))
		return err == nil && status == http.StatusOK
	}, func() string { return "no delivery is taken" })
}

// doorway is where a delivery of Meta's arrives.
func doorway(b *testing.B) (url string) {
	b.Helper()
	d := door(b, metaConfig(b, startMeta(b).URL()))
	opened(b, d)
	return d.hooks.URL()
}

// door is what a delivery meets until it is answered: the public listener, the
// channel and the journal.
func door(b *testing.B, channels string) *daemon {
	b.Helper()
	dir := b.TempDir()
	writeConfig(b, dir, "data_dir: "+filepath.Join(dir, "data")+"\n"+channels)
	p := &program{getenv: os.LookupEnv, out: io.Discard, err: os.Stderr}
	c, err := p.load(filepath.Join(dir, "contactd.yaml"))
	if err != nil {
		b.Fatal(err)
	}
	d := &daemon{config: c, log: slog.New(slog.DiscardHandler), registry: prometheus.NewRegistry(), failed: make(chan error, 16)}
	for _, start := range []func(context.Context) error{d.openJournal, d.makeChannels, d.receive, d.openHooks} {
		if err := start(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	b.Cleanup(func() {
		if err := d.Stop(); err != nil {
			b.Error(err)
		}
	})
	return d
}

// BenchmarkFacebookDelivery posts single comments by 64 callers: each is
// answered by 200 once it is on disk.
func BenchmarkFacebookDelivery(b *testing.B) {
	const callers = 64
	url := doorway(b)
	requests := make([][]byte, b.N)
	for i := range requests {
		requests[i] = request(deliveryOf(commentOf(i, fmt.Sprintf("%s, number %d", calmWords, i))))
	}
	lines := make([]*caller, callers)
	for i := range lines {
		lines[i] = dialCaller(b, url)
	}
	taken := make([]time.Duration, b.N)
	var next atomic.Int64
	var all sync.WaitGroup
	runtime.GC()
	b.ResetTimer()
	began, spent := time.Now(), processorTime(b)
	for _, line := range lines {
		all.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= b.N {
					return
				}
				start := time.Now()
				if status, err := line.post(requests[i]); status != http.StatusOK {
					b.Errorf("status %d, %v", status, err)
					return
				}
				taken[i] = time.Since(start)
			}
		})
	}
	all.Wait()
	b.StopTimer()
	b.ReportMetric(float64(b.N)/time.Since(began).Seconds(), "deliveries/s")
	// What it costs both sides, whatever else the machine does.
	b.ReportMetric(float64((processorTime(b)-spent).Microseconds())/float64(b.N), "cpu-us/delivery")
	slices.Sort(taken)
	b.ReportMetric(milliseconds(taken, 0.50), "p50-ms")
	b.ReportMetric(milliseconds(taken, 0.99), "p99-ms")
}

// BenchmarkFacebookBatch posts deliveries of 1,000 elements, the most that
// Meta sends at once.
func BenchmarkFacebookBatch(b *testing.B) {
	line := dialCaller(b, doorway(b))
	n := 0
	var taken []time.Duration
	for b.Loop() {
		b.StopTimer()
		changes := make([][]byte, 1000)
		for i := range changes {
			n++
			changes[i] = commentOf(n, calmWords)
		}
		whole := request(deliveryOf(changes...))
		b.StartTimer()
		start := time.Now()
		if status, err := line.post(whole); status != http.StatusOK {
			b.Fatalf("status %d, %v", status, err)
		}
		taken = append(taken, time.Since(start))
	}
	slices.Sort(taken)
	b.ReportMetric(milliseconds(taken, 0.50), "p50-ms")
	b.ReportMetric(milliseconds(taken, 0.99), "p99-ms")
}

// BenchmarkFacebookToKafka posts 1,000 messages a second and measures from
// before the call until a consumer holds the event.
func BenchmarkFacebookToKafka(b *testing.B) {
	const rate, last = 1000, 5
	node := servers.Kafka(b)
	for b.Loop() {
		d, _, force := socialDaemon(b, node.Plain)
		opened(b, d)
		line := dialCaller(b, d.hooks.URL())
		watch := newStopwatch(b, node.Plain, force, rate*last, func(n int) {
			if _, err := line.post(request(messageOf(1_000_000+n, "2", "warm"))); err != nil {
				b.Fatal(err)
			}
		})
		watch.mark = `"content":{"summary":"mail `
		lines := make([]*caller, 16)
		free := make(chan *caller, len(lines))
		for range lines {
			free <- dialCaller(b, d.hooks.URL())
		}
		var all sync.WaitGroup
		tick := time.NewTicker(time.Millisecond)
		for n := range rate * last {
			<-tick.C
			c := <-free
			all.Go(func() {
				watch.begin(n, 1)
				if status, err := c.post(request(messageOf(n+1, fmt.Sprint(n%2000), fmt.Sprintf(`mail %d. %s`, n, calmWords)))); status != http.StatusOK {
					b.Errorf("status %d, %v", status, err)
				}
				free <- c
			})
		}
		tick.Stop()
		all.Wait()
		taken := watch.wait()
		b.ReportMetric(milliseconds(taken, 0.50), "p50-ms")
		b.ReportMetric(milliseconds(taken, 0.99), "p99-ms")
	}
}

// BenchmarkFacebookBurst takes 100,000 comments in deliveries of 1,000; in the
// middle somebody writes an emergency by Messenger. It measures when that is
// on Kafka, and the memory on the way.
func BenchmarkFacebookBurst(b *testing.B) {
	const comments, batch = 100_000, 1000
	node := servers.Kafka(b)
	for b.Loop() {
		d, _, force := socialDaemon(b, node.Plain)
		opened(b, d)
		line := dialCaller(b, d.hooks.URL())
		watch := newStopwatch(b, node.Plain, force, 1, func(n int) {
			if _, err := line.post(request(messageOf(1_000_000+n, "2", "warm"))); err != nil {
				b.Fatal(err)
			}
		})
		watch.mark = `"content":{"summary":"mail `
		runtime.GC()
		debug.FreeOSMemory()
		var high atomic.Uint64
		done := make(chan struct{})
		go func() {
			for {
				select {
				case <-done:
					return
				case <-time.After(20 * time.Millisecond):
					var m runtime.MemStats
					runtime.ReadMemStats(&m)
					high.Store(max(high.Load(), m.HeapInuse))
				}
			}
		}()
		began := time.Now()
		for n := 0; n < comments; n += batch {
			changes := make([][]byte, batch)
			for i := range changes {
				changes[i] = commentOf(n+i, calmWords)
			}
			if n == comments/2 {
				urgent := dialCaller(b, d.hooks.URL()) // one that has long said nothing would have been closed
				watch.begin(0, 1)
				if status, err := urgent.post(request(messageOf(7, "77", `mail 0. he has a knife and is going to kill me`))); status != http.StatusOK {
					b.Fatalf("status %d, %v", status, err)
				}
			}
			if status, err := line.post(request(deliveryOf(changes...))); status != http.StatusOK {
				b.Fatalf("status %d, %v", status, err)
			}
		}
		b.ReportMetric(comments/time.Since(began).Seconds(), "comments/s")
		b.ReportMetric(milliseconds(watch.wait(), 0.5), "emergency-ms")
		close(done)
		b.ReportMetric(float64(high.Load())/(1<<20), "heap-MiB")
	}
}

package main

import (
	"bufio"
	"context"
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
)

// caller is a connection of a platform's, with as little around it as possible.
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

// deliverAll posts b.N deliveries by 64 callers.
func deliverAll(b *testing.B, url string, delivery func(n int) []byte) {
	b.Helper()
	requests := make([][]byte, b.N)
	for i := range requests {
		requests[i] = delivery(i)
	}
	taken := make([]time.Duration, b.N)
	runtime.GC()
	b.ResetTimer()
	began, spent := time.Now(), processorTime(b)
	byCallers(b, url, 64, b.N, func(c *caller, i int) (int, error) {
		start := time.Now()
		defer func() { taken[i] = time.Since(start) }()
		return c.post(requests[i])
	})
	b.StopTimer()
	b.ReportMetric(float64(b.N)/time.Since(began).Seconds(), "deliveries/s")
	// What it costs both sides, whatever else the machine does.
	b.ReportMetric(float64((processorTime(b)-spent).Microseconds())/float64(b.N), "cpu-us/delivery")
	slices.Sort(taken)
	b.ReportMetric(milliseconds(taken, 0.50), "p50-ms")
	b.ReportMetric(milliseconds(taken, 0.99), "p99-ms")
}

// byCallers has callers post n deliveries, each the next that nobody has.
func byCallers(b *testing.B, url string, callers, n int, post func(c *caller, i int) (status int, err error)) {
	b.Helper()
	lines := make([]*caller, callers)
	for i := range lines {
		lines[i] = dialCaller(b, url)
	}
	var next atomic.Int64
	var all sync.WaitGroup
	for _, line := range lines {
		all.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				if status, err := post(line, i); status != http.StatusOK {
					b.Errorf("status %d, %v", status, err)
					return
				}
			}
		})
	}
	all.Wait()
}

// steadily posts 1,000 messages a second for some seconds and measures until a
// consumer holds each event.
func steadily(b *testing.B, broker, force, url string, message func(n, person int, text string) []byte) {
	b.Helper()
	const rate, last = 1000, 5
	watch := watchMessages(b, broker, force, url, rate*last, message)
	free := make(chan *caller, 16)
	for range cap(free) {
		free <- dialCaller(b, url)
	}
	var all sync.WaitGroup
	tick := time.NewTicker(time.Millisecond)
	for n := range rate * last {
		<-tick.C
		c := <-free
		all.Go(func() {
			watch.begin(n, 1)
			if status, err := c.post(message(n+1, n%2000, fmt.Sprintf("mail %d. %s", n, calmWords))); status != http.StatusOK {
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

// watchMessages is a stopwatch of messages, which begin with "mail" and their
// number.
func watchMessages(b *testing.B, broker, force, url string, total int, message func(n, person int, text string) []byte) *stopwatch {
	b.Helper()
	line := dialCaller(b, url)
	watch := newStopwatch(b, broker, force, total, func(n int) {
		if _, err := line.post(message(1_000_000+n, 2, "warm")); err != nil {
			b.Fatal(err)
		}
	})
	watch.mark = `"content":{"summary":"mail `
	return watch
}

// emergency is a message that somebody writes in the middle of a burst.
type emergency struct {
	b       *testing.B
	watch   *stopwatch
	url     string
	message func(n, person int, text string) []byte
}

func awaitEmergency(b *testing.B, broker, force, url string, message func(n, person int, text string) []byte) *emergency {
	b.Helper()
	return &emergency{b, watchMessages(b, broker, force, url, 1, message), url, message}
}

// write has it written, by a connection of its own: one that has long said
// nothing would have been closed.
func (e *emergency) write() {
	line := dialCaller(e.b, e.url)
	e.watch.begin(0, 1)
	if status, err := line.post(e.message(7, 77, "mail 0. he has a knife and is going to kill me")); status != http.StatusOK {
		e.b.Errorf("status %d, %v", status, err)
	}
}

func (e *emergency) report() { e.b.ReportMetric(milliseconds(e.watch.wait(), 0.5), "emergency-ms") }

// heap watches the memory in use.
type heap struct {
	high  atomic.Uint64
	done  chan struct{}
	ended sync.WaitGroup
}

func watchHeap() *heap {
	runtime.GC()
	debug.FreeOSMemory()
	h := &heap{done: make(chan struct{})}
	h.ended.Go(func() {
		for {
			select {
			case <-h.done:
				return
			case <-time.After(20 * time.Millisecond):
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				h.high.Store(max(h.high.Load(), m.HeapInuse))
			}
		}
	})
	return h
}

func (h *heap) report(b *testing.B) {
	close(h.done)
	h.ended.Wait()
	b.ReportMetric(float64(h.high.Load())/(1<<20), "heap-MiB")
}

package journal

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"contactd/channels"
	"contactd/contact"
	"contactd/pipeline"
)

// bareFile is the least a durable store can do: one file, appended to and
// synced by one goroutine for all who wait.
type bareFile struct {
	file     *os.File
	requests chan bareRequest
	done     chan struct{}
}

type bareRequest struct {
	bytes []byte
	done  chan error
}

func newBareFile(tb testing.TB) *bareFile {
	file, err := os.Create(filepath.Join(tb.TempDir(), "bare"))
	if err != nil {
		tb.Fatal(err)
	}
	b := &bareFile{file: file, requests: make(chan bareRequest, groupOps), done: make(chan struct{})}
	go b.write()
	tb.Cleanup(func() { close(b.requests); <-b.done; file.Close() })
	return b
}

func (b *bareFile) write() {
	defer close(b.done)
	var group []bareRequest
	var buffer []byte
	for first := range b.requests {
		group, buffer = append(group[:0], first), append(buffer[:0], first.bytes...)
	gathering:
		for len(group) < groupOps {
			select {
			case r, ok := <-b.requests:
				if !ok {
					break gathering
				}
				group, buffer = append(group, r), append(buffer, r.bytes...)
			default:
				break gathering
			}
		}
		_, err := b.file.Write(buffer)
		if err == nil {
			err = b.file.Sync()
		}
		for _, r := range group {
			r.done <- err
		}
	}
}

func (b *bareFile) append(bytes []byte) error {
	r := bareRequest{bytes, make(chan error, 1)}
	b.requests <- r
	return <-r.done
}

// callers runs n calls of do by so many goroutines and returns calls a second.
func callers(tb testing.TB, goroutines, n int, do func(i int) error) float64 {
	var next atomic.Int64
	var failed atomic.Pointer[error]
	var all sync.WaitGroup
	start := time.Now()
	for range goroutines {
		all.Go(func() {
			for {
				i := int(next.Add(1))
				if i > n {
					return
				}
				if err := do(i); err != nil {
					failed.Store(&err)
					return
				}
			}
		})
	}
	all.Wait()
	if err := failed.Load(); err != nil {
		tb.Fatal(*err)
	}
	return float64(n) / time.Since(start).Seconds()
}

// BenchmarkAccept compares the durable acceptance of 1 kB messages, one a
// call, with a bare file in the same run.
func BenchmarkAccept(b *testing.B) {
	for _, goroutines := range []int{64, 512} {
		b.Run(fmt.Sprintf("callers=%d", goroutines), func(b *testing.B) {
			body := bytes.Repeat([]byte("0123456789abcdef"), 64)
			n := max(b.N, 20000)
			file := newBareFile(b)
			bare := callers(b, goroutines, n, func(int) error { return file.append(body) })
			j := open(b, b.TempDir())
			b.ResetTimer()
			before := cpuTime()
			durable := callers(b, goroutines, n, func(i int) error {
				return j.Accept(context.Background(), []channels.Original{{
					Channel: "email", Account: "contact", ID: fmt.Sprintf("INBOX/7/%d", i), MediaType: "message/rfc822", Bytes: body,
				}}, channels.Cursor{})
			})
			b.StopTimer()
			b.ReportMetric(float64((cpuTime()-before).Nanoseconds())/float64(n), "cpu-ns/accepted")
			b.ReportMetric(durable, "accepted/s")
			b.ReportMetric(bare, "bare/s")
			b.ReportMetric(durable/bare, "ratio")
		})
	}
}

// cpuTime is what this process has used, all threads together.
func cpuTime() time.Duration {
	var usage syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// BenchmarkThrough takes accepted messages through unread and outbox, without
// and with a way to answer each, as long as that of a mail is.
func BenchmarkThrough(b *testing.B) {
	b.Run("unanswerable", func(b *testing.B) { through(b, contact.Answer{}) })
	b.Run("answerable", func(b *testing.B) {
		through(b, contact.Answer{
			Address: strings.Repeat("0123456789", 40),
			Rules:   contact.ReplyRules{Allowed: true, To: []string{"somebody@example.org"}, AttachmentLimit: 10, AttachmentBytes: 10 << 20},
		})
	})
}

func through(b *testing.B, answer contact.Answer) {
	j := open(b, b.TempDir())
	n := max(b.N, 20000)
	body := bytes.Repeat([]byte("0123456789abcdef"), 64)
	for i := 0; i < n; i += 500 {
		batch := make([]channels.Original, 500)
		for k := range batch {
			batch[k] = channels.Original{
				Channel: "email", Account: fmt.Sprint("contact", k%4), ID: fmt.Sprintf("INBOX/7/%d", i+k),
				MediaType: "message/rfc822", Bytes: body,
			}
		}
		accept(b, j, batch...)
	}
	n = (n + 499) / 500 * 500
	b.ResetTimer()
	start, before := time.Now(), cpuTime()
	unread := subscribe(b, j.Unread())
	out := subscribe(b, j.Outbox())
	go func() {
		for env := range unread {
			go func() {
				e, err := EntryOf(env)
				if err != nil {
					panic(err)
				}
				p := pipeline.Placement{Key: fmt.Sprintf("c-%032d", e.Seq*7919%1000003)}
				p.Answer = answer
				p.IDs, p.Participants = []string{fmt.Sprint(e.Seq*104729, "@example.org")}, []string{fmt.Sprint(e.Seq, "@example.net")}
				if err := j.Settle(context.Background(), e.Seq, p, pipeline.LaneNormal); err == nil {
					env.Ack()
				}
			}()
		}
	}()
	for range n {
		(<-out).Ack()
	}
	b.StopTimer()
	b.ReportMetric(float64((cpuTime()-before).Nanoseconds())/float64(n), "cpu-ns/message")
	b.ReportMetric(float64(n)/time.Since(start).Seconds(), "messages/s")
}

// BenchmarkWaiting opens a journal in which many messages wait, sorted and
// unread, in a process of its own.
func BenchmarkWaiting(b *testing.B) {
	n := 1_000_000
	dir := b.TempDir()
	j := open(b, dir)
	body := bytes.Repeat([]byte("0123456789abcdef"), 64)
	for first := 0; first < n; first += 5000 {
		if err := j.do(context.Background(), &filling{first: first, body: body}, 0); err != nil {
			b.Fatal(err)
		}
	}
	if err := j.Close(); err != nil {
		b.Fatal(err)
	}
	b.ResetTimer()
	for range b.N {
		c := startChild(b, dir, 0, 0, nil, childMeasure+"=1")
		c.drain()
		var start, rss float64
		if _, err := fmt.Sscanf(strings.Join(c.other, " "), "%f %f", &start, &rss); err != nil {
			b.Fatal(c.other, err)
		}
		b.ReportMetric(start, "ms-to-deliver")
		b.ReportMetric(rss, "MB-RSS")
	}
}

// take stores a message that is not there yet.
func (t *tx) take(o channels.Original) (*row, *source, error) {
	r, err := newRow(&o)
	if err != nil {
		return nil, nil, err
	}
	s, err := t.sourceOf(r.channel, r.account)
	if err != nil {
		return nil, nil, err
	}
	r.source = s.id
	_, err = t.insert(r)
	return r, s, err
}

// filling accepts many messages and sorts four of five.
type filling struct {
	first int
	body  []byte
}

func (f *filling) apply(t *tx) error {
	for i := f.first; i < f.first+5000; i++ {
		r, s, err := t.take(channels.Original{
			Channel: "email", Account: fmt.Sprint("contact", i%4), ID: fmt.Sprintf("INBOX/7/%d", i), Bytes: f.body,
		})
		if err != nil {
			return err
		}
		if i%5 == 0 {
			continue
		}
		c, err := t.conversationOf(fmt.Sprintf("c-%026d", i), s, r.seq)
		if err != nil {
			return err
		}
		p := pipeline.Placed{Conversation: c.key, Sequence: 1}
		if err := t.place(s, r.seq, c, p, rankUnsorted); err != nil {
			return err
		}
		sorting := sorting{seq: r.seq, rank: rankNormal + i%2}
		if err := sorting.apply(t); err != nil {
			return err
		}
	}
	return nil
}

func (*filling) committed(*Journal) {}

// BenchmarkOvertake sorts an emergency behind many messages of its own
// conversation, and measures until it is delivered ahead, how long somebody
// else's message waits for its acceptance meanwhile, and until the first of the
// conversation is delivered as what an emergency takes along.
func BenchmarkOvertake(b *testing.B) {
	for _, n := range []int{10_000, 100_000} {
		b.Run(fmt.Sprintf("before=%d", n), func(b *testing.B) {
			for range b.N {
				j := open(b, b.TempDir())
				for first := 0; first < n; first += 5000 {
					if err := j.do(context.Background(), &flooding{first: first}, 0); err != nil {
						b.Fatal(err)
					}
				}
				accept(b, j, original("emergency"))
				ahead, began := subscribe(b, j.Ahead()), time.Now()
				if err := j.Settle(context.Background(), int64(n+1), together, pipeline.LaneEmergency); err != nil {
					b.Fatal(err)
				}
				next(b, ahead)
				told := time.Since(began)
				accept(b, j, original("other"))
				accepted := time.Since(began) - told
				if e, _ := next(b, subscribe(b, j.Outbox())); e.Seq != 1 || e.Lane != pipeline.LaneEmergency {
					b.Fatalf("message %d came first, as %v", e.Seq, e.Lane)
				}
				b.ReportMetric(float64(told.Microseconds())/1000, "ms-to-ahead")
				b.ReportMetric(float64(accepted.Microseconds())/1000, "ms-to-accept")
				b.ReportMetric(float64(time.Since(began).Microseconds())/1000, "ms-to-outbox")
			}
		})
	}
}

// together is where flooding places messages.
var together = pipeline.Placement{Key: "c", Known: true}

// flooding accepts, places and sorts many messages of one conversation.
type flooding struct{ first int }

func (f *flooding) apply(t *tx) error {
	for i := f.first; i < f.first+5000; i++ {
		r, s, err := t.take(original(fmt.Sprint(i)))
		if err != nil {
			return err
		}
		p := &placing{seq: r.seq, source: s.id, placement: together, rank: rankNormal}
		if err := p.apply(t); err != nil {
			return err
		}
	}
	return nil
}

func (*flooding) committed(*Journal) {}

// measure is the child of BenchmarkWaiting.
func measure(dir string) {
	start := time.Now()
	j, err := Open(Config{Dir: dir, MinFree: -1}, Deps{})
	if err != nil {
		panic(err)
	}
	out, _ := j.Outbox().Subscribe(context.Background(), pipeline.AllChannels)
	unread, _ := j.Unread().Subscribe(context.Background(), pipeline.AllChannels)
	<-unread
	(<-out).Ack()
	took := time.Since(start)
	for range 5000 {
		(<-out).Ack()
	}
	status, _ := os.ReadFile("/proc/self/status")
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	var kilobytes float64
	_, _ = fmt.Sscan(rest, &kilobytes)
	fmt.Println(float64(took.Microseconds())/1000, kilobytes/1024)
}

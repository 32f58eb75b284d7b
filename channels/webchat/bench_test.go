package webchat

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"

	"contactd/channels"
)

// The clients of a benchmark are another process, so that their memory and
// their collector are not the server's.
const clientMode = "CONTACTD_TEST_CHAT_CLIENT"

func TestMain(m *testing.M) {
	if mode := os.Getenv(clientMode); mode != "" {
		if err := client(mode); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// crowd is what a client process does: so many sessions, which together send so
// many messages a second for so long, from this address.
type crowd struct {
	URL      string
	Sessions int
	// From is the address that it comes from, or the first of Addresses.
	From      string
	Addresses int
	Rate      int
	Seconds   float64
	// Flood sends as fast as each session's connection takes it instead.
	Flood bool
}

// latencies are what a crowd saw, from sending to the tick.
type latencies struct {
	Sent, Ticked  int
	P50, P99, Max time.Duration
}

// client is the other process: it says "ready" when all sessions are open, and
// its latencies after its time, or when its input ends.
func client(mode string) error {
	var c crowd
	if err := json.Unmarshal([]byte(mode), &c); err != nil {
		return err
	}
	var limit syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit) == nil {
		limit.Cur = limit.Max
		_ = syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit)
	}
	if c.Flood {
		_ = syscall.Setpriority(syscall.PRIO_PROCESS, 0, 19)
	}
	v := visitors{c}
	conns := make([]*websocket.Conn, c.Sessions)
	gate := make(chan struct{}, 32)
	var all sync.WaitGroup
	var failed error
	var mutex sync.Mutex
	for i := range conns {
		gate <- struct{}{}
		all.Go(func() {
			defer func() { <-gate }()
			conn, err := v.open(i)
			mutex.Lock()
			defer mutex.Unlock()
			conns[i] = conn
			if err != nil {
				failed = err
			}
		})
	}
	all.Wait()
	if failed != nil {
		return failed
	}
	fmt.Println("ready")
	if _, err := bufio.NewReader(os.Stdin).ReadString('\n'); err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(v.talk(conns))
}

type visitors struct{ crowd }

// web is a client at the address of the ith session.
func (v visitors) web(i int) *http.Client {
	dialer := net.Dialer{}
	if from := net.ParseIP(v.From).To4(); from != nil {
		if v.Addresses > 0 {
			from[3] += byte(i % v.Addresses)
		}
		dialer.LocalAddr = &net.TCPAddr{IP: from}
	}
	dial := func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dialer.DialContext(ctx, network, address)
		if err == nil {
			err = conn.(*net.TCPConn).SetWriteBuffer(16 << 10) // filling its own buffers is no flood
		}
		return conn, err
	}
	return &http.Client{Transport: &http.Transport{DialContext: dial, DisableKeepAlives: true}}
}

// open begins the ith session and connects.
func (v visitors) open(i int) (*websocket.Conn, error) {
	web := v.web(i)
	var opened struct{ Token, Ticket string }
	for _, path := range []string{"/chat/v1/sessions", "/chat/v1/tickets"} {
		r, err := http.NewRequestWithContext(context.Background(), http.MethodPost, v.URL+path, strings.NewReader("{}"))
		if err != nil {
			return nil, err
		}
		r.Header.Set("Origin", v.URL)
		r.Header.Set("Authorization", "Bearer "+opened.Token)
		response, err := web.Do(r)
		if err != nil {
			return nil, err
		}
		body, err := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if err == nil && response.StatusCode != http.StatusCreated {
			err = fmt.Errorf("%s: %d %s", path, response.StatusCode, body)
		}
		if err != nil {
			return nil, err
		}
		if err := json.Unmarshal(body, &opened); err != nil {
			return nil, err
		}
	}
	conn, _, err := websocket.Dial(context.Background(), "ws"+strings.TrimPrefix(v.URL, "http")+"/chat/v1/socket?ticket="+opened.Ticket, //nolint:bodyclose // Dial has no body beside a connection
		&websocket.DialOptions{HTTPClient: web, HTTPHeader: http.Header{"Origin": {v.URL}}, Subprotocols: []string{subprotocol}})
	return conn, err
}

// talk sends and measures.
func (v visitors) talk(conns []*websocket.Conn) latencies {
	end := time.Now().Add(time.Duration(v.Seconds * float64(time.Second)))
	var mutex sync.Mutex
	var took []time.Duration
	sent := 0
	var all sync.WaitGroup
	for i, conn := range conns {
		begun := map[string]time.Time{} // guarded by mutex
		go func() {
			for {
				_, raw, err := conn.Read(context.Background())
				if err != nil {
					return
				}
				var f serverFrame
				if json.Unmarshal(raw, &f) != nil || f.Type != "message" {
					continue
				}
				mutex.Lock()
				took = append(took, time.Since(begun[f.ID]))
				mutex.Unlock()
			}
		}()
		if v.Rate == 0 && !v.Flood {
			continue
		}
		all.Go(func() {
			pause := time.Duration(0)
			if !v.Flood {
				pause = time.Duration(float64(time.Second) * float64(len(conns)) / float64(v.Rate))
			}
			next := time.Now().Add(pause * time.Duration(i) / time.Duration(len(conns)))
			for n := 0; time.Now().Before(end); n++ {
				time.Sleep(time.Until(next))
				next = next.Add(pause)
				id := fmt.Sprintf("message-%d", n)
				mutex.Lock()
				begun[id] = time.Now()
				sent++
				mutex.Unlock()
				if conn.Write(context.Background(), websocket.MessageText, encode(map[string]any{"type": "message", "id": id, "text": "There is a man in my garden, at the back of the house"})) != nil {
					return
				}
			}
		})
	}
	if v.Rate == 0 && !v.Flood {
		time.Sleep(time.Until(end))
	} else {
		if v.Flood { // its connections are read slowly: nobody waits for their end
			time.Sleep(time.Until(end))
		} else {
			all.Wait()
			time.Sleep(300 * time.Millisecond) // the last ticks
		}
	}
	mutex.Lock()
	defer mutex.Unlock()
	l := latencies{Sent: sent, Ticked: len(took)}
	if slices.Sort(took); len(took) > 0 {
		l.P50, l.P99, l.Max = took[len(took)/2], took[len(took)*99/100], took[len(took)-1]
	}
	return l
}

// process is a crowd that has come.
type process struct {
	b   *testing.B
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

// comes starts a crowd and returns when all its sessions are open.
func (h *house) comes(b *testing.B, c crowd) *process {
	b.Helper()
	c.URL = h.url
	mode, err := json.Marshal(c)
	if err != nil {
		b.Fatal(err)
	}
	p := &process{b: b, cmd: exec.Command(os.Args[0])}
	p.cmd.Env = append(os.Environ(), clientMode+"="+string(mode))
	p.cmd.Stderr = os.Stderr
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		b.Fatal(err)
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	p.out = bufio.NewReader(out)
	if err := p.cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = p.cmd.Process.Kill(); _ = p.cmd.Wait() })
	if line, err := p.out.ReadString('\n'); err != nil || line != "ready\n" {
		b.Fatalf("the crowd says %q, %v", line, err)
	}
	return p
}

func (p *process) begins() {
	p.b.Helper()
	if _, err := io.WriteString(p.in, "go\n"); err != nil {
		p.b.Fatal(err)
	}
}

// leaves ends the process.
func (p *process) leaves() {
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait()
}

func (p *process) ends() (l latencies) {
	p.b.Helper()
	if err := json.NewDecoder(p.out).Decode(&l); err != nil {
		p.b.Fatal(err)
	}
	return l
}

// disk is an inbox that costs what a durable one does: everything that came
// meanwhile is appended to a file and synced, then answered.
type disk struct {
	file     *os.File
	accepted chan accepting
}

type accepting struct {
	bytes []byte
	done  chan error
}

func newDisk(b *testing.B) *disk {
	b.Helper()
	file, err := os.Create(filepath.Join(b.TempDir(), "inbox"))
	if err != nil {
		b.Fatal(err)
	}
	d := &disk{file: file, accepted: make(chan accepting, 1024)}
	b.Cleanup(func() { close(d.accepted); _ = file.Close() })
	go d.write()
	return d
}

func (d *disk) write() {
	for first := range d.accepted {
		group := []accepting{first}
		var all bytes.Buffer
		all.Write(first.bytes)
		for more := true; more; {
			select {
			case next, ok := <-d.accepted:
				if more = ok; ok {
					group = append(group, next)
					all.Write(next.bytes)
				}
			default:
				more = false
			}
		}
		_, err := d.file.Write(all.Bytes())
		if err == nil {
			err = d.file.Sync()
		}
		for _, each := range group {
			each.done <- err
		}
	}
}

// Accept implements channels.Inbox.
func (d *disk) Accept(_ context.Context, originals []channels.Original, _ channels.Cursor) error {
	done := make(chan error, 1)
	d.accepted <- accepting{originals[0].Bytes, done}
	return <-done
}

// Cursor implements channels.Inbox.
func (d *disk) Cursor(context.Context, string) (channels.Cursor, error) {
	return channels.Cursor{}, nil
}

// newServer is a house for a benchmark.
func newServer(b *testing.B, limits Limits, demo bool) *house {
	b.Helper()
	inbox := newDisk(b)
	return newHouse(b, func(h *house) {
		h.durable, h.config.Limits, h.config.Demo = inbox, limits, demo
		h.quiet = true
	})
}

const benchSeconds = 10

// BenchmarkTick: 200 people write 1,000 messages a second; from sending to the
// tick, at the client. Beside it the least that a server can do: a socket, a
// disk, an answer.
func BenchmarkTick(b *testing.B) {
	people := crowd{Sessions: 200, Rate: 1000, Seconds: benchSeconds}
	b.Run("chat", func(b *testing.B) {
		for range b.N {
			h := newServer(b, Limits{MessagesPerMinute: 1e6, MessagesPerHour: 1e9}, true)
			ticks(b, h.comes(b, people))
			h.stop()
		}
	})
	b.Run("bare", func(b *testing.B) {
		for range b.N {
			bare := newBare(b)
			h := &house{t: b, url: bare.URL}
			ticks(b, h.comes(b, people))
			bare.Close()
		}
	})
}

func ticks(b *testing.B, p *process) {
	b.Helper()
	p.begins()
	l := p.ends()
	p.leaves()
	if l.Ticked != l.Sent {
		b.Errorf("%d sent, %d confirmed", l.Sent, l.Ticked)
	}
	b.ReportMetric(float64(l.P50.Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(l.P99.Microseconds())/1000, "p99-ms")
	b.ReportMetric(float64(l.Max.Microseconds())/1000, "max-ms")
	b.ReportMetric(float64(l.Ticked)/benchSeconds, "messages/s")
}

// newBare is a server that syncs what comes and answers, and knows nothing
// else.
func newBare(b *testing.B) *httptest.Server {
	b.Helper()
	kept := newDisk(b)
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			answer(w, http.StatusCreated, map[string]string{"token": "t", "ticket": "t"})
			return
		}
		conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{subprotocol}})
		if err != nil {
			return
		}
		defer conn.CloseNow()
		for {
			_, raw, err := conn.Read(context.Background())
			if err != nil {
				return
			}
			var f clientFrame
			if json.Unmarshal(raw, &f) != nil || kept.Accept(context.Background(), []channels.Original{{Bytes: raw}}, channels.Cursor{}) != nil {
				return
			}
			if conn.Write(context.Background(), websocket.MessageText, encode(serverFrame{Type: "message", ID: f.ID, Text: f.Text})) != nil {
				return
			}
		}
	}))
}

// BenchmarkIdleSessions: what 10,000 open windows cost the server.
func BenchmarkIdleSessions(b *testing.B) {
	const sessions = 10_000
	for range b.N {
		h := newServer(b, Limits{}, true)
		before := resident(b)
		p := h.comes(b, crowd{Sessions: sessions, Seconds: 45}) // each is pinged twice
		p.begins()
		p.ends()
		after := resident(b)
		if open := len(h.channel.current().lines.list()); open != sessions {
			b.Errorf("%d are open", open)
		}
		b.ReportMetric(float64(after>>20), "RSS-MB")
		b.ReportMetric(float64(after-before)/sessions/1024, "kB/session")
		h.stop()
	}
}

// resident is the memory of this process in bytes.
func resident(b *testing.B) int64 {
	b.Helper()
	raw, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		b.Fatal(err)
	}
	var size, pages int64
	if _, err := fmt.Sscan(string(raw), &size, &pages); err != nil {
		b.Fatal(err)
	}
	return pages * int64(os.Getpagesize())
}

// BenchmarkFlood: 400 people at 200 addresses write 160 messages a second, alone
// and while another address sends on all the connections it may have as fast as
// they take it, all under the default limits. Each in turn, three times; the
// medians count. The flood has the lowest priority, since it would not run on
// this machine.
func BenchmarkFlood(b *testing.B) {
	for range b.N {
		h := newServer(b, Limits{}, false)
		quiet := crowd{From: "127.0.1.0", Addresses: 200, Sessions: 400, Rate: 160, Seconds: benchSeconds / 2}
		loud := crowd{From: "127.0.0.2", Sessions: 100, Flood: true, Seconds: benchSeconds}
		var alone, flooded []time.Duration
		var sent, taken int
		for range 3 {
			alone = append(alone, h.p99(b, quiet))
			flood := h.comes(b, loud)
			flood.begins()
			flooded = append(flooded, h.p99(b, quiet))
			l := flood.ends()
			flood.leaves()
			for h.channel.current().door.Open() > 0 { // until each has missed its ping
				time.Sleep(100 * time.Millisecond)
			}
			sent, taken = sent+l.Sent, taken+l.Ticked
		}
		slices.Sort(alone)
		slices.Sort(flooded)
		b.ReportMetric(float64(alone[1].Microseconds())/1000, "alone-p99-ms")
		b.ReportMetric(float64(flooded[1].Microseconds())/1000, "flooded-p99-ms")
		b.ReportMetric(float64(flooded[1])/float64(alone[1]), "ratio")
		b.ReportMetric(float64(sent)/(3*benchSeconds), "flood/s")
		b.ReportMetric(float64(taken)/(3*benchSeconds), "flood-taken/s")
		h.stop()
	}
}

// p99 has a crowd come, write and go.
func (h *house) p99(b *testing.B, c crowd) time.Duration {
	b.Helper()
	p := h.comes(b, c)
	p.begins()
	l := p.ends()
	p.leaves()
	if l.Ticked != l.Sent {
		b.Errorf("%d sent, %d confirmed", l.Sent, l.Ticked)
	}
	return l.P99
}

package webchat

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// raw opens a bare connection to the server.
func (h *house) raw() net.Conn {
	h.t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(h.url, "http://"))
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// isCutOff waits until the server has closed a connection.
func isCutOff(t *testing.T, conn net.Conn, what string) {
	t.Helper()
	if err := conn.SetReadDeadline(time.Now().Add(patient)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, conn); errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("%s is still connected", what)
	}
}

// works has a person chat.
func (h *house) works(id string) {
	h.t.Helper()
	w := h.arrives().opens(0)
	defer w.close()
	w.writes(id, "is anybody there?")
	w.sees("message")
}

func TestWhoDripsIsCutOff(t *testing.T) {
	h := newHouse(t, func(h *house) {
		h.timing = func(t *timing) {
			t.header, t.read = 300*time.Millisecond, 600*time.Millisecond
		}
	})
	drips := map[string]func(net.Conn){
		"who says nothing":   func(net.Conn) {},
		"who drips a header": func(c net.Conn) { drip(c, "GET /chat HTTP/1.1\r\nHost: x\r\nX-Long: "+strings.Repeat("a", 1000)) },
		"who drips a body": func(c net.Conn) {
			drip(c, "POST /chat/v1/sessions HTTP/1.1\r\nHost: x\r\nOrigin: http://x\r\nContent-Length: 1000\r\n\r\n{")
		},
		"who stops within a header": func(c net.Conn) { _, _ = io.WriteString(c, "GET /chat") },
	}
	for what, do := range drips {
		conn := h.raw()
		go do(conn)
		isCutOff(t, conn, what)
	}
}

func TestASocketThatAnswersNoPingIsCutOff(t *testing.T) {
	h := newHouse(t, func(h *house) {
		h.timing = func(t *timing) { t.ping, t.pong = 200*time.Millisecond, 2*time.Second }
	})
	p := h.arrives()
	w := p.opens(0)
	// Nobody reads it here.
	conn, _, err := p.dial(p.ticket(), 0) //nolint:bodyclose // Dial has no body beside a connection
	if err != nil {
		t.Fatal(err)
	}
	defer conn.CloseNow()
	reads := make(chan struct{})
	go func() { // this window reads on, and thereby answers
		defer close(reads)
		for {
			if f, err := w.read(); err != nil || f.Type == "message" {
				return
			}
		}
	}()
	eventually(t, "the silent one is cut off", func() bool { return len(h.channel.current().lines.list()) == 1 })
	w.writes("message-1", "still here")
	<-reads
	if w.seen[len(w.seen)-1].ID != "message-1" {
		t.Errorf("who answers was cut off too: %v", w.seen)
	}
}

// drip sends a byte now and then until the connection ends.
func drip(conn net.Conn, text string) {
	for i := range len(text) {
		if _, err := io.WriteString(conn, text[i:i+1]); err != nil {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func TestAHeaderWithoutEndIsRefused(t *testing.T) {
	h := newHouse(t)
	conn := h.raw()
	go func() {
		_, _ = io.WriteString(conn, "GET /chat HTTP/1.1\r\nHost: x\r\nX-Long: "+strings.Repeat("a", 100<<10))
	}()
	isCutOff(t, conn, "who sends 100 kB of header")
	h.works("message-1")
}

func TestWhoReadsTooSlowlyIsDroppedAndNobodyElseWaits(t *testing.T) {
	h := newHouse(t, func(h *house) {
		h.timing = func(t *timing) { t.slow, t.cut = 2*time.Second, 3*time.Second }
	})
	p := h.arrives()
	// A slow window: it never reads, so that the buffers of the network fill.
	slow, _, err := p.dial(p.ticket(), 0) //nolint:bodyclose // Dial has no body beside a connection
	if err != nil {
		t.Fatal(err)
	}
	defer slow.CloseNow()
	quick := p.opens(0)
	text := strings.Repeat("a", replyTextLimit)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range 600 {
			if _, err := quick.read(); err != nil {
				t.Errorf("the quick window: %v", err)
				return
			}
			if quick.last == 600 {
				return
			}
		}
	}()
	for i := range 600 { // 10 MB, more than the network keeps
		h.replies(p, "reply"+string(rune('0'+i%10))+string(rune('0'+i/10%10))+string(rune('0'+i/100)), text)
	}
	<-done
	eventually(t, "the slow window is dropped", func() bool { return len(h.channel.current().lines.list()) == 1 })
}

func TestAClientThatIsSlowAndAliveIsToldSo(t *testing.T) {
	h := newHouse(t, func(h *house) { h.timing = func(t *timing) { t.slow = 1 } }) // everybody is
	p := h.arrives()
	conn, _, err := p.dial(p.ticket(), 0) //nolint:bodyclose // Dial has no body beside a connection
	if err != nil {
		t.Fatal(err)
	}
	w := &window{p: p, conn: conn}
	defer w.close()
	if code := w.ends(); code != closeSlow {
		t.Errorf("closed with %d", code)
	}
}

// halfOpen is how many connections the test opens that say nothing.
const halfOpen = 10_000

func TestTenThousandHalfOpenConnectionsKeepNobodyOut(t *testing.T) {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	limit.Cur = limit.Max
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	// In a demonstration this machine is many people, so that the limit of one
	// address does not hide what is tried here.
	h := newHouse(t)
	before := memory()
	address := strings.TrimPrefix(h.url, "http://")
	var open []net.Conn
	defer func() {
		for _, conn := range open {
			_ = conn.Close()
		}
	}()
	slowest := time.Duration(0)
	for i := range halfOpen {
		conn, err := net.DialTimeout("tcp", address, patient)
		if err != nil {
			t.Fatalf("connection %d: %v", i, err)
		}
		open = append(open, conn)
		if i%1000 == 999 {
			began := time.Now()
			h.works("message-" + string(rune('0'+i/1000)))
			slowest = max(slowest, time.Since(began))
		}
	}
	waiting := h.channel.current().door.Open()
	if waiting > 1100 {
		t.Errorf("%d connections are open", waiting)
	}
	t.Logf("%d half-open connections: %d kept, a whole chat took at most %s, heap grew by %d kB", halfOpen, waiting, slowest, (memory()-before)>>10)
}

func memory() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func TestOneAddressCannotTakeAllConnections(t *testing.T) {
	h := newHouse(t, func(h *house) { h.config.Demo, h.config.Limits.ConnectionsPerAddress = false, 5 })
	var open []net.Conn
	for range 20 {
		open = append(open, h.raw())
	}
	eventually(t, "all but ten are closed", func() bool { return h.channel.current().door.Open() == 10 })
	for _, conn := range open {
		_ = conn.Close()
	}
	eventually(t, "all are closed", func() bool { return h.channel.current().door.Open() == 0 })
	h.works("message-1")
}

func TestASocketThatSendsWithoutEndIsReadSlowly(t *testing.T) {
	h := newHouse(t)
	p := h.arrives()
	w := p.opens(0)
	began := time.Now()
	go func() {
		for range frameBurst + 10 {
			if w.conn.Write(t.Context(), websocket.MessageText, []byte(`{"type":"ping"}`)) != nil {
				return
			}
		}
	}()
	for range frameBurst + 10 {
		w.sees("pong")
	}
	if took := time.Since(began); took < 300*time.Millisecond {
		t.Errorf("%d frames were read within %s", frameBurst+10, took)
	}
}

// TestWhoSendsFasterThanItIsReadHasToWait: beyond its limit a session is read
// slowly, and the system keeps little of what it sends ahead.
func TestWhoSendsFasterThanItIsReadHasToWait(t *testing.T) {
	h := newHouse(t)
	p := h.arrives()
	small := &net.Dialer{Control: func(_, _ string, c syscall.RawConn) error {
		return c.Control(func(fd uintptr) { _ = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_SNDBUF, 4<<10) })
	}}
	address := fmt.Sprintf("ws%s/chat/v1/socket?ticket=%s", strings.TrimPrefix(h.url, "http"), p.ticket())
	conn, _, err := websocket.Dial(t.Context(), address, &websocket.DialOptions{ //nolint:bodyclose // Dial has no body beside a connection
		HTTPClient: &http.Client{Transport: &http.Transport{DialContext: small.DialContext}},
		HTTPHeader: http.Header{"Origin": {h.url}}, Subprotocols: []string{subprotocol},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.CloseNow()
	sent := 0
	for n, stuck := 0, error(nil); stuck == nil; n++ {
		frame := encode(map[string]any{"type": "message", "id": fmt.Sprintf("message-%d", n), "text": strings.Repeat("a", 4<<10)})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		if stuck = conn.Write(ctx, websocket.MessageText, frame); stuck == nil {
			sent += len(frame)
		}
		cancel()
		if sent > 10<<20 {
			break
		}
	}
	// What the limits let through, and four times the buffer: the system
	// doubles it (socket(7)), and both sides keep a little more.
	if most := 20*5<<10 + 4*socketBuffer; sent > most {
		t.Errorf("%d bytes were taken from it, at most %d", sent, most)
	}
	h.works("message-1")
}

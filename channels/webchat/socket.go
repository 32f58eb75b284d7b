package webchat

import (
	"bufio"
	"context"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"time"

	"github.com/coder/websocket"
	"golang.org/x/time/rate"
)

// socket is the wire over a WebSocket.
type socket struct {
	conn *websocket.Conn
	raw  net.Conn
}

func (s socket) write(ctx context.Context, _ int64, frame []byte) error {
	return s.conn.Write(ctx, websocket.MessageText, frame)
}

func (s socket) ping(ctx context.Context) error { return s.conn.Ping(ctx) }

func (s socket) end(code websocket.StatusCode, reason string) { _ = s.conn.Close(code, reason) }

// cut also ends a goodbye that waits for the client, as CloseNow would not.
func (s socket) cut() {
	_ = s.raw.Close()
	_ = s.conn.CloseNow()
}

// hijack keeps the connection that a request is taken over with.
type hijack struct {
	http.ResponseWriter
	conn net.Conn
}

// Hijack implements http.Hijacker.
func (h *hijack) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, buffers, err := http.NewResponseController(h.ResponseWriter).Hijack()
	if err == nil {
		ahead(conn, socketBuffer)
	}
	h.conn = conn
	return conn, buffers, err
}

// openSocket makes a request a socket. What is wrong with its ticket is said by
// a close code, because a page cannot see why a request for a socket failed.
func (r *running) openSocket(w http.ResponseWriter, req *http.Request) {
	// The ticket first: once the client knows that it has a socket, it is used.
	id, ok := r.redeem(req)
	taken := &hijack{ResponseWriter: w}
	// The guard has looked at the origin, more strictly than Accept would.
	conn, err := websocket.Accept(taken, req, &websocket.AcceptOptions{Subprotocols: []string{subprotocol}, InsecureSkipVerify: true})
	if err != nil {
		r.metrics.refused.WithLabelValues("handshake").Inc()
		return
	}
	conn.SetReadLimit(frameLimit)
	address, after := r.proxies.Client(req), number(req.URL.Query().Get("after"))
	l := r.newLine(socket{conn, taken.conn}, id)
	switch {
	case conn.Subprotocol() != subprotocol:
		r.turnOff(l, websocket.StatusProtocolError, "want "+subprotocol)
	case !ok:
		r.turnOff(l, closeUnknown, "ticket not known")
	case !r.lines.add(l, address, r.shared(address)):
		r.turnOff(l, closeTooMany, "too many connections")
	default:
		// In a goroutine of its own: that of the server holds what an HTTP
		// request needs and a socket does not.
		go r.serveSocket(conn, l, address, after)
	}
}

// turnOff closes a line that has not begun.
func (r *running) turnOff(l *line, code websocket.StatusCode, reason string) {
	r.metrics.refused.WithLabelValues(strconv.Itoa(int(code))).Inc()
	if !r.begin() {
		l.cut()
		return
	}
	go func() {
		defer r.work.Done()
		l.end(code, reason)
	}()
}

func (r *running) newLine(w wire, session int64) *line {
	l := &line{wire: w, session: session, timing: r.timing, store: r.store, now: r.deps.Now, pace: rate.NewLimiter(frameRate, frameBurst)}
	l.ctx, l.cancel = context.WithCancel(context.Background()) // that of Receive would leave no time for a goodbye
	l.heardNow()
	l.pinged.Store(time.Now().UnixMicro())
	return l
}

// serveSocket reads until the connection ends.
func (r *running) serveSocket(conn *websocket.Conn, l *line, address netip.Addr, after int64) {
	defer r.lines.remove(l)
	defer l.cut()
	in, err := r.join(l.ctx, l, after)
	if err != nil {
		r.turnBack(l, err)
		return
	}
	defer r.leave(in, l)
	for {
		// No context: cutting the connection ends it, and costs nothing while
		// somebody is silent.
		kind, frame, err := conn.Read(context.Background())
		if err != nil {
			if websocket.CloseStatus(err) != -1 {
				l.heardNow()
			}
			return
		}
		l.heardNow()
		if kind != websocket.MessageText {
			l.end(websocket.StatusUnsupportedData, "want text")
			return
		}
		if l.pace.Wait(l.ctx) != nil {
			return
		}
		again, id, err := r.take(l.ctx, in, address, frame)
		switch {
		case err != nil:
			l.answer(r.refused(id, err))
		case again != nil:
			l.answer(again)
		}
	}
}

// number reads a number of the log; what is none is 0.
func number(text string) int64 {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		return 0
	}
	return n
}

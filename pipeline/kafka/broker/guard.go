package broker

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"
)

const (
	// loginTimeout is from connecting until logged in, frameTimeout for one
	// request to come in, idleTimeout between requests, writeTimeout for one
	// answer to go out.
	loginTimeout = 10 * time.Second
	frameTimeout = 30 * time.Second
	idleTimeout  = 10 * time.Minute
	writeTimeout = 30 * time.Second
	// scramSteps are the exchanges of a SCRAM login, the only kind there is.
	scramSteps = 2
	// maxPending bounds the requests of a login that are not yet answered.
	maxPending = 16
	acceptRest = 50 * time.Millisecond
)

// guard is the broker's listener. Its connections look at every request before
// the broker does.
type guard struct {
	net.Listener
	log   *slog.Logger
	slots chan struct{}
}

func newGuard(l net.Listener, connections int, log *slog.Logger) *guard {
	return &guard{Listener: l, log: log, slots: make(chan struct{}, connections)}
}

// Accept gives the next connection. It fails only when the listener is closed:
// the broker would never accept again.
func (g *guard) Accept() (net.Conn, error) {
	for {
		conn, err := g.Listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return nil, err
		}
		if err != nil {
			g.log.Warn("accept connection", "err", err.Error())
			time.Sleep(acceptRest) // out of file descriptors: some are freed soon
			continue
		}
		select {
		case g.slots <- struct{}{}:
			return newGuarded(conn, g), nil
		default:
			g.log.Warn("too many connections", "limit", cap(g.slots))
			_ = conn.Close()
		}
	}
}

// guarded is a connection. One goroutine reads and one writes.
type guarded struct {
	net.Conn
	guard *guard
	in    *bufio.Reader
	ready []byte // checked, not yet read by the broker
	rest  int    // of the current request, to pass as it comes
	once  sync.Once

	mu       sync.Mutex
	pending  map[int32]frame // requests of a login by correlation id
	steps    int             // exchanges left until logged in
	loggedIn bool
}

func newGuarded(conn net.Conn, g *guard) *guarded {
	_ = conn.SetReadDeadline(time.Now().Add(loginTimeout))
	return &guarded{Conn: conn, guard: g, in: bufio.NewReaderSize(conn, 16<<10), pending: make(map[int32]frame), steps: scramSteps}
}

// Close frees the connection's slot.
func (c *guarded) Close() error {
	c.once.Do(func() { <-c.guard.slots })
	return c.Conn.Close()
}

// Read gives the broker the bytes of requests that were looked at.
func (c *guarded) Read(p []byte) (int, error) {
	if len(c.ready) == 0 && c.rest == 0 {
		if err := c.next(); err != nil {
			if errors.Is(err, errFrame) {
				c.guard.log.Warn("close connection", "err", err.Error())
			}
			return 0, err
		}
	}
	if len(c.ready) > 0 {
		n := copy(p, c.ready)
		c.ready = c.ready[n:]
		return n, nil
	}
	n, err := c.in.Read(p[:min(len(p), c.rest)])
	c.rest -= n
	return n, err
}

func (c *guarded) next() error {
	loggedIn := c.isLoggedIn()
	if loggedIn {
		_ = c.SetReadDeadline(time.Now().Add(idleTimeout))
	}
	// A client that waits for an answer before it goes on is logged in by the
	// time that its next request begins.
	if _, err := c.in.Peek(1); err != nil {
		return err
	}
	if loggedIn = c.isLoggedIn(); loggedIn {
		_ = c.SetReadDeadline(time.Now().Add(frameTimeout))
	}
	f, err := readFrame(c.in, loggedIn)
	if err != nil {
		return err
	}
	c.ready, c.rest = f.raw, f.rest
	return c.expect(f)
}

func (c *guarded) isLoggedIn() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.loggedIn
}

// expect remembers a request whose answer matters here.
func (c *guarded) expect(f frame) error {
	if f.key != keySASLHandshake && f.key != keyAPIVersions && f.key != keySASLAuthenticate {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.pending) >= maxPending {
		return fmt.Errorf("%w: too many at once", errFrame)
	}
	c.pending[f.correlation] = frame{key: f.key, version: f.version}
	return nil
}

// Write sends one answer; the broker writes each with one call.
func (c *guarded) Write(p []byte) (int, error) {
	answer := p
	if len(p) >= 10 {
		c.mu.Lock()
		correlation := int32(binary.BigEndian.Uint32(p[4:]))
		if f, ok := c.pending[correlation]; ok {
			delete(c.pending, correlation)
			answer = c.answer(f, p)
		}
		c.mu.Unlock()
	}
	_ = c.SetWriteDeadline(time.Now().Add(writeTimeout))
	if _, err := c.Conn.Write(answer); err != nil {
		return 0, err
	}
	return len(p), nil
}

// answer follows the login and tells clients what may pass.
func (c *guarded) answer(f frame, p []byte) []byte {
	switch f.key {
	case keyAPIVersions:
		return offer(f.version, p)
	case keySASLAuthenticate:
		code := p[8:10]
		if f.version >= 2 { // tags come before it
			code = p[9:11]
		}
		if code[0] == 0 && code[1] == 0 {
			c.steps--
		}
		if c.steps == 0 && !c.loggedIn {
			c.loggedIn = true
			_ = c.SetReadDeadline(time.Now().Add(idleTimeout))
		}
	}
	return p
}

// offer leaves out of the answer to ApiVersions what the guard refuses. It
// names version 0 of SaslHandshake, which the broker does not know and
// nobody uses: librdkafka takes its absence for a broker without logins.
func offer(version int16, p []byte) []byte {
	answer := kmsg.NewPtrApiVersionsResponse()
	answer.SetVersion(version)
	if err := answer.ReadFrom(p[8:]); err != nil {
		return p
	}
	kept := answer.ApiKeys[:0]
	for _, k := range answer.ApiKeys {
		if k.ApiKey == keySASLHandshake {
			k.MinVersion = 0
		}
		if allowed(k.ApiKey) {
			kept = append(kept, k)
		}
	}
	answer.ApiKeys = kept
	made := answer.AppendTo(append(make([]byte, 4, len(p)), p[4:8]...))
	binary.BigEndian.PutUint32(made, uint32(len(made)-4))
	return made
}

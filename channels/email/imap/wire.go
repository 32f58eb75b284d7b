package imap

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"time"
)

// writeLimit is how long the server may refuse to take a command's bytes.
const writeLimit = 30 * time.Second

// wire is the connection as the IMAP library sees it. The library's own
// deadlines are ignored, because they do not cover waiting for an answer and
// start again with every attempt to read; wire has its own, and closes the
// socket with the first error, so that nobody can read on. It also bounds what
// a server may send in answer to one command, and notices when the server ends
// IDLE by itself.
type wire struct {
	net.Conn          // what carries the protocol: raw, or TLS over it
	raw      net.Conn // the socket; closing it is the only way to abort

	mutex   sync.Mutex
	replay  []byte        // read before anything from the connection
	silence time.Duration // the longest pause in an answer, 0 when none is awaited
	end     time.Time     // when the answer must be whole
	budget  int64         // how many bytes it may still have
	idling  bool
	lines   lineWatch
	cause   error
	ended   chan struct{} // the server ended IDLE; capacity 1
}

// expectation is what one command's answer may be like.
type expectation struct {
	silence time.Duration // the longest pause
	total   time.Duration // until the answer is whole
	bytes   int64
}

func newWire(conn, raw net.Conn, greeting []byte) *wire {
	w := &wire{Conn: conn, raw: raw, replay: greeting, ended: make(chan struct{}, 1)}
	w.budget = smallAnswer
	return w
}

// await begins to wait for an answer.
func (w *wire) await(e expectation) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	w.silence, w.end, w.budget = e.silence, time.Now().Add(e.total), e.bytes
	w.arm()
}

// rest ends waiting: between commands a server may be silent. What it sends by
// itself stays bounded by what the last command left.
func (w *wire) rest() {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	w.silence = 0
	w.arm()
}

// idle says whether an IDLE command is running.
func (w *wire) idle(running bool) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	w.idling = running
	if running {
		select {
		case <-w.ended:
		default:
		}
	}
}

// arm sets the socket's deadline, also for a read that is under way.
func (w *wire) arm() {
	if w.silence == 0 {
		w.raw.SetReadDeadline(time.Time{})
		return
	}
	deadline := time.Now().Add(w.silence)
	if w.end.Before(deadline) {
		deadline = w.end
	}
	w.raw.SetReadDeadline(deadline)
}

// Read reads what the server sends.
func (w *wire) Read(p []byte) (int, error) {
	w.mutex.Lock()
	if n := copy(p, w.replay); n > 0 {
		w.replay = w.replay[n:]
		w.mutex.Unlock()
		return n, nil
	}
	w.arm()
	w.mutex.Unlock()

	n, err := w.Conn.Read(p)

	w.mutex.Lock()
	defer w.mutex.Unlock()
	w.budget -= int64(n)
	untagged, lineErr := w.lines.watch(p[:n])
	if w.idling && !untagged {
		select {
		case w.ended <- struct{}{}:
		default:
		}
	}
	switch {
	case err == nil && lineErr != nil:
		n, err = 0, lineErr // the library must not see it
	case err == nil && w.budget < 0:
		err = errors.New("the server sent more than the command can mean")
	case errors.Is(err, os.ErrDeadlineExceeded):
		err = fmt.Errorf("no answer within %s", w.silence)
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		w.fail(errors.New("the server closed the connection"))
		return n, err // the library tells end of file from other errors
	}
	if err != nil {
		w.fail(err)
	}
	return n, err
}

// Write sends a command's bytes.
func (w *wire) Write(p []byte) (int, error) {
	w.raw.SetWriteDeadline(time.Now().Add(writeLimit))
	n, err := w.Conn.Write(p)
	if err != nil {
		w.mutex.Lock()
		defer w.mutex.Unlock()
		w.fail(err)
	}
	return n, err
}

// fail keeps the first cause and closes the socket. The caller holds mutex.
func (w *wire) fail(err error) {
	if w.cause == nil {
		w.cause = err
	}
	w.raw.Close()
}

// failure returns what broke the connection, nil while it is whole.
func (w *wire) failure() error {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	return w.cause
}

// Close closes the socket without the farewell of TLS, which could block.
func (w *wire) Close() error { return w.raw.Close() }

// SetDeadline ignores the library's deadlines, as do its two sisters.
func (w *wire) SetDeadline(time.Time) error { return nil }

// SetReadDeadline does nothing.
func (w *wire) SetReadDeadline(time.Time) error { return nil }

// SetWriteDeadline does nothing.
func (w *wire) SetWriteDeadline(time.Time) error { return nil }

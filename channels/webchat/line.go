package webchat

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"
	"golang.org/x/time/rate"

	"contactd/channels/webchat/store"
)

// wire carries frames to one client: a socket, or a stream of events.
type wire interface {
	// write sends a frame; n is its number, 0 for none. After an error the
	// wire is of no use any more.
	write(ctx context.Context, n int64, frame []byte) error
	// ping finds out whether the client is there.
	ping(ctx context.Context) error
	// end tells the client why, if it can, and closes.
	end(code websocket.StatusCode, reason string)
	// cut closes at once.
	cut()
}

// Close codes of the protocol beside those of RFC 6455.
const (
	closeUnknown = websocket.StatusCode(4401) // ticket or token
	closeSlow    = websocket.StatusCode(4408)
	closeTooMany = websocket.StatusCode(4429)
)

// Up to queueLimit frames wait in memory; numbered ones beyond that are read
// from the store again when their turn comes, others are left out.
const (
	queueLimit = 32
	pageSize   = 32
)

// frameRate is how many frames a second a client may send, of whatever kind;
// more are read as slowly as that.
const (
	frameRate  = rate.Limit(20)
	frameBurst = 60
)

// line is one connection to a session. A goroutine writes only while there is
// something to write, so that an idle line costs little.
type line struct {
	wire    wire
	session int64
	timing  timing
	store   *store.Store
	// ctx ends with the line.
	ctx    context.Context
	cancel context.CancelFunc
	now    func() time.Time
	pace   *rate.Limiter // of what the client sends
	heard  atomic.Int64  // when the client was last heard of, microseconds
	pinged atomic.Int64  // when it was last asked for a sign of life

	mutex   sync.Mutex
	queue   []outgoing
	queued  int64 // number of the last frame in queue or sent
	target  int64 // number of the last frame there is
	writing bool
}

// outgoing is a frame in the queue; n is 0 for one without a number.
type outgoing struct {
	n     int64
	frame []byte
}

// numbered takes the next frame of the log.
func (l *line) numbered(n int64, frame []byte) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if n == l.queued+1 && len(l.queue) < queueLimit {
		l.queue = append(l.queue, outgoing{n, frame})
		l.queued = n
	}
	l.target = max(l.target, n)
	l.wake()
}

// upto says that the log goes on to n.
func (l *line) upto(n int64) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.target = max(l.target, n)
	l.wake()
}

// passing takes a frame that may be lost.
func (l *line) passing(frame []byte) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if len(l.queue) < queueLimit {
		l.queue = append(l.queue, outgoing{0, frame})
	}
	l.wake()
}

// answer takes a frame that only this client awaits. A client that asks on and
// on and does not read the answers is too slow.
func (l *line) answer(frame []byte) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if len(l.queue) >= 4*queueLimit {
		go l.end(closeSlow, "too slow")
		return
	}
	l.queue = append(l.queue, outgoing{0, frame})
	l.wake()
}

// wake starts writing. The caller holds mutex.
func (l *line) wake() {
	if !l.writing && (len(l.queue) > 0 || l.queued < l.target) {
		l.writing = true
		go l.flush()
	}
}

// flush writes until nothing is left.
func (l *line) flush() {
	for {
		batch, err := l.next()
		if err != nil {
			l.cut()
			return
		}
		if len(batch) == 0 {
			return
		}
		for _, each := range batch {
			if err := l.write(each); err != nil {
				l.cut()
				return
			}
		}
	}
}

// next takes what is queued, or else a page of the log that was not.
func (l *line) next() ([]outgoing, error) {
	l.mutex.Lock()
	batch := l.queue
	l.queue = nil
	behind := len(batch) == 0 && l.queued < l.target
	after := l.queued
	if len(batch) == 0 && !behind {
		l.writing = false
	}
	l.mutex.Unlock()
	if !behind {
		return batch, nil
	}
	rows, err := l.store.After(l.ctx, l.session, after, pageSize)
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return nil, errors.New("the log ends before its number")
	}
	l.mutex.Lock()
	defer l.mutex.Unlock()
	for _, row := range rows {
		batch = append(batch, outgoing{row.N, row.Frame})
	}
	l.queued = rows[len(rows)-1].N
	return batch, nil
}

func (l *line) write(each outgoing) error {
	began := time.Now()
	ctx, cancel := context.WithTimeout(l.ctx, l.timing.cut)
	defer cancel()
	if err := l.wire.write(ctx, each.n, each.frame); err != nil {
		return err
	}
	if time.Since(began) > l.timing.slow {
		l.end(closeSlow, "too slow")
		return errors.New("too slow")
	}
	return nil
}

// end closes the line with a reason.
func (l *line) end(code websocket.StatusCode, reason string) {
	l.wire.end(code, reason)
	l.cancel()
}

// cut closes the line at once.
func (l *line) cut() {
	l.wire.cut()
	l.cancel()
}

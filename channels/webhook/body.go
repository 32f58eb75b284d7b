package webhook

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"
)

// A body's first page is read without asking. What comes after it shares room
// with other bodies, so that many connections cannot fill the memory: as much
// as has come, for whoever announces much and sends little is a stranger. And it
// has to come on, so that nobody sits on room that others wait for.
const (
	page      = 64 << 10
	roomLimit = 5 * time.Second // to wait for more
	// pauseLimit is how far a body may fall behind slowest, in bytes a second.
	pauseLimit = 3 * time.Second
	slowest    = 512 << 10
)

var errNoRoom = errors.New("too many large bodies at once")

// room has a sign for each page that is taken.
type room chan struct{}

// newRoom has room for as many bodies of the largest size.
func newRoom(bodies int, largest int64) room {
	return make(room, bodies*int(largest/page+1))
}

// body is one that is being read.
type body struct {
	from    io.Reader
	control *http.ResponseController
	room    room
	pages   int // taken of it
	bytes   []byte
	large   time.Time // since when it is larger than a page, without waiting for room
}

// read reads all of it. size is what was announced, negative for nothing.
func (b *body) read(ctx context.Context, size int64) error {
	most := int(size)
	if size < 0 {
		most = page
	}
	b.bytes = make([]byte, 0, min(most, page)+1) // one more shows its end
	for {
		if len(b.bytes) == cap(b.bytes) {
			if err := b.grow(ctx); err != nil {
				return err
			}
		}
		if !b.large.IsZero() {
			behind := time.Duration(len(b.bytes)/slowest) * time.Second
			_ = b.control.SetReadDeadline(b.large.Add(behind + pauseLimit)) // a test's connection has none
		}
		n, err := b.from.Read(b.bytes[len(b.bytes):cap(b.bytes)])
		b.bytes = b.bytes[:len(b.bytes)+n]
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// grow doubles what can be held.
func (b *body) grow(ctx context.Context) error {
	began := time.Now()
	if b.large.IsZero() {
		b.large = began
	}
	ctx, cancel := context.WithTimeoutCause(ctx, roomLimit, errNoRoom)
	defer cancel()
	for range cap(b.bytes)/page + 1 {
		select {
		case b.room <- struct{}{}:
			b.pages++
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	b.large = b.large.Add(time.Since(began))
	b.bytes = append(make([]byte, 0, 2*cap(b.bytes)), b.bytes...)
	return nil
}

// done gives its room back.
func (b *body) done() {
	for range b.pages {
		<-b.room
	}
}

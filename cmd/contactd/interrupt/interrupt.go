// Package interrupt ends what a person no longer waits for: reading from a
// terminal and work that looks at no context. What a context ends by itself
// needs none of it.
package interrupt

import (
	"context"
	"errors"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// Err is why work ended before it was done.
var Err = errors.New("interrupted")

// Reader reads from in until ctx ends, also while it waits for a person at a
// terminal: the first interrupt ends the context, not the program. The read that
// was broken off takes the bytes that come next.
func Reader(ctx context.Context, in io.Reader) io.Reader { return reader{ctx, in} }

type reader struct {
	ctx context.Context
	in  io.Reader
}

// Read implements io.Reader.
func (r reader) Read(into []byte) (int, error) {
	type result struct {
		n   int
		err error
	}
	own := make([]byte, len(into)) // into is the caller's again when this returns
	done := make(chan result, 1)
	go func() {
		n, err := r.in.Read(own)
		done <- result{n, err}
	}()
	select {
	case got := <-done:
		return copy(into, own[:got.n]), got.err
	case <-r.ctx.Done():
		return 0, Err
	}
}

// Or does work that looks at no context, such as training, and leaves it
// behind with Err when ctx ends first: the program ends then.
func Or(ctx context.Context, work func() error) error {
	done := make(chan error, 1)
	go func() { done <- work() }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return Err
	}
}

// Signals are those that end the program in order: also that of a terminal
// which is closed, unless nohup has seen to that.
func Signals() []os.Signal {
	signals := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) {
		signals = append(signals, syscall.SIGHUP)
	}
	return signals
}

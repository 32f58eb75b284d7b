package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
)

// interruptible reads until its context ends, also while it waits for a person
// at a terminal: the first interrupt ends the context, not the program.
type interruptible struct {
	ctx context.Context
	in  io.Reader
}

var errInterrupted = errors.New("interrupted")

// Read implements io.Reader. The read that was broken off takes the bytes that
// come next.
func (i interruptible) Read(into []byte) (int, error) {
	type result struct {
		n   int
		err error
	}
	own := make([]byte, len(into)) // into is the caller's again when this returns
	done := make(chan result, 1)
	go func() {
		n, err := i.in.Read(own)
		done <- result{n, err}
	}()
	select {
	case r := <-done:
		return copy(into, own[:r.n]), r.err
	case <-i.ctx.Done():
		return 0, errInterrupted
	}
}

// readText reads the standard input, whole or not at all, without the byte order
// mark with which editors of other systems begin a file.
func (p *program) readText(ctx context.Context, limit int) (string, error) {
	text, err := io.ReadAll(io.LimitReader(interruptible{ctx, p.in}, int64(limit)+1))
	if err == nil && len(text) > limit {
		err = fmt.Errorf("longer than %d bytes", limit)
	}
	if err != nil {
		return "", fmt.Errorf("read standard input: %w", err)
	}
	return strings.TrimPrefix(string(text), "\ufeff"), nil
}

// orInterrupted does work that looks at no context, such as training, and leaves
// it behind when ctx ends first: the program ends then.
func orInterrupted(ctx context.Context, work func() error) error {
	done := make(chan error, 1)
	go func() { done <- work() }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return errInterrupted
	}
}

// stopSignals are those that end the program in order: also that of a terminal
// which is closed, unless nohup has seen to that.
func stopSignals() []os.Signal {
	signals := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) {
		signals = append(signals, syscall.SIGHUP)
	}
	return signals
}

// outliveReaders keeps a daemon alive when the program that its output is piped
// to has ended: a log that nobody reads is no reason to take no messages.
func outliveReaders() { signal.Ignore(syscall.SIGPIPE) }

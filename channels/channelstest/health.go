package channelstest

import (
	"context"
	"fmt"
	"sync"
)

// Health remembers what it is told. The zero value is ready.
type Health struct {
	mutex    sync.Mutex
	states   map[string]error
	failures []error
	changed  chan struct{}
}

// Working notes that an account works.
func (h *Health) Working(channel, account string) { h.note(channel+"/"+account, nil) }

// Failing notes that an account fails.
func (h *Health) Failing(channel, account string, err error) { h.note(channel+"/"+account, err) }

func (h *Health) note(account string, err error) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	if h.states == nil {
		h.states = map[string]error{}
	}
	h.states[account] = err
	if err != nil {
		h.failures = append(h.failures, err)
	}
	if h.changed != nil {
		close(h.changed)
		h.changed = nil
	}
}

// Failures returns every error that was told, oldest first.
func (h *Health) Failures() []error {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	return append([]error(nil), h.failures...)
}

// Await returns once done says so of an account's state, or when ctx ends.
// told is false before anything was said of it.
func (h *Health) Await(ctx context.Context, channel, account string, done func(err error, told bool) bool) error {
	for {
		h.mutex.Lock()
		if h.changed == nil {
			h.changed = make(chan struct{})
		}
		changed := h.changed
		err, told := h.states[channel+"/"+account]
		h.mutex.Unlock()
		if done(err, told) {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("await health of %s/%s: %w", channel, account, ctx.Err())
		}
	}
}

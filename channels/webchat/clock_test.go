package webchat

import (
	"sync/atomic"
	"time"
)

// clock is the real one, put forward at will.
type clock struct{ ahead atomic.Int64 }

func newClock() *clock { return &clock{} }

func (c *clock) of(h *house) { h.deps.Now = c.now }

func (c *clock) now() time.Time { return time.Now().Add(time.Duration(c.ahead.Load())) }

func (c *clock) forward(by time.Duration) { c.ahead.Add(int64(by)) }

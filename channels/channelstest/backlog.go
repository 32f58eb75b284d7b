package channelstest

import (
	"sync/atomic"
)

// Backlog is how much was taken and not read yet. The zero value is nothing.
type Backlog struct{ waiting atomic.Int64 }

// Set sets it.
func (b *Backlog) Set(waiting int) { b.waiting.Store(int64(waiting)) }

// Unread implements channels.Backlog.
func (b *Backlog) Unread(int) (int, error) { return int(b.waiting.Load()), nil }

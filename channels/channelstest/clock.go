package channelstest

import (
	"sync/atomic"
	"time"
)

// Clock is the real time, put forward at will. The zero value is ready.
type Clock struct{ ahead atomic.Int64 }

// Now is the time.
func (c *Clock) Now() time.Time { return time.Now().Add(time.Duration(c.ahead.Load())) }

// Pass puts it forward.
func (c *Clock) Pass(d time.Duration) { c.ahead.Add(int64(d)) }

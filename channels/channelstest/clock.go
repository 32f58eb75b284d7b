package channelstest

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"contactd/contact"
)

// Clock is the real time, put forward at will. The zero value is ready.
type Clock struct{ ahead atomic.Int64 }

// Now is the time.
func (c *Clock) Now() time.Time { return time.Now().Add(time.Duration(c.ahead.Load())) }

// Pass puts it forward.
func (c *Clock) Pass(d time.Duration) { c.ahead.Add(int64(d)) }

// Outcomes keep what a channel tells of replies. The zero value is ready.
type Outcomes struct {
	mutex sync.Mutex
	all   []contact.Outcome
	fail  error
}

// Outcome implements channels.Outcomes.
func (o *Outcomes) Outcome(_ context.Context, outcome contact.Outcome) error {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	if o.fail != nil {
		return o.fail
	}
	o.all = append(o.all, outcome)
	return nil
}

// Fail makes them take nothing and return an error; nil takes again.
func (o *Outcomes) Fail(err error) {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	o.fail = err
}

// Of are the states of a reply, in the order in which they were told.
func (o *Outcomes) Of(reply string) []contact.ReplyState {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	var states []contact.ReplyState
	for _, each := range o.all {
		if each.ReplyID == reply {
			states = append(states, each.State)
		}
	}
	return states
}

// Backlog is how much was taken and not read yet. The zero value is nothing.
type Backlog struct{ waiting atomic.Int64 }

// Set sets it.
func (b *Backlog) Set(waiting int) { b.waiting.Store(int64(waiting)) }

// Unread implements channels.Backlog.
func (b *Backlog) Unread(int) (int, error) { return int(b.waiting.Load()), nil }

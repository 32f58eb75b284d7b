package channelstest

import (
	"context"
	"sync"

	"contactd/contact"
)

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

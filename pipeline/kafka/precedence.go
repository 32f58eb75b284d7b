package kafka

import (
	"sync"
	"time"
)

// yieldLimit is how long a call of a normal lane waits at most for emergencies
// to be settled. It is bounded because an emergency lane may be in trouble of
// its own: then the others carry on, 500 records a call.
const yieldLimit = 250 * time.Millisecond

// precedence is what the lanes of a publisher know of each other. Each has its
// own writer and connection, so that in calm weather none waits for another;
// but when a broker comes back it is found by whichever lane tries first, and
// a backlog must not be written while emergencies sleep through their pause.
type precedence struct {
	mu     sync.Mutex
	urgent int           // entries of emergency lanes that are not settled
	idle   chan struct{} // closed when there are none; nil while nobody waits
	back   chan struct{} // closed when a broker takes records again
}

func newPrecedence() *precedence { return &precedence{back: make(chan struct{})} }

// count adds to the emergencies that wait, or takes settled ones off.
func (p *precedence) count(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.urgent += n
	if p.urgent == 0 && p.idle != nil {
		close(p.idle)
		p.idle = nil
	}
}

// yield lets emergencies go first: it returns when none waits, after
// yieldLimit, or when closed is.
func (p *precedence) yield(closed <-chan struct{}) {
	p.mu.Lock()
	if p.urgent == 0 {
		p.mu.Unlock()
		return
	}
	if p.idle == nil {
		p.idle = make(chan struct{})
	}
	idle := p.idle
	p.mu.Unlock()
	limit := time.NewTimer(yieldLimit)
	defer limit.Stop()
	select {
	case <-idle:
	case <-limit.C:
	case <-closed:
	}
}

// recovered ends the pauses of all lanes: what one of them has reached is
// worth a try to the others.
func (p *precedence) recovered() {
	p.mu.Lock()
	defer p.mu.Unlock()
	close(p.back)
	p.back = make(chan struct{})
}

// recovery is closed at the next recovery.
func (p *precedence) recovery() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.back
}

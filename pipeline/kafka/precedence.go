package kafka

import (
	"sync"
	"time"
)

// yieldLimit is how long a normal lane stands back for emergencies that do not
// move: an emergency lane may be in trouble of its own, and then the normal one
// carries on. It is long enough for connections to be made anew on a busy
// machine after a broker has come back, when the backlog is longest.
const yieldLimit = 5 * time.Second

// precedence is what the lanes of a publisher know of each other. Each has its
// own writer and connection, so that in calm weather none waits for another;
// but when a broker comes back it is found by whichever lane tries first, and
// a backlog must not be written while emergencies sleep through their pause.
type precedence struct {
	mu     sync.Mutex
	topics map[string]*turn
	back   chan struct{} // closed when a broker takes records again
}

// turn is how the emergencies of a topic get on.
type turn struct {
	added, settled int
	// since is when they last moved: when one began to wait while none did, one
	// was settled, or a broker came back.
	since time.Time
	moved chan struct{} // closed when since or settled changes
}

func newPrecedence() *precedence {
	return &precedence{topics: make(map[string]*turn), back: make(chan struct{})}
}

// of gives the turn of a topic to those who hold mu.
func (p *precedence) of(topic string) *turn {
	t := p.topics[topic]
	if t == nil {
		t = &turn{moved: make(chan struct{})}
		p.topics[topic] = t
	}
	return t
}

func (t *turn) move() {
	t.since = time.Now()
	close(t.moved)
	t.moved = make(chan struct{})
}

// add counts an emergency that waits.
func (p *precedence) add(topic string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	t := p.of(topic)
	if t.added == t.settled {
		t.move()
	}
	t.added++
}

// settle counts emergencies that wait no longer.
func (p *precedence) settle(topic string, n int) {
	if n == 0 {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	t := p.of(topic)
	t.settled += n
	t.move()
}

// yield lets the emergencies that wait go first. It returns when as many are
// settled, when nothing has moved for yieldLimit, or when closed is.
func (p *precedence) yield(topic string, closed <-chan struct{}) {
	p.mu.Lock()
	t := p.of(topic)
	target := t.added
	for t.settled < target {
		left, moved := yieldLimit-time.Since(t.since), t.moved
		if left <= 0 {
			break
		}
		p.mu.Unlock()
		limit := time.NewTimer(left)
		select {
		case <-moved:
		case <-limit.C:
		case <-closed:
			limit.Stop()
			return
		}
		limit.Stop()
		p.mu.Lock()
	}
	p.mu.Unlock()
}

// recovered ends the pauses of all lanes: what one of them has reached is
// worth a try to the others.
func (p *precedence) recovered() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, t := range p.topics {
		t.move()
	}
	close(p.back)
	p.back = make(chan struct{})
}

// recovery is closed at the next recovery.
func (p *precedence) recovery() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.back
}

package webchat

import (
	"context"
	"errors"
	"net/netip"
	"sync"
	"time"

	"github.com/coder/websocket"

	"contactd/channels/proxy"
	"contactd/channels/webchat/store"
)

// lines are all open connections to sessions.
type lines struct {
	limits Limits
	timing timing
	mutex  sync.Mutex
	open   map[*line]netip.Addr
	of     map[netip.Addr]int
	ended  bool
	group  sync.WaitGroup
}

func newLines(limits Limits, timing timing) *lines {
	return &lines{limits: limits, timing: timing, open: map[*line]netip.Addr{}, of: map[netip.Addr]int{}}
}

// add counts a line in; false when its address has too many.
func (ls *lines) add(l *line, address netip.Addr, shared bool) bool {
	ls.mutex.Lock()
	defer ls.mutex.Unlock()
	address = proxy.Household(address)
	if ls.ended || !shared && ls.of[address] >= ls.limits.ConnectionsPerAddress {
		return false
	}
	ls.open[l] = address
	ls.of[address]++
	ls.group.Add(1)
	return true
}

// remove counts a line out.
func (ls *lines) remove(l *line) {
	ls.mutex.Lock()
	defer ls.mutex.Unlock()
	address := ls.open[l]
	delete(ls.open, l)
	if ls.of[address]--; ls.of[address] == 0 {
		delete(ls.of, address)
	}
	ls.group.Done()
}

// list is a copy of what is open.
func (ls *lines) list() []*line {
	ls.mutex.Lock()
	defer ls.mutex.Unlock()
	list := make([]*line, 0, len(ls.open))
	for l := range ls.open {
		list = append(list, l)
	}
	return list
}

// endAll tells every client to come back, and closes.
func (ls *lines) endAll() {
	ls.mutex.Lock()
	ls.ended = true
	ls.mutex.Unlock()
	all := ls.list()
	for _, l := range all {
		go l.end(websocket.StatusServiceRestart, "restart")
	}
	deadline := time.NewTimer(ls.timing.goodbye)
	defer deadline.Stop()
	gone := make(chan struct{})
	go func() { ls.group.Wait(); close(gone) }()
	select {
	case <-gone:
	case <-deadline.C:
		for _, l := range all {
			l.cut()
		}
	}
}

func (ls *lines) wait() { ls.group.Wait() }

// ping looks which lines are due each second, so that they are spread as their
// beginnings were.
func (r *running) ping() {
	r.each(min(time.Second, r.timing.ping), func() {
		now := time.Now().UnixMicro()
		for _, l := range r.lines.list() {
			if last := l.pinged.Load(); now-last >= r.timing.ping.Microseconds() && l.pinged.CompareAndSwap(last, now) {
				go l.ask()
			}
		}
	})
}

// ask waits for a sign of life.
func (l *line) ask() {
	ctx, cancel := context.WithTimeout(l.ctx, l.timing.pong)
	defer cancel()
	if err := l.wire.ping(ctx); err != nil {
		l.cut()
		return
	}
	l.heardNow()
}

func (l *line) heardNow() { l.heard.Store(l.now().UnixMicro()) }

// join makes a line part of its session: it gets all above number after. The
// caller has added it to lines, and leaves.
func (r *running) join(ctx context.Context, l *line, after int64) (*room, error) {
	in, err := r.rooms.enter(l.session, func() (store.Session, error) { return r.store.ByID(ctx, l.session) })
	if err != nil {
		return nil, err
	}
	in.mutex.Lock()
	defer in.mutex.Unlock()
	s := in.session
	if s.Forgotten {
		r.rooms.leave(in)
		return nil, store.ErrUnknown
	}
	l.queued, l.target = min(max(after, 0), s.N), s.N
	if len(in.lines) == 0 {
		in.session.GoneAt = time.Time{}
		r.store.Connected(s.ID, r.deps.Now())
	}
	in.lines[l] = struct{}{}
	r.metrics.lines.Inc()
	l.answer(encode(helloFrame{Type: "hello", N: s.N, Session: s.Public, Ended: s.Ended, Covert: s.Covert}))
	l.answer(encode(r.desk.state(s.Site).frame(r.desk.reads(s.Site, s.Language))))
	return in, nil
}

// turnBack ends a line that could not join.
func (r *running) turnBack(l *line, err error) {
	if errors.Is(err, store.ErrUnknown) {
		l.end(closeUnknown, "chat not known")
		return
	}
	r.deps.Log.Warn("chat cannot be joined now", "err", err)
	l.end(websocket.StatusTryAgainLater, "not now")
}

// leave takes a line out of its session.
func (r *running) leave(in *room, l *line) {
	in.mutex.Lock()
	delete(in.lines, l)
	if len(in.lines) == 0 {
		heard := time.UnixMicro(l.heard.Load()).UTC()
		in.session.GoneAt = heard
		if in.session.LastTypingAt.After(in.typingKept) {
			r.store.Typing(in.id, in.session.LastTypingAt)
		}
		if r.ctx.Err() != nil { // it is us who go
			r.store.Interrupted(in.id, heard)
		} else {
			r.store.Gone(in.id, heard)
		}
	}
	in.mutex.Unlock()
	r.rooms.leave(in)
	r.metrics.lines.Dec()
}

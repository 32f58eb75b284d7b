package webchat

import (
	"container/list"
	"crypto/tls"
	"net"
	"net/http"
	"net/netip"
	"sync"

	"contactd/channels/proxy"
)

// waitingLimit is how many connections may be open that have not asked for
// anything yet. The next one takes the place of the oldest: who means well asks
// within milliseconds, who does not must open that many in that time.
const waitingLimit = 1000

// readBuffer is how much of what a client sends ahead the system keeps for us:
// enough for an upload over a slow line, and no megabytes for each of a flood.
const readBuffer = 128 << 10

// socketBuffer is the same once a connection has become a socket, which
// carries frames and no files: who sends faster than it is read has to wait.
const socketBuffer = frameLimit

// lobby is the listener with limits. Connections over a limit are closed at
// once.
type lobby struct {
	net.Listener
	total, perAddress int
	// shared are addresses of many people, which have no limit of their own.
	shared  func(netip.Addr) bool
	refused func()

	mutex   sync.Mutex
	open    int
	of      map[netip.Addr]int
	waiting *list.List // of *guest, the oldest first
}

// guest is a connection.
type guest struct {
	net.Conn
	lobby   *lobby
	address netip.Addr
	once    sync.Once
	place   *list.Element // in waiting, nil once it has asked for something
}

func newLobby(inner net.Listener, limits Limits, shared func(netip.Addr) bool, refused func()) *lobby {
	return &lobby{
		Listener: inner, total: limits.Connections, perAddress: limits.ConnectionsPerAddress, shared: shared, refused: refused,
		of: map[netip.Addr]int{}, waiting: list.New(),
	}
}

// Accept returns the next connection that may come in.
func (l *lobby) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		ahead(conn, readBuffer)
		g := &guest{Conn: conn, lobby: l, address: proxy.Household(proxy.Address(conn.RemoteAddr().String()))}
		oldest, ok := l.enter(g)
		if oldest != nil {
			_ = oldest.Close()
			l.refused()
		}
		if ok {
			return g, nil
		}
		_ = conn.Close()
		l.refused()
	}
}

// enter counts a connection in; false when there is no room for it. The guest
// returned has to make room.
func (l *lobby) enter(g *guest) (oldest *guest, ok bool) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if !l.shared(g.address) && l.of[g.address] >= l.perAddress {
		return nil, false
	}
	if l.waiting.Len() >= waitingLimit || l.open >= l.total {
		if l.waiting.Len() == 0 {
			return nil, false
		}
		oldest = l.waiting.Front().Value.(*guest)
		l.asked(oldest)
	}
	l.open++
	l.of[g.address]++
	g.place = l.waiting.PushBack(g)
	return oldest, true
}

// asked takes a guest out of those who wait. The caller holds mutex.
func (l *lobby) asked(g *guest) {
	if g.place != nil {
		l.waiting.Remove(g.place)
		g.place = nil
	}
}

// Close closes the connection and counts it out.
func (g *guest) Close() error {
	g.once.Do(func() {
		l := g.lobby
		l.mutex.Lock()
		defer l.mutex.Unlock()
		l.asked(g)
		l.open--
		if l.of[g.address]--; l.of[g.address] == 0 {
			delete(l.of, g.address)
		}
	})
	return g.Conn.Close()
}

// state is told by the server how its connections are.
func (l *lobby) state(conn net.Conn, state http.ConnState) {
	if wrapped, ok := conn.(*tls.Conn); ok {
		conn = wrapped.NetConn()
	}
	g, ok := conn.(*guest)
	if !ok {
		return
	}
	switch state {
	case http.StateActive:
		l.mutex.Lock()
		defer l.mutex.Unlock()
		l.asked(g)
	case http.StateHijacked:
		ahead(g.Conn, socketBuffer)
	default:
	}
}

// ahead bounds what the system keeps of what a client sends ahead, in bytes.
func ahead(conn net.Conn, bytes int) {
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetReadBuffer(bytes)
	}
}

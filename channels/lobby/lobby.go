// Package lobby lets connections into a server within limits: of one address,
// of all, and of those that ask for nothing. Those over a limit are closed at
// once, so that whoever means well need not wait behind who does not. What is
// asked, and how long it may take, is left to the server.
package lobby

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

// Limits of a lobby. All but Refused are required.
type Limits struct {
	// Connections is how many may be open, PerAddress how many of them one
	// address may have.
	Connections, PerAddress int
	// Crowd says which addresses stand for many people, as a proxy's does, and
	// have no limit of their own.
	Crowd func(netip.Addr) bool
	// Refused is told of each connection that was closed. Nil for nobody.
	Refused func()
}

// Lobby is the listener with limits. Make one with New; its server must tell it
// by State how the connections are.
type Lobby struct {
	net.Listener
	limits Limits

	mutex sync.Mutex
	open  int
	of    map[netip.Addr]int
	// waiting have asked for nothing yet, resting for nothing any more: guests,
	// the oldest first.
	waiting, resting *list.List
}

// guest is a connection.
type guest struct {
	net.Conn
	lobby   *Lobby
	address netip.Addr // the household's
	crowd   bool
	// The rest is the lobby's: place is in the list at, nil while the guest is
	// served.
	place *list.Element
	at    *list.List
	gone  bool
}

// New puts a lobby before a listener.
func New(inner net.Listener, limits Limits) *Lobby {
	if limits.Refused == nil {
		limits.Refused = func() {}
	}
	return &Lobby{Listener: inner, limits: limits, of: map[netip.Addr]int{}, waiting: list.New(), resting: list.New()}
}

// Accept returns the next connection that may come in.
func (l *Lobby) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		address := proxy.Address(conn.RemoteAddr().String())
		g := &guest{Conn: conn, lobby: l, address: proxy.Household(address), crowd: l.limits.Crowd(address)}
		oldest, ok := l.enter(g)
		if oldest != nil {
			_ = oldest.Close()
			l.limits.Refused()
		}
		if ok {
			return g, nil
		}
		_ = conn.Close()
		l.limits.Refused()
	}
}

// Open is how many connections are open.
func (l *Lobby) Open() int {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.open
}

// enter counts a connection in; false when there is no room for it. The guest
// returned has to make room.
func (l *Lobby) enter(g *guest) (oldest *guest, ok bool) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if !g.crowd && l.of[g.address] >= l.limits.PerAddress {
		return nil, false
	}
	full := l.open >= l.limits.Connections
	switch {
	case l.waiting.Len() > 0 && (full || l.waiting.Len() >= waitingLimit):
		oldest = l.waiting.Front().Value.(*guest)
	case full && l.resting.Len() > 0:
		oldest = l.resting.Front().Value.(*guest)
	case full:
		return nil, false
	}
	if oldest != nil {
		oldest.move(nil)
	}
	l.open++
	l.of[g.address]++
	g.move(l.waiting)
	return oldest, true
}

// move puts a guest at the end of a list, or in none. The caller holds mutex.
func (g *guest) move(to *list.List) {
	if g.place != nil {
		g.at.Remove(g.place)
	}
	g.place, g.at = nil, to
	if to != nil {
		g.place = to.PushBack(g)
	}
}

// NetConn is the connection beneath.
func (g *guest) NetConn() net.Conn { return g.Conn }

// Close closes the connection and counts it out.
func (g *guest) Close() error {
	g.lobby.leave(g)
	return g.Conn.Close()
}

func (l *Lobby) leave(g *guest) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if g.gone {
		return
	}
	g.gone = true
	g.move(nil)
	l.open--
	if l.of[g.address]--; l.of[g.address] == 0 {
		delete(l.of, g.address)
	}
}

// State is http.Server.ConnState.
func (l *Lobby) State(conn net.Conn, state http.ConnState) {
	if wrapped, ok := conn.(*tls.Conn); ok {
		conn = wrapped.NetConn()
	}
	g, ok := conn.(*guest)
	if !ok {
		return
	}
	l.mutex.Lock()
	defer l.mutex.Unlock()
	switch {
	case g.gone:
	case state == http.StateActive:
		g.move(nil)
	case state == http.StateIdle:
		g.move(l.resting)
	}
}

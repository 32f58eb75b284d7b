package lobby_test

import (
	"io"
	"net"
	"net/http"
	"net/netip"
	"testing"

	"contactd/channels/lobby"
)

// arrivals is a listener at which guests arrive in order.
type arrivals struct {
	net.Listener
	from []string
}

func (a *arrivals) Accept() (net.Conn, error) {
	if len(a.from) == 0 {
		return nil, io.EOF
	}
	next := &line{address: net.TCPAddrFromAddrPort(netip.MustParseAddrPort(a.from[0]))}
	a.from = a.from[1:]
	return next, nil
}

// line is a connection from an address.
type line struct {
	net.Conn
	address net.Addr
	closed  int
}

func (c *line) RemoteAddr() net.Addr { return c.address }
func (c *line) Close() error         { c.closed++; return nil }

// enter lets all in who may come, and says how many were refused.
func enter(t *testing.T, limits lobby.Limits, from ...string) (l *lobby.Lobby, guests []net.Conn, refused int) {
	t.Helper()
	limits.Refused = func() { refused++ }
	if limits.Crowd == nil {
		limits.Crowd = func(netip.Addr) bool { return false }
	}
	l = lobby.New(&arrivals{from: from}, limits)
	for {
		guest, err := l.Accept()
		if err != nil {
			return l, guests, refused
		}
		guests = append(guests, guest)
	}
}

func closed(guest net.Conn) bool {
	return guest.(interface{ NetConn() net.Conn }).NetConn().(*line).closed > 0
}

func TestAHouseholdHasItsShareAndACrowdHasNone(t *testing.T) {
	crowd := netip.MustParseAddr("2001:db8:1::7")
	limits := lobby.Limits{Connections: 100, PerAddress: 2, Crowd: func(a netip.Addr) bool { return a == crowd }}
	l, guests, refused := enter(t, limits,
		"192.0.2.1:1", "192.0.2.1:2", "192.0.2.1:3", // one too many
		"[2001:db8:2::1]:1", "[2001:db8:2::2]:1", "[2001:db8:2::3]:1", // the same
		"[2001:db8:1::7]:1", "[2001:db8:1::7]:2", "[2001:db8:1::7]:3")
	if len(guests) != 7 || refused != 2 || l.Open() != 7 {
		t.Errorf("%d came in, %d were refused, %d are open", len(guests), refused, l.Open())
	}
	for _, guest := range guests {
		_ = guest.Close()
		_ = guest.Close() // a server may do so twice
	}
	if l.Open() != 0 {
		t.Errorf("%d are open when all have left", l.Open())
	}
}

func TestWhenItIsFullTheOldestWhoAsksForNothingMakesRoom(t *testing.T) {
	l, guests, refused := enter(t, lobby.Limits{Connections: 3, PerAddress: 3}, "192.0.2.1:1", "192.0.2.2:1", "192.0.2.3:1", "192.0.2.4:1")
	if len(guests) != 4 || refused != 1 || !closed(guests[0]) || l.Open() != 3 {
		t.Fatalf("%d came in, %d were refused, %d are open", len(guests), refused, l.Open())
	}
}

func TestWhoIsServedMakesNoRoom(t *testing.T) {
	door := &arrivals{from: []string{"192.0.2.1:1", "192.0.2.2:1"}}
	refused := 0
	l := lobby.New(door, lobby.Limits{Connections: 2, PerAddress: 2, Crowd: func(netip.Addr) bool { return false }, Refused: func() { refused++ }})
	var guests []net.Conn
	for range 2 {
		guest, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		l.State(guest, http.StateActive)
		guests = append(guests, guest)
	}
	door.from = []string{"192.0.2.3:1"}
	if _, err := l.Accept(); err == nil || refused != 1 || closed(guests[0]) || closed(guests[1]) {
		t.Errorf("while both are served: %v, %d refused", err, refused)
	}
	l.State(guests[1], http.StateIdle)
	door.from = []string{"192.0.2.3:1"}
	third, err := l.Accept()
	if err != nil || closed(guests[0]) || !closed(guests[1]) {
		t.Fatalf("while one rests: %v", err)
	}
	l.State(third, http.StateActive)
	l.State(guests[1], http.StateIdle) // whose server has not noticed yet
	door.from = []string{"192.0.2.4:1"}
	if _, err := l.Accept(); err == nil || l.Open() != 2 {
		t.Errorf("who had left made room again: %v, %d are open", err, l.Open())
	}
}

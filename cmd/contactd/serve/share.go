package serve

import (
	"net"
	"net/netip"
	"sync"

	"contactd/channels/proxy"
)

// shares is a listener of whose connections no address has more than its share.
// Those over it are closed at once.
type shares struct {
	net.Listener
	share int
	// crowd are addresses of many people, such as a proxy's, which have no share.
	crowd func(netip.Addr) bool

	mutex sync.Mutex
	of    map[netip.Addr]int
}

// Accept returns the next connection within its address's share.
func (s *shares) Accept() (net.Conn, error) {
	for {
		conn, err := s.Listener.Accept()
		if err != nil {
			return nil, err
		}
		address := proxy.Address(conn.RemoteAddr().String())
		if s.crowd(address) {
			return conn, nil
		}
		if address = proxy.Household(address); s.enter(address) {
			return &counted{conn, sync.OnceFunc(func() { s.leave(address) })}, nil
		}
		_ = conn.Close()
	}
}

func (s *shares) enter(address netip.Addr) bool {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.of[address] >= s.share {
		return false
	}
	s.of[address]++
	return true
}

func (s *shares) leave(address netip.Addr) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.of[address]--; s.of[address] == 0 {
		delete(s.of, address)
	}
}

// counted is a connection that counts.
type counted struct {
	net.Conn
	leave func()
}

// Close closes the connection and gives its place back.
func (c *counted) Close() error {
	c.leave()
	return c.Conn.Close()
}

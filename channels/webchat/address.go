package webchat

import (
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// proxies are the networks whose word about a client is believed.
type proxies []netip.Prefix

func (p proxies) contain(a netip.Addr) bool {
	return slices.ContainsFunc(p, func(n netip.Prefix) bool { return n.Contains(a.Unmap().WithZone("")) })
}

// peer is the other end of the connection.
func peer(r *http.Request) netip.Addr { return hostOf(r.RemoteAddr) }

func hostOf(address string) netip.Addr {
	if host, _, err := net.SplitHostPort(address); err == nil {
		address = host
	}
	a, err := netip.ParseAddr(address)
	if err != nil {
		return netip.Addr{}
	}
	return a.Unmap()
}

// client is the address of whom a request comes from. Each proxy appends whom
// it was asked by, so the list is believed from its end, as far as those who
// wrote it are trusted; anything before, the client may have made up.
func (p proxies) client(r *http.Request) netip.Addr {
	address := peer(r)
	if !p.contain(address) {
		return address
	}
	said := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(said) - 1; i >= 0; i-- {
		next := hostOf(strings.Trim(strings.TrimSpace(said[i]), "[]"))
		if !next.IsValid() {
			break
		}
		address = next
		if !p.contain(address) {
			break
		}
	}
	return address
}

// scheme is the one that the browser used.
func (p proxies) scheme(r *http.Request) string {
	if r.TLS != nil {
		return "https"
	}
	if said := r.Header.Values("X-Forwarded-Proto"); len(said) == 1 && p.contain(peer(r)) && strings.EqualFold(strings.TrimSpace(said[0]), "https") {
		return "https"
	}
	return "http"
}

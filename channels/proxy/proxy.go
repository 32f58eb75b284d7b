// Package proxy says who asks a server that stands behind proxies, which pass
// on whom they were asked by.
package proxy

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// Trusted are the networks whose word about a client is believed.
type Trusted []netip.Prefix

// Parse reads a list of addresses and networks. It returns all that is wrong,
// each with the key of the list.
func Parse(key string, list []string) (Trusted, error) {
	var all Trusted
	var wrong []error
	for i, text := range list {
		network, err := netip.ParsePrefix(text)
		if address, single := netip.ParseAddr(text); single == nil {
			network, err = netip.PrefixFrom(address.Unmap(), address.Unmap().BitLen()), nil
		}
		if err != nil {
			wrong = append(wrong, fmt.Errorf("%s[%d]: want an address or a network such as 10.0.0.0/8, got %q", key, i, text))
			continue
		}
		all = append(all, network.Masked())
	}
	return all, errors.Join(wrong...)
}

// Contain reports whether an address is one of theirs.
func (t Trusted) Contain(a netip.Addr) bool {
	return slices.ContainsFunc(t, func(n netip.Prefix) bool { return n.Contains(a.Unmap().WithZone("")) })
}

// Client is the address of whom a request comes from, invalid when there is
// none. Each proxy appends whom it was asked by, so the list is believed from
// its end, as far as those who wrote it are trusted; anything before, the client
// may have made up.
func (t Trusted) Client(r *http.Request) netip.Addr {
	address := Peer(r)
	said := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(said) - 1; i >= 0 && t.Contain(address); i-- {
		next := Address(strings.Trim(strings.TrimSpace(said[i]), "[]"))
		if !next.IsValid() {
			break
		}
		address = next
	}
	return address
}

// Scheme is the one that the browser used.
func (t Trusted) Scheme(r *http.Request) string {
	if r.TLS != nil {
		return "https"
	}
	if said := r.Header.Values("X-Forwarded-Proto"); len(said) == 1 && t.Contain(Peer(r)) && strings.EqualFold(strings.TrimSpace(said[0]), "https") {
		return "https"
	}
	return "http"
}

// Peer is the other end of the connection, invalid when it has no address.
func Peer(r *http.Request) netip.Addr { return Address(r.RemoteAddr) }

// Address is that of text, with a port or without, or invalid.
func Address(text string) netip.Addr {
	if host, _, err := net.SplitHostPort(text); err == nil {
		text = host
	}
	a, err := netip.ParseAddr(text)
	if err != nil {
		return netip.Addr{}
	}
	return a.Unmap()
}

// Household is what counts as one address wherever addresses are limited: of
// IPv6, whose /64 is one household, the network.
func Household(a netip.Addr) netip.Addr {
	a = a.Unmap().WithZone("")
	if a.Is6() {
		if p, err := a.Prefix(64); err == nil {
			return p.Addr()
		}
	}
	return a
}

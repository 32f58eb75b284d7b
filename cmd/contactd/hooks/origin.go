package hooks

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
)

// proxies reads addresses and networks.
func proxies(list []string) ([]netip.Prefix, error) {
	var all []netip.Prefix
	var problems []error
	for i, text := range list {
		prefix, err := netip.ParsePrefix(text)
		if err != nil {
			address, addressErr := netip.ParseAddr(text)
			if addressErr != nil {
				problems = append(problems, fmt.Errorf("webhooks.trusted_proxies[%d]: want an address or a network such as 10.0.0.0/8", i))
				continue
			}
			prefix = netip.PrefixFrom(address, address.BitLen())
		}
		all = append(all, prefix.Masked())
	}
	return all, errors.Join(problems...)
}

// origin is the address from which a request came: of the connection, or, as
// long as that is a trusted proxy, what it says in X-Forwarded-For. The list
// is read from its end, where our own proxies write; the rest anybody can set.
func origin(r *http.Request, trusted []netip.Prefix) string {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	address := peer.Addr().Unmap()
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0 && among(trusted, address); i-- {
		hop, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		address = hop.Unmap()
	}
	return address.String()
}

func among(networks []netip.Prefix, address netip.Addr) bool {
	for _, network := range networks {
		if network.Contains(address) {
			return true
		}
	}
	return false
}

package webchat

import (
	"net/http"
	"slices"
	"strings"

	"contactd/channels/proxy"
)

// origins knows which pages may talk to the chat.
type origins struct {
	own     string // of Config.URL, empty for whatever name was used
	proxies proxy.Trusted
	sites   []Site
}

// isOwn reports whether origin is that of the server's own pages.
func (o origins) isOwn(origin string, r *http.Request) bool {
	if o.own != "" {
		return origin == o.own
	}
	return origin == strings.ToLower(o.proxies.Scheme(r)+"://"+r.Host)
}

// allowed reports whether pages of origin may talk to some site.
func (o origins) allowed(origin string, r *http.Request) bool {
	return o.isOwn(origin, r) || slices.ContainsFunc(o.sites, func(s Site) bool { return lists(s, origin) })
}

// allows reports whether they may talk to this site.
func (o origins) allows(site Site, origin string, r *http.Request) bool {
	return o.isOwn(origin, r) || lists(site, origin)
}

func lists(s Site, origin string) bool { return slices.Contains(s.Origins, origin) }

package webchat

import (
	"net/http"

	"contactd/channels/proxy"
)

// noticeProxy tells the operator, once, why people cannot be told apart. It
// changes nothing: what a proxy does not say can only be guessed.
func (r *running) noticeProxy(req *http.Request) {
	why := r.indistinct(req)
	if why == "" {
		return
	}
	if _, told := r.noticed.LoadOrStore(why, true); !told {
		r.deps.Log.Warn("people cannot be told apart", "why", why)
	}
}

// indistinct says why the sender of a request may count as somebody else.
func (r *running) indistinct(req *http.Request) string {
	peer := proxy.Peer(req)
	said, trusted := req.Header.Get("X-Forwarded-For") != "", r.proxies.Contain(peer)
	switch {
	case said && !trusted:
		return "X-Forwarded-For is not believed: if this is your proxy, list it under channels.webchat.trusted_proxies, or all people share one limit"
	case !said && trusted:
		return "a proxy of channels.webchat.trusted_proxies does not say who asks: unless that was a question of its own, have it set X-Forwarded-For, or nobody has a limit"
	case !said && peer.IsLoopback() && !r.config.Demo:
		return "somebody asks from this machine: if it is your proxy, have it set X-Forwarded-For and list it under channels.webchat.trusted_proxies, or all people share one limit"
	}
	return ""
}

package channels

import "net/http"

// Outgoing calls a platform's API over HTTP. Calls that read share
// connections; a call that writes gets one of its own: a connection that was
// idle may be closed by the platform just as a request is on it, and then nobody
// knows whether the request was taken, while one that cannot be made has
// certainly taken nothing. It is safe for concurrent use.
type Outgoing struct {
	reading, writing *http.Transport
}

// NewOutgoing makes one of a transport, which belongs to it from then on.
func NewOutgoing(transport *http.Transport) *Outgoing {
	writing := transport.Clone()
	writing.DisableKeepAlives = true
	return &Outgoing{reading: transport, writing: writing}
}

// RoundTrip makes a call.
func (o *Outgoing) RoundTrip(request *http.Request) (*http.Response, error) {
	if request.Method == http.MethodGet || request.Method == http.MethodHead {
		return o.reading.RoundTrip(request)
	}
	return o.writing.RoundTrip(request)
}

// CloseIdleConnections frees what no call uses.
func (o *Outgoing) CloseIdleConnections() {
	o.reading.CloseIdleConnections()
	o.writing.CloseIdleConnections()
}

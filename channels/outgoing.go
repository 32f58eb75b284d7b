package channels

import (
	"net/http"
	"sync/atomic"
	"time"
)

// Outgoing calls a platform's API over HTTP. Calls that read share
// connections; a call that writes gets one of its own: a connection that was
// idle may be closed by the platform just as a request is on it, and then nobody
// knows whether the request was taken, while one that cannot be made has
// certainly taken nothing. Every answer tells what time it is there. It is safe
// for concurrent use.
type Outgoing struct {
	reading, writing *http.Transport
	now              func() time.Time
	ahead            atomic.Pointer[time.Duration] // their clock of ours, nil before an answer
}

// NewOutgoing makes one of a transport, which belongs to it from then on, and of
// our clock.
func NewOutgoing(transport *http.Transport, now func() time.Time) *Outgoing {
	writing := transport.Clone()
	writing.DisableKeepAlives = true
	return &Outgoing{reading: transport, writing: writing, now: now}
}

// RoundTrip makes a call.
func (o *Outgoing) RoundTrip(request *http.Request) (*http.Response, error) {
	transport := o.writing
	if request.Method == http.MethodGet || request.Method == http.MethodHead {
		transport = o.reading
	}
	response, err := transport.RoundTrip(request)
	if err != nil {
		return response, err
	}
	if at, err := http.ParseTime(response.Header.Get("Date")); err == nil {
		ahead := max(-clocksApart, min(at.Sub(o.now()), clocksApart))
		o.ahead.Store(&ahead)
	}
	return response, nil
}

// clocksApart bounds how much a platform is believed about the time.
const clocksApart = 24 * time.Hour

// There is a moment of our clock by the platform's, to about a second; false as
// long as nothing was answered.
func (o *Outgoing) There(at time.Time) (there time.Time, known bool) {
	ahead := o.ahead.Load()
	if ahead == nil {
		return at, false
	}
	return at.Add(*ahead), true
}

// CloseIdleConnections frees what no call uses.
func (o *Outgoing) CloseIdleConnections() {
	o.reading.CloseIdleConnections()
	o.writing.CloseIdleConnections()
}

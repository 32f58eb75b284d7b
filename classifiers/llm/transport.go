package llm

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"strconv"
	"time"
)

// responseLimit is the size in bytes above which a response is cut, and so no
// JSON any more.
const responseLimit = 1 << 20

// longestWait bounds what an endpoint may ask for with Retry-After.
const longestWait = time.Minute

// reply is what the library does not tell of a response.
type reply struct {
	connected bool          // there was somebody to send the question to
	status    int           // 0 when there was none
	after     time.Duration // Retry-After
	broken    bool          // the connection ended within the answer
}

// taken reports whether the question may have cost something: nobody is paid for
// one that he refuses.
func (r reply) taken() bool {
	if r.status == 0 {
		return r.connected
	}
	return r.status < 300
}

type replyKey struct{}

// withReply has bounded write into r what is answered.
func withReply(ctx context.Context, r *reply) context.Context {
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { r.connected = true }})
	return context.WithValue(ctx, replyKey{}, r)
}

// bounded limits what is read of a response.
type bounded struct{ next http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (b bounded) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := b.next.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	r, ok := request.Context().Value(replyKey{}).(*reply)
	if !ok {
		r = new(reply)
	}
	r.status = response.StatusCode
	// RFC 9110, section 10.2.3; the form with a date is not used here.
	if seconds, err := strconv.Atoi(response.Header.Get("Retry-After")); err == nil && seconds > 0 {
		r.after = min(time.Duration(min(seconds, 3600))*time.Second, longestWait)
	}
	response.Body = limited{io.LimitReader(response.Body, responseLimit), response.Body, r}
	return response, nil
}

type limited struct {
	io.Reader
	io.Closer
	told *reply
}

// Read implements io.Reader.
func (l limited) Read(p []byte) (int, error) {
	n, err := l.Reader.Read(p)
	l.told.broken = l.told.broken || err != nil && !errors.Is(err, io.EOF)
	return n, err
}

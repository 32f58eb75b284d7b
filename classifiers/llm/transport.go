package llm

import (
	"io"
	"net/http"
)

// maxReply bounds what is read of an answer, in bytes. It holds a few hundred
// tokens of JSON.
const maxReply = 1 << 20

// boundedTransport cuts what an endpoint sends without end.
type boundedTransport struct{ next http.RoundTripper }

func (t boundedTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := t.next.RoundTrip(r)
	if err == nil {
		answer.Body = cut{io.LimitReader(answer.Body, maxReply), answer.Body}
	}
	return answer, err
}

type cut struct {
	io.Reader
	io.Closer
}

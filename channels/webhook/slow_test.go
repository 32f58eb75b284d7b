package webhook_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// stranger begins a delivery of a size and sends the first bytes of it.
func (l *line) stranger(t *testing.T, size, sent int) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", l.server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if _, err := fmt.Fprintf(conn, "POST /test HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", size, strings.Repeat("x", sent)); err != nil {
		t.Fatal(err)
	}
	return conn
}

// strangers are more than there are places for large bodies.
const strangers = 20

func TestSlowStrangersKeepNoLargeDeliveryOut(t *testing.T) {
	for name, sent := range map[string]int{
		"who announce a large body":       0,
		"who send its beginning and stop": 70 << 10,
	} {
		t.Run(name, func(t *testing.T) {
			l := listen(t, nil)
			l.receive(t)
			for range strangers {
				l.stranger(t, 1<<20, sent)
			}
			if status := l.post(t, strings.Repeat("y", 900<<10), key); status != http.StatusOK {
				t.Errorf("a large delivery: %d", status)
			}
		})
	}
}

func TestALargeBodyThatStopsIsCutOff(t *testing.T) {
	l := listen(t, nil)
	l.receive(t)
	conn := l.stranger(t, 1<<20, 70<<10)
	_ = conn.SetReadDeadline(time.Now().Add(20 * time.Second))
	answer, err := io.ReadAll(conn)
	if err != nil || !strings.HasPrefix(string(answer), "HTTP/1.1 400 ") {
		t.Errorf("%q, %v", answer, err)
	}
}

package broker

import (
	"errors"
	"io"
	"log/slog"
	"net"
	"testing"
	"time"
)

// connect dials the guard and gives both ends; the far one is nil when the
// guard did not take the connection.
func connect(t *testing.T, g *guard, accepted <-chan net.Conn) (near, far net.Conn) {
	t.Helper()
	near, err := net.Dial("tcp", g.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = near.Close() })
	_ = near.SetDeadline(time.Now().Add(5 * time.Second))
	closed := make(chan struct{})
	go func() {
		_, err := near.Read(make([]byte, 1))
		if errors.Is(err, io.EOF) {
			close(closed)
		}
	}()
	select {
	case far = <-accepted:
	case <-closed:
	}
	return near, far
}

func TestConnectionsBeyondTheLimitAreClosedAndFreedOnesTaken(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g := newGuard(listener, 1, slog.New(slog.DiscardHandler))
	accepted := make(chan net.Conn)
	go func() {
		defer close(accepted)
		for {
			conn, err := g.Accept()
			if err != nil {
				return
			}
			accepted <- conn
		}
	}()
	_, first := connect(t, g, accepted)
	if first == nil {
		t.Fatal("the first was not taken")
	}
	if _, second := connect(t, g, accepted); second != nil {
		t.Fatal("the second was taken")
	}
	_ = first.Close()
	_ = first.Close() // the broker closes from two goroutines
	if _, third := connect(t, g, accepted); third == nil {
		t.Fatal("the third was not taken")
	}
	_ = listener.Close()
	<-accepted
}

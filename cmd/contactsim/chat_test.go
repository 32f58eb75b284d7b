package main

import (
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestAServerThatTakesAndSaysNothingIsNotWaitedForWithoutEnd(t *testing.T) {
	frozen, err := net.Listen("tcp", "127.0.0.1:0") // connections come in, and nobody reads them
	if err != nil {
		t.Fatal(err)
	}
	defer frozen.Close()
	v, err := newVisitor("http://"+frozen.Addr().String(), "", &http.Client{}, observer{})
	if err != nil {
		t.Fatal(err)
	}
	v.patience = 50 * time.Millisecond
	if err := v.open(t.Context()); err == nil || !strings.Contains(err.Error(), "begin session: no answer in 50ms") {
		t.Errorf("got %v", err)
	}
}

func TestVisitorsWriteAsOftenAsTheRateSays(t *testing.T) {
	for rate, want := range map[float64]int{1e6: 1000, 1e3: 1, 1e-300: 1} {
		n, c := 0, chatCommand{Rate: rate, Duration: time.Millisecond}
		for at, more := c.due(n); more; at, more = c.due(n) {
			if at < 0 || at >= c.Duration {
				t.Fatalf("at %g a second: message %d is due at %v", rate, n, at)
			}
			n++
		}
		if n != want {
			t.Errorf("at %g a second: %d in a millisecond, want %d", rate, n, want)
		}
	}
}

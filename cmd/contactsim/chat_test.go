package main

import (
	"bytes"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
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

func TestAServerThatNeverConfirmsIsGivenUpAndToldSo(t *testing.T) {
	deaf := http.NewServeMux()
	deaf.HandleFunc("POST /chat/v1/sessions", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"token":"t"}`)) })
	deaf.HandleFunc("POST /chat/v1/tickets", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"ticket":"t"}`)) })
	deaf.HandleFunc("GET /chat/v1/socket", func(w http.ResponseWriter, r *http.Request) {
		socket, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{"contactd.chat.v1"}, InsecureSkipVerify: true})
		if err == nil {
			<-r.Context().Done()
			_ = socket.CloseNow()
		}
	})
	server := httptest.NewServer(deaf)
	defer server.Close()
	var out, complaints bytes.Buffer
	code := run(t.Context(), []string{"chat", "--url", server.URL, "--rate", "100", "--duration", "20ms", "--drain", "50ms"}, &out, &complaints)
	if code != exitFailure || !strings.Contains(complaints.String(), "2 of 2 messages were not confirmed, 50ms after the last (--drain)") {
		t.Errorf("exit %d: %s%s", code, out.String(), complaints.String())
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

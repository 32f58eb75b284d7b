package channels_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"contactd/channels"
)

func TestWhatIsWrittenNeverRidesOnAnOldConnection(t *testing.T) {
	var mu sync.Mutex
	from := map[string][]string{} // remote addresses by method
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		from[r.Method] = append(from[r.Method], r.RemoteAddr)
	}))
	defer server.Close()
	outgoing := channels.NewOutgoing(&http.Transport{}, time.Now)
	defer outgoing.CloseIdleConnections()
	client := http.Client{Transport: outgoing}
	for _, method := range []string{http.MethodGet, http.MethodGet, http.MethodPost, http.MethodPost} {
		request, err := http.NewRequestWithContext(t.Context(), method, server.URL, strings.NewReader(""))
		if err != nil {
			t.Fatal(err)
		}
		response, err := client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
	}
	if read := from[http.MethodGet]; len(read) != 2 || read[0] != read[1] {
		t.Errorf("reading came from %v, want one connection", read)
	}
	if wrote := from[http.MethodPost]; len(wrote) != 2 || wrote[0] == wrote[1] || wrote[0] == from[http.MethodGet][0] {
		t.Errorf("writing came from %v, want a connection each", wrote)
	}
}

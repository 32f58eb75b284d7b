package webchat

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/coder/websocket"
)

func TestPagesOfOtherOriginsAreTurnedAwayOnEveryPath(t *testing.T) {
	h := newHouse(t, func(h *house) {
		h.config.Sites = []Site{{Name: "main", Origins: []string{"https://www.example.police.uk"}}}
	})
	p := h.arrives()
	for _, origin := range []string{"https://evil.example", "null", "http://www.example.police.uk", "https://www.example.police.uk.evil.example", "https://www.example.police.uk:8443", "file://"} {
		p.origin = origin
		for _, path := range []string{
			"GET /chat.js", "GET /chat", "GET /demo", "GET /chat/lang/cy.json", "GET /chat/v1/site", "POST /chat/v1/sessions", "POST /chat/v1/tickets",
			"GET /chat/v1/events", "POST /chat/v1/frames", "POST /chat/v1/files", "GET /chat/v1/files/x", "OPTIONS /chat/v1/sessions", "GET /nothing",
		} {
			method, path, _ := strings.Cut(path, " ")
			r := p.request(method, path, strings.NewReader("{}"))
			response, err := http.DefaultTransport.RoundTrip(r)
			if err != nil {
				t.Fatal(err)
			}
			_ = response.Body.Close()
			if response.StatusCode != http.StatusForbidden || response.Header.Get("Access-Control-Allow-Origin") != "" {
				t.Errorf("%s %s from %s: %d", method, path, origin, response.StatusCode)
			}
		}
	}
	p.origin = "https://www.example.police.uk"
	if status := p.post("/chat/v1/tickets", struct{}{}, nil); status != http.StatusCreated {
		t.Errorf("from a page that is listed: %d", status)
	}
	r := p.request("OPTIONS", "/chat/v1/files", nil)
	response, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if got := response.Header; response.StatusCode != http.StatusNoContent || got.Get("Access-Control-Allow-Origin") != p.origin ||
		!strings.Contains(got.Get("Access-Control-Allow-Headers"), "X-File-Name") || got.Get("Access-Control-Allow-Credentials") != "" {
		t.Errorf("preflight: %d %v", response.StatusCode, got)
	}
}

func TestASocketIsOpenedByAFreshTicketOfItsOwnOriginOnly(t *testing.T) {
	h := newHouse(t, func(h *house) {
		h.config.Sites = []Site{{Name: "main", Origins: []string{"https://www.example.police.uk"}}}
	})
	p := h.arrives()
	refusedBy := func(what, ticket, origin string, want websocket.StatusCode, wantHTTP int) {
		t.Helper()
		p := *p
		p.origin = origin
		conn, response, err := p.dial(ticket, 0) //nolint:bodyclose // Dial closes it
		if err != nil {
			if response == nil || response.StatusCode != wantHTTP {
				t.Errorf("%s: %v", what, err)
			}
			return
		}
		w := &window{p: &p, conn: conn}
		defer w.close()
		if code := w.ends(); code != want || wantHTTP != 0 {
			t.Errorf("%s: closed with %d", what, code)
		}
	}
	used := p.ticket()
	conn, _, err := p.dial(used, 0) //nolint:bodyclose // Dial has no body beside a connection
	if err != nil {
		t.Fatal(err)
	}
	defer conn.CloseNow()
	refusedBy("a ticket that was used", used, h.url, closeUnknown, 0)
	refusedBy("no ticket", "", h.url, closeUnknown, 0)
	refusedBy("a made-up ticket", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", h.url, closeUnknown, 0)
	refusedBy("another origin's ticket", p.ticket(), "https://www.example.police.uk", closeUnknown, 0)
	refusedBy("a foreign origin", p.ticket(), "https://evil.example", 0, http.StatusForbidden)
	refusedBy("no origin", p.ticket(), "", 0, http.StatusForbidden)
}

func TestATicketLastsAMinute(t *testing.T) {
	clock := newClock()
	h := newHouse(t, clock.of)
	p := h.arrives()
	ticket := p.ticket()
	clock.forward(ticketLife + 1)
	conn, _, err := p.dial(ticket, 0) //nolint:bodyclose // Dial has no body beside a connection
	if err != nil {
		t.Fatal(err)
	}
	w := &window{p: p, conn: conn}
	defer w.close()
	if code := w.ends(); code != closeUnknown {
		t.Errorf("closed with %d", code)
	}
}

func TestEveryAnswerTellsBrowsersToDoNothingWithIt(t *testing.T) {
	h := newHouse(t)
	p := h.arrives()
	for _, path := range []string{"/chat/v1/site", "/chat/v1/site?site=nowhere", "/nothing", "/chat/v1/files/x", "/chat/v1/events", "/chat/v1/sessions", "/chat/v1/site?a=1&a=2", "/chat", "/demo", "/chat.js"} {
		response, err := http.DefaultTransport.RoundTrip(p.request("GET", path, nil))
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		for name, want := range map[string]string{"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "default-src 'none'", "Referrer-Policy": "", "X-Frame-Options": "DENY"} {
			if got := response.Header.Get(name); got == "" || !strings.Contains(got, want) {
				t.Errorf("%s: %d, %s: %q", path, response.StatusCode, name, got)
			}
		}
		if len(response.Cookies()) > 0 {
			t.Errorf("%s sets a cookie", path)
		}
	}
}

func TestFramesThatCannotBeTakenAreRefusedWithTheirCode(t *testing.T) {
	h := newHouse(t)
	w := h.arrives().opens(0)
	long := strings.Repeat("a", 9<<10)
	for _, each := range []struct{ frame, code string }{
		{`{`, "bad_frame"},
		{`[]`, "bad_frame"},
		{`{"type":"message","id":"message-1","text":"a","text":"b"}`, "bad_frame"},
		{`{"type":"message","id":"message-1","text":"a","TEXT":"b"}`, "bad_frame"},
		{`{"type":"message","id":"message-1","text":"a"} {}`, "bad_frame"},
		{`{"type":"message","id":"message-1","x":[[[[[[1]]]]]]}`, "bad_frame"},
		{`{"type":"message","id":"message-1","text":7}`, "bad_frame"},
		{"{\"type\":\"message\",\"id\":\"message-1\",\"text\":\"\xff\"}", "bad_frame"},
		{`{"type":"message","id":"message-1"}`, "bad_frame"},
		{`{"type":"message","id":"message-1","text":" \n "}`, "bad_frame"},
		{`{"type":"message","id":"short","text":"a"}`, "bad_frame"},
		{`{"type":"message","id":"message/1","text":"a"}`, "bad_frame"},
		{`{"type":"message","id":"message-1","text":"` + long + `"}`, "too_long"},
		{`{"type":"message","id":"message-1","text":"a","files":["nothing"]}`, "unknown_file"},
		{`{"type":"message","id":"message-1","text":"a","files":["1","2","3","4","5","6"]}`, "too_many_files"},
		{`{"type":"location","id":"location-1","lat":91,"lon":0}`, "bad_frame"},
		{`{"type":"location","id":"location-1","lat":1e999,"lon":0}`, "bad_frame"},
		{`{"type":"location","id":"location-1","lat":1}`, "bad_frame"},
		{`{"type":"details","id":"details-1","safeToContact":"perhaps"}`, "bad_frame"},
		{`{"type":"details","id":"details-1","name":"` + long + `"}`, "too_long"},
		{`{"type":"transcript","id":"transcript-1","email":"a@b.example\r\nBcc: c@d.example"}`, "bad_address"},
		{`{"type":"transcript","id":"transcript-1","email":"Jo <jo@example.org>"}`, "bad_address"},
		{`{"type":"transcript","id":"transcript-1","email":"jo@example.org"}`, "transcript_unavailable"},
		{`{"type":"reply","id":"reply-123","text":"I am the desk"}`, "bad_frame"},
		{`{"type":"covert"}`, "bad_frame"},
	} {
		w.sends([]byte(each.frame))
		if f := w.sees("refused"); f.Code != each.code || f.Message == "" {
			t.Errorf("%.80s: %s", each.frame, f.raw)
		}
	}
	w.sends([]byte(`{"type":"message","id":"message-7","text":7}`))
	if f := w.sees("refused"); f.ID != "message-7" {
		t.Errorf("a text that is a number is refused without its id: %s", f.raw)
	}
	if texts := h.texts(); len(texts) > 0 {
		t.Errorf("accepted %q", texts)
	}
	w.sends([]byte(`{"type":"ping"}`))
	w.sees("pong")
}

func TestAFrameLargerThan32KiBEndsTheConnectionAndNothingElse(t *testing.T) {
	h := newHouse(t)
	p := h.arrives()
	w := p.opens(0)
	w.sends(encode(map[string]any{"type": "message", "id": "message-1", "text": strings.Repeat("a", frameLimit)}))
	if code := w.ends(); code != websocket.StatusMessageTooBig {
		t.Errorf("closed with %d", code)
	}
	w = p.opens(0)
	w.writes("message-2", "still here")
	w.sees("message")
}

func TestDoubledParametersAndHeadersAreRefused(t *testing.T) {
	h := newHouse(t)
	p := h.arrives()
	for _, path := range []string{"/chat/v1/site?site=main&site=other", "/chat/v1/events?ticket=a&ticket=b", "/chat/v1/site?site=main;site=other"} {
		if status := p.do(p.request("GET", path, nil), nil); status != http.StatusBadRequest {
			t.Errorf("%s: %d", path, status)
		}
	}
	for _, name := range []string{"Authorization", "X-File-Name", "Origin"} {
		r := p.request("POST", "/chat/v1/tickets", nil)
		r.Header[name] = []string{h.url, "b"}
		if status := p.do(r, nil); status != http.StatusBadRequest && status != http.StatusForbidden {
			t.Errorf("%s: %d", name, status)
		}
	}
	for _, body := range []string{`{"site":"main","Site":"other"}`, `{"site":"main"}{}`, `"main"`, strings.Repeat(" ", openingLimit+1)} {
		if status := p.do(p.request("POST", "/chat/v1/sessions", strings.NewReader(body)), nil); status != http.StatusBadRequest {
			t.Errorf("%.40s: %d", body, status)
		}
	}
}

func TestAnUnknownTokenOpensNothing(t *testing.T) {
	h := newHouse(t)
	p := h.arrives()
	for _, token := range []string{"", "x", strings.Repeat("x", 5000), p.token + "x"} {
		r := p.request("POST", "/chat/v1/tickets", nil)
		r.Header.Set("Authorization", "Bearer "+token)
		if status := p.do(r, nil); status != http.StatusUnauthorized {
			t.Errorf("token %.10q: %d", token, status)
		}
	}
	other := h.arrives()
	other.upload("a.png", png, "image/png")
	if status := p.do(p.request("GET", "/chat/v1/files/"+other.uploaded, nil), nil); status != http.StatusNotFound {
		t.Errorf("another's file: %d", status)
	}
}

func TestTheDatabaseHoldsNoToken(t *testing.T) {
	h := newHouse(t)
	p := h.arrives()
	p.opens(0)
	h.stop()
	if raw := h.database(); bytes.Contains(raw, []byte(p.token)) || !bytes.Contains(raw, []byte(p.session)) {
		t.Error("the token is in the database, or the session is not")
	}
}

func TestAForgedAddressDoesNotPassALimit(t *testing.T) {
	h := newHouse(t, func(h *house) { h.config.Demo, h.config.Limits.SessionsPerAddress = false, 3 })
	p := &person{h: h, origin: h.url, header: http.Header{}}
	statuses := map[int]int{}
	for i := range 6 {
		p.header.Set("X-Forwarded-For", fmt.Sprintf("198.51.100.%d", i))
		statuses[p.post("/chat/v1/sessions", struct{}{}, nil)]++
	}
	if statuses[http.StatusCreated] != 3 || statuses[http.StatusTooManyRequests] != 3 {
		t.Errorf("got %v", statuses)
	}
	if !strings.Contains(h.logged.String(), "trusted_proxies") {
		t.Error("the operator is not told of it")
	}
}

func TestAnAddressHasSoManyConnections(t *testing.T) {
	h := newHouse(t, func(h *house) { h.config.Demo, h.config.Limits.ConnectionsPerAddress = false, 3 })
	p := h.arrives()
	for range 3 {
		p.opens(0)
	}
	conn, _, err := p.dial(p.ticket(), 0) //nolint:bodyclose // Dial has no body beside a connection
	if err != nil {
		t.Fatal(err)
	}
	w := &window{p: p, conn: conn}
	defer w.close()
	if code := w.ends(); code != closeTooMany {
		t.Errorf("closed with %d", code)
	}
}

package webchat

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"

	"contactd/channels"
)

// listens opens a stream of events and returns its frames.
func (p *person) listens(query string) (next func() (id string, f got), stop func()) {
	p.h.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	r := p.request("GET", "/chat/v1/events?ticket="+p.ticket()+query, nil).WithContext(ctx)
	r.Header.Del("Authorization")
	r.Header.Del("Origin") // as our own page does it
	response, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		cancel()
		p.h.t.Fatal(err)
	}
	p.h.t.Cleanup(func() { cancel(); _ = response.Body.Close() })
	if response.StatusCode != http.StatusOK || response.Header.Get("Content-Type") != "text/event-stream; charset=utf-8" {
		p.h.t.Fatalf("%d %v", response.StatusCode, response.Header)
	}
	lines := bufio.NewScanner(response.Body)
	return func() (id string, f got) {
		p.h.t.Helper()
		for lines.Scan() {
			name, value, _ := strings.Cut(lines.Text(), ": ")
			switch name {
			case "id":
				id = value
			case "data":
				if err := json.Unmarshal([]byte(value), &f); err != nil {
					p.h.t.Fatalf("%v: %s", err, value)
				}
				f.raw = value
				return id, f
			}
		}
		p.h.t.Fatalf("the stream ended: %v", lines.Err())
		return "", f
	}, cancel
}

func TestAChatWithoutSocketsGoesOverEventsAndPosts(t *testing.T) {
	h := newHouse(t)
	p := h.arrives()
	next, stop := p.listens("")
	if _, f := next(); f.Type != "hello" {
		t.Errorf("first %s", f.raw)
	}
	next() // presence
	frame := map[string]any{"type": "message", "id": "message-1", "text": "help"}
	if status := p.post("/chat/v1/frames", frame, nil); status != http.StatusAccepted {
		t.Errorf("post: %d", status)
	}
	if id, f := next(); f.Type != "message" || f.ID != "message-1" || id != "1" {
		t.Errorf("the tick is %s, id %s", f.raw, id)
	}
	if status := p.post("/chat/v1/frames", frame, nil); status != http.StatusAccepted {
		t.Errorf("post again: %d", status)
	}
	if _, f := next(); f.ID != "message-1" {
		t.Errorf("the second tick is %s", f.raw)
	}
	h.replies(p, "1", "hello")
	if _, f := next(); f.Type != "reply" {
		t.Errorf("got %s", f.raw)
	}
	stop()
	next, _ = p.listens("&after=1")
	next()
	next()
	if id, f := next(); f.Type != "reply" || id != "2" {
		t.Errorf("after 1 comes %s", f.raw)
	}
	if texts := h.texts(); len(texts) != 1 {
		t.Errorf("accepted %q", texts)
	}
}

func TestAPostSaysWhatIsWrongWithItsFrame(t *testing.T) {
	h := newHouse(t)
	p := h.arrives()
	post := func(frame string) (int, string) {
		var failed struct{ Error struct{ Code string } }
		status := p.do(p.request("POST", "/chat/v1/frames", strings.NewReader(frame)), &failed)
		return status, failed.Error.Code
	}
	if status, code := post(`{"type":"nothing"}`); status != http.StatusUnprocessableEntity || code != "bad_frame" {
		t.Errorf("%d %s", status, code)
	}
	if status, code := post(`{"type":"message","id":"message-1","text":"` + strings.Repeat("a", frameLimit) + `"}`); status != http.StatusRequestEntityTooLarge || code != "too_long" {
		t.Errorf("%d %s", status, code)
	}
	h.inbox.Refuse(func([]channels.Original) error { return errors.New("the disk is full") })
	if status, code := post(`{"type":"message","id":"message-1","text":"help"}`); status != http.StatusServiceUnavailable || code != "unavailable" {
		t.Errorf("%d %s", status, code)
	}
}

func TestAPostWhoseTickIsNotWrittenIsToBeSentAgain(t *testing.T) {
	h := newHouse(t)
	p := h.arrives()
	h.inbox.Refuse(func([]channels.Original) error { return h.channel.current().store.Close() })
	var failed struct{ Error struct{ Code string } }
	frame := map[string]any{"type": "message", "id": "message-1", "text": "help"}
	if status := p.post("/chat/v1/frames", frame, &failed); status != http.StatusServiceUnavailable || failed.Error.Code != "unavailable" {
		t.Errorf("%d %s", status, failed.Error.Code)
	}
	if taken := len(h.inbox.Accepted()); taken != 1 {
		t.Errorf("%d were accepted", taken)
	}
}

func TestAStreamNeedsAFreshTicketToo(t *testing.T) {
	h := newHouse(t)
	p := h.arrives()
	ticket := p.ticket()
	r := p.request("GET", "/chat/v1/events?ticket="+ticket, nil)
	ctx, cancel := context.WithCancel(context.Background())
	response, err := http.DefaultTransport.RoundTrip(r.WithContext(ctx))
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	_ = response.Body.Close()
	if status := p.do(p.request("GET", "/chat/v1/events?ticket="+ticket, nil), nil); status != http.StatusUnauthorized {
		t.Errorf("used again: %d", status)
	}
}

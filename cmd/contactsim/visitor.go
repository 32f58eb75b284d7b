package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/coder/websocket"
)

// exchangeLimit is how long one exchange with the server may take.
const exchangeLimit = 30 * time.Second

// frame is what goes over the socket, both ways (channels/webchat, the
// protocol). Fields that a visitor does not look at are left out.
type frame struct {
	Type  string     `json:"type"`
	N     int64      `json:"n,omitempty"`
	ID    string     `json:"id,omitempty"`
	Text  string     `json:"text,omitempty"`
	Reply string     `json:"reply,omitempty"`
	Code  string     `json:"code,omitempty"`
	At    *time.Time `json:"at,omitempty"`
}

// observer is told what a visitor meets. It is called from the visitor's
// goroutine of reading.
type observer struct {
	durable func(id string)
	reply   func(id string)
	notice  func(code string)
	refused func(id, code string)
	lost    func(error) // the connection; it is made again
}

// visitor is one person with one chat session. What was sent and not confirmed
// is sent again after every reconnection, as the widget does.
type visitor struct {
	base, origin, site string
	client             *http.Client
	see                observer
	patience           time.Duration // with one exchange

	token string
	last  int64 // number of the last frame that was seen

	mu      sync.Mutex
	socket  *websocket.Conn
	pending map[string]frame
	order   []string
}

func newVisitor(base, site string, client *http.Client, see observer) (*visitor, error) {
	u, err := url.Parse(base)
	if err != nil || u.Host == "" {
		return nil, usageError{fmt.Errorf("--url: want http(s)://host[:port], got %q", base)}
	}
	return &visitor{
		base: strings.TrimRight(base, "/"), origin: u.Scheme + "://" + u.Host, site: site,
		client: client, see: see, patience: exchangeLimit, pending: map[string]frame{},
	}, nil
}

// open begins a session and connects.
func (v *visitor) open(ctx context.Context) error {
	var session struct{ Token string }
	if err := v.post(ctx, "/chat/v1/sessions", map[string]string{"site": v.site, "lang": "en"}, &session); err != nil {
		return fmt.Errorf("begin session: %w", err)
	}
	v.token = session.Token
	return v.connect(ctx)
}

func (v *visitor) connect(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, v.patience)
	defer cancel()
	var ticket struct{ Ticket string }
	if err := v.post(ctx, "/chat/v1/tickets", struct{}{}, &ticket); err != nil {
		return fmt.Errorf("ask for ticket: %w", err)
	}
	address := fmt.Sprintf("%s/chat/v1/socket?ticket=%s&after=%d", strings.Replace(v.base, "http", "ws", 1), url.QueryEscape(ticket.Ticket), v.last)
	socket, response, err := websocket.Dial(ctx, address, &websocket.DialOptions{
		HTTPClient: v.client, HTTPHeader: http.Header{"Origin": {v.origin}}, Subprotocols: []string{"contactd.chat.v1"},
	})
	if response != nil && response.Body != nil {
		_ = response.Body.Close()
	}
	if err != nil {
		return fmt.Errorf("open socket: %w", err)
	}
	socket.SetReadLimit(256 << 10)
	v.mu.Lock()
	v.socket = socket
	again := make([]frame, 0, len(v.order))
	for _, id := range v.order {
		again = append(again, v.pending[id])
	}
	v.mu.Unlock()
	for _, f := range again {
		if err := v.write(ctx, f); err != nil {
			return err
		}
	}
	return nil
}

// run reads until ctx ends, and connects again whenever the connection is
// lost.
func (v *visitor) run(ctx context.Context) {
	pause := 100 * time.Millisecond
	for ctx.Err() == nil {
		err := v.read(ctx)
		if ctx.Err() != nil {
			break
		}
		v.see.lost(err)
		for ctx.Err() == nil {
			if err = v.connect(ctx); err == nil {
				pause = 100 * time.Millisecond
				break
			}
			select {
			case <-ctx.Done():
			case <-time.After(pause):
			}
			pause = min(2*pause, 5*time.Second)
		}
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.socket != nil {
		_ = v.socket.CloseNow()
	}
}

func (v *visitor) read(ctx context.Context) error {
	v.mu.Lock()
	socket := v.socket
	v.mu.Unlock()
	for {
		_, raw, err := socket.Read(ctx)
		if err != nil {
			return err
		}
		var f frame
		if err := json.Unmarshal(raw, &f); err != nil {
			return fmt.Errorf("read frame: %w", err)
		}
		if f.Type != "hello" && f.N > 0 {
			v.last = f.N
		}
		v.saw(ctx, f)
	}
}

func (v *visitor) saw(ctx context.Context, f frame) {
	switch f.Type {
	case "message":
		if v.settle(f.ID) {
			v.see.durable(f.ID)
		}
	case "reply":
		v.see.reply(f.Reply)
		_ = v.write(ctx, frame{Type: "received", N: f.N})
	case "notice":
		v.see.notice(f.Code)
	case "refused":
		v.settle(f.ID)
		v.see.refused(f.ID, f.Code)
	case "later":
		v.again(ctx, f.ID)
	}
}

// again sends one frame once more, after a moment.
func (v *visitor) again(ctx context.Context, id string) {
	time.AfterFunc(time.Second, func() {
		v.mu.Lock()
		f, waits := v.pending[id]
		v.mu.Unlock()
		if waits {
			_ = v.write(ctx, f) // a broken connection sends it again by itself
		}
	})
}

// settle forgets a message that needs no repetition.
func (v *visitor) settle(id string) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	if _, waits := v.pending[id]; !waits {
		return false
	}
	delete(v.pending, id)
	for i, each := range v.order {
		if each == id {
			v.order = append(v.order[:i], v.order[i+1:]...)
			break
		}
	}
	return true
}

// say sends a message and returns its id before it is confirmed; begin is told
// the id before anything is sent.
func (v *visitor) say(ctx context.Context, text string, begin func(id string)) {
	now := time.Now().UTC()
	f := frame{Type: "message", ID: uuid(), Text: text, At: &now}
	v.mu.Lock()
	v.pending[f.ID] = f
	v.order = append(v.order, f.ID)
	v.mu.Unlock()
	begin(f.ID)
	_ = v.write(ctx, f) // a broken connection sends it again by itself
}

// unconfirmed is how many messages the server has not called durable.
func (v *visitor) unconfirmed() int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return len(v.pending)
}

func (v *visitor) write(ctx context.Context, f frame) error {
	raw, err := json.Marshal(f)
	if err != nil {
		return err
	}
	v.mu.Lock()
	socket := v.socket
	v.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, v.patience)
	defer cancel()
	return socket.Write(ctx, websocket.MessageText, raw)
}

// post sends JSON and reads JSON.
func (v *visitor) post(ctx context.Context, path string, body, into any) error {
	ctx, cancel := context.WithTimeout(ctx, v.patience)
	defer cancel()
	err := v.exchange(ctx, path, body, into)
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("no answer in %v: %w", v.patience, err)
	}
	return err
}

func (v *visitor) exchange(ctx context.Context, path string, body, into any) error {
	raw, err := json.Marshal(body)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, v.base+path, bytes.NewReader(raw))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Origin", v.origin)
	if v.token != "" {
		request.Header.Set("Authorization", "Bearer "+v.token)
	}
	response, err := v.client.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(io.LimitReader(response.Body, 64<<10))
	if err != nil {
		return err
	}
	if response.StatusCode >= 300 {
		return errors.New(response.Status + ": " + strings.TrimSpace(string(answer)))
	}
	return json.Unmarshal(answer, into)
}

// uuid is a random version 4 UUID (RFC 9562, section 5.4).
func uuid() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

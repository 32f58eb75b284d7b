package webchat

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"contactd/channels"
	"contactd/channels/channelstest"
	"contactd/contact"
)

// patient is how long a test waits for what must come.
const patient = 20 * time.Second

// folder is a directory of a test.
type folder string

// Folder returns the directory itself: there is one channel.
func (f folder) Folder(string) (string, error) { return string(f), nil }

// house is the chat's server in a test, with all around it in memory. It can be
// stopped and started again on the same store.
type house struct {
	t        testing.TB
	config   Config
	deps     Deps
	inbox    *channelstest.Inbox
	blobs    *channelstest.Blobs
	health   *channelstest.Health
	outcomes *outcomes
	logged   *logBuffer
	timing   func(*timing)  // changes it, if set
	durable  channels.Inbox // instead of inbox, if set
	quiet    bool           // logs nothing
	dir      string

	channel *Channel
	url     string
	stop    func()
}

// outcomes remembers what it was told.
type outcomes struct {
	mutex   sync.Mutex
	told    []contact.Outcome
	failing error
	changed chan struct{}
}

func newOutcomes() *outcomes { return &outcomes{changed: make(chan struct{}, 100)} }

func (o *outcomes) Outcome(_ context.Context, outcome contact.Outcome) error {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	if o.failing != nil {
		return o.failing
	}
	o.told = append(o.told, outcome)
	select {
	case o.changed <- struct{}{}:
	default:
	}
	return nil
}

func (o *outcomes) all() []contact.Outcome {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	return append([]contact.Outcome(nil), o.told...)
}

type logBuffer struct {
	mutex sync.Mutex
	text  bytes.Buffer
}

// Write appends.
func (b *logBuffer) Write(p []byte) (int, error) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.text.Write(p)
}

// newHouse starts a chat server; change, if given, changes its parts before.
func newHouse(t testing.TB, change ...func(*house)) *house {
	t.Helper()
	h := &house{
		t: t, inbox: &channelstest.Inbox{}, blobs: &channelstest.Blobs{}, health: &channelstest.Health{},
		outcomes: newOutcomes(), logged: &logBuffer{}, dir: t.TempDir(),
	}
	h.config = Config{Listen: "127.0.0.1:0", Demo: true}
	h.deps = Deps{Outcomes: h.outcomes}
	for _, each := range change {
		each(h)
	}
	h.start()
	t.Cleanup(func() { h.stop() })
	return h
}

// start opens the doors, after stop at the same address.
func (h *house) start() {
	h.t.Helper()
	h.deps.Blobs, h.deps.Health, h.deps.Folders = h.blobs, h.health, folder(h.dir)
	if h.deps.Log == nil && !h.quiet {
		h.deps.Log = slog.New(slog.NewTextHandler(h.logged, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	ch, err := New(h.config, h.deps)
	if err != nil {
		h.t.Fatal(err)
	}
	if h.timing != nil {
		h.timing(&ch.timing)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	inbox := h.durable
	if inbox == nil {
		inbox = h.inbox
	}
	go func() { ended <- ch.Receive(ctx, inbox) }()
	var once sync.Once
	h.stop = func() {
		once.Do(func() {
			cancel()
			if err := <-ended; err != nil {
				h.t.Errorf("receive: %v", err)
			}
		})
	}
	waiting, done := context.WithTimeout(context.Background(), patient)
	defer done()
	r, err := ch.await(waiting)
	for errors.Is(err, errNotRunning) { // a reply is less patient than a test
		r, err = ch.await(waiting)
	}
	if err != nil {
		h.stop()
		h.t.Fatalf("the server did not come up: %v; %v", err, h.health.Failures())
	}
	h.channel, h.url = ch, r.url
	h.config.Listen = strings.TrimPrefix(strings.TrimPrefix(r.url, "https://"), "http://")
}

// restart ends the server as a deployment does and starts another one.
func (h *house) restart() {
	h.t.Helper()
	h.stop()
	h.start()
}

// person is a client: a session with what it has seen of it.
type person struct {
	h              *house
	origin         string
	site           string
	token, session string
	header         http.Header
	uploaded       string // the last file
}

// arrives begins a session.
func (h *house) arrives() *person {
	h.t.Helper()
	return h.arrivesSpeaking("en")
}

func (h *house) arrivesSpeaking(language string) *person {
	h.t.Helper()
	p := &person{h: h, origin: h.url, site: h.config.WithDefaults().Sites[0].Name}
	var opened struct{ Token, Session string }
	if status := p.post("/chat/v1/sessions", map[string]any{"site": "", "lang": language}, &opened); status != http.StatusCreated {
		h.t.Fatalf("begin session: %d", status)
	}
	p.token, p.session = opened.Token, opened.Session
	return p
}

// request makes a request as a page of the person's origin does.
func (p *person) request(method, path string, body io.Reader) *http.Request {
	p.h.t.Helper()
	r, err := http.NewRequestWithContext(context.Background(), method, p.h.url+path, body)
	if err != nil {
		p.h.t.Fatal(err)
	}
	if p.origin != "" {
		r.Header.Set("Origin", p.origin)
	}
	if p.token != "" {
		r.Header.Set("Authorization", "Bearer "+p.token)
	}
	for name, values := range p.header {
		r.Header[name] = values
	}
	return r
}

// do sends a request and decodes the answer, unless into is nil.
func (p *person) do(r *http.Request, into any) (status int) {
	p.h.t.Helper()
	response, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		p.h.t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		p.h.t.Fatal(err)
	}
	if into != nil {
		if err := json.Unmarshal(body, into); err != nil {
			p.h.t.Fatalf("%s %s: %d %q: %v", r.Method, r.URL.Path, response.StatusCode, body, err)
		}
	}
	return response.StatusCode
}

func (p *person) post(path string, body, into any) (status int) {
	p.h.t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		p.h.t.Fatal(err)
	}
	return p.do(p.request("POST", path, bytes.NewReader(text)), into)
}

// ticket asks for one.
func (p *person) ticket() string {
	p.h.t.Helper()
	var issued struct{ Ticket string }
	if status := p.post("/chat/v1/tickets", struct{}{}, &issued); status != http.StatusCreated {
		p.h.t.Fatalf("ask for ticket: %d", status)
	}
	return issued.Ticket
}

// window is one connection of a person.
type window struct {
	p    *person
	conn *websocket.Conn
	seen []got
	last int64
}

// got is a frame from the server, and its raw text.
type got struct {
	serverFrame
	Session    string `json:"session"`
	Ended      bool   `json:"ended"`
	Covert     bool   `json:"covert"`
	Open       bool   `json:"open"`
	Handlers   *int   `json:"handlers"`
	raw        string
	HelloN     int64 `json:"-"`
	WaitSecond int   `json:"waitSeconds"`
}

// dial opens a socket with a ticket.
func (p *person) dial(ticket string, after int64) (*websocket.Conn, *http.Response, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patient)
	defer cancel()
	header := http.Header{}
	if p.origin != "" {
		header.Set("Origin", p.origin)
	}
	for name, values := range p.header {
		header[name] = values
	}
	address := fmt.Sprintf("ws%s/chat/v1/socket?ticket=%s&after=%d", strings.TrimPrefix(p.h.url, "http"), ticket, after)
	return websocket.Dial(ctx, address, &websocket.DialOptions{HTTPHeader: header, Subprotocols: []string{subprotocol}})
}

// opens opens a window that has the log up to after.
func (p *person) opens(after int64) *window {
	p.h.t.Helper()
	conn, _, err := p.dial(p.ticket(), after) //nolint:bodyclose // Dial has no body beside a connection
	if err != nil {
		p.h.t.Fatal(err)
	}
	conn.SetReadLimit(1 << 20)
	w := &window{p: p, conn: conn, last: after}
	p.h.t.Cleanup(w.close)
	if hello := w.next(); hello.Type != "hello" || hello.Session != p.session {
		p.h.t.Fatalf("the first frame is %s", hello.raw)
	}
	return w
}

func (w *window) close() { _ = w.conn.CloseNow() }

// says sends a frame.
func (w *window) says(frame any) {
	w.p.h.t.Helper()
	w.sends(encode(frame))
}

func (w *window) sends(raw []byte) {
	w.p.h.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patient)
	defer cancel()
	if err := w.conn.Write(ctx, websocket.MessageText, raw); err != nil {
		w.p.h.t.Fatal(err)
	}
}

// writes sends a message.
func (w *window) writes(id, text string) {
	w.p.h.t.Helper()
	w.says(map[string]any{"type": "message", "id": id, "text": text, "at": time.Now()})
}

// read returns the next frame, or the error that ended the connection.
func (w *window) read() (got, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patient)
	defer cancel()
	_, raw, err := w.conn.Read(ctx)
	if err != nil {
		return got{}, err
	}
	f := got{raw: string(raw)}
	if err := json.Unmarshal(raw, &f); err != nil {
		w.p.h.t.Fatalf("%v: %s", err, raw)
	}
	if f.N > 0 && f.Type != "hello" {
		if f.N > w.last+1 {
			w.p.h.t.Errorf("frame %d came after %d", f.N, w.last)
		}
		w.last = max(w.last, f.N) // a smaller one is said again
	}
	w.seen = append(w.seen, f)
	return f, nil
}

func (w *window) next() got {
	w.p.h.t.Helper()
	f, err := w.read()
	if err != nil {
		w.p.h.t.Fatalf("read frame: %v; seen %v", err, w.seen)
	}
	return f
}

// sees reads until a frame of a type comes; what stands between is passed over.
func (w *window) sees(kind string) got {
	w.p.h.t.Helper()
	for {
		if f := w.next(); f.Type == kind {
			return f
		}
	}
}

// numbered reads until a numbered frame comes.
func (w *window) numbered() got {
	w.p.h.t.Helper()
	for {
		if f := w.next(); f.N > 0 {
			return f
		}
	}
}

// ends reads until the connection ends, and says how.
func (w *window) ends() websocket.StatusCode {
	w.p.h.t.Helper()
	for {
		if _, err := w.read(); err != nil {
			return websocket.CloseStatus(err)
		}
	}
}

// await returns once the inbox holds n originals.
func (h *house) await(n int) []channels.Original {
	h.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patient)
	defer cancel()
	if err := h.inbox.Await(ctx, func(o []channels.Original) bool { return len(o) >= n }); err != nil {
		h.t.Fatal(err)
	}
	return h.inbox.Accepted()
}

// messages reads everything that was accepted.
func (h *house) messages() []contact.Message {
	h.t.Helper()
	var all []contact.Message
	for _, o := range h.inbox.Accepted() {
		m, err := h.channel.Read(context.Background(), o)
		if err != nil {
			h.t.Fatal(err)
		}
		all = append(all, m)
	}
	return all
}

// texts are those of the messages.
func (h *house) texts() []string {
	h.t.Helper()
	var all []string
	for _, m := range h.messages() {
		all = append(all, m.Text)
	}
	return all
}

// replies has the desk answer a person.
func (h *house) replies(p *person, which, text string) channels.Receipt {
	h.t.Helper()
	receipt, err := h.channel.Reply(context.Background(), h.to(p), h.reply(p, which, text))
	if err != nil {
		h.t.Fatal(err)
	}
	return receipt
}

func (h *house) to(p *person) channels.Address {
	return channels.Address{Account: p.site, Answer: p.session}
}

func (h *house) reply(p *person, which, text string) contact.Reply {
	c := conversation(p.site, p.session)
	return contact.Reply{ID: contact.ReplyID(c, which), Conversation: c, Text: text, Author: "h214", RequestedAt: time.Now()}
}

// eventually asks until it is so.
func eventually(t testing.TB, what string, so func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	end := time.After(patient)
	for !so() {
		select {
		case <-tick.C:
		case <-end:
			t.Fatalf("not within %v: %s", patient, what)
		}
	}
}

// String returns everything that was written.
func (b *logBuffer) String() string {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.text.String()
}

// database returns all bytes of the store's files.
func (h *house) database() []byte {
	h.t.Helper()
	var all []byte
	entries, err := os.ReadDir(h.dir)
	if err != nil {
		h.t.Fatal(err)
	}
	for _, entry := range entries {
		raw, err := os.ReadFile(filepath.Join(h.dir, entry.Name()))
		if err != nil {
			h.t.Fatal(err)
		}
		all = append(all, raw...)
	}
	return all
}

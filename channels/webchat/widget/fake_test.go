package widget_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"contactd/channels/webchat/widget"
)

// desk plays the server's side of contactd.chat.v1, so that a test can make it
// answer, refuse, put off, fall silent and come back at the wished moment. It
// keeps what it has taken while it is down. Its limits are those of the real
// one; what it takes is checked as strictly.
type desk struct {
	t        testing.TB
	widget   *widget.Widget
	listener net.Listener
	address  string
	server   *http.Server

	mu       sync.Mutex
	changed  *sync.Cond
	site     map[string]any
	presence map[string]any
	origins  []string
	sessions map[string]*session // by token
	tickets  map[string]string   // token by ticket
	uploads  map[string]upload
	made     int
	// What the test wants to go wrong.
	noSockets    bool
	noSite       bool
	noSessions   bool
	noTickets    bool
	holdSite     chan struct{}
	holdLanguage chan struct{}
	holdTickets  chan struct{}
	held         int               // requests that wait, or have waited until they were given up
	mute         bool              // takes frames and confirms nothing
	refuseFrames string            // code for every frame that is posted
	refuse       map[string]string // code by text
	later        map[string]string // code by text, once each
	holdUpload   chan struct{}
	requests     []string
	byes         []string
}

type session struct {
	id      string
	opening map[string]any
	frames  []map[string]any // numbered
	seenIDs map[string]bool
	typed   int
	covert  []bool
	got     int // the last receipt
	ended   bool
	lines   map[*line]bool
}

// line is one connection.
type line struct {
	send chan map[string]any
	kill context.CancelFunc
}

type upload struct {
	name, mediaType string
	body            []byte
}

func newDesk(t testing.TB, origins ...string) *desk {
	t.Helper()
	d := &desk{
		t: t, origins: origins,
		sessions: map[string]*session{}, tickets: map[string]string{}, uploads: map[string]upload{},
		refuse: map[string]string{}, later: map[string]string{},
		site: map[string]any{
			"site": "main", "open": true, "handlers": 2, "waitSeconds": 120,
			"hours": map[string]any{"text": "Somebody reads this again on Monday from 8:00."}, "promise": "We answer every message.",
			"exitUrl": "http://neutral.localhost/", "transcript": true, "phone": "999",
			"limits": map[string]any{
				"textBytes": 8000, "files": 5, "fileBytes": 10 << 20,
				"mediaTypes": []string{"image/*", "video/*", "application/pdf"},
			},
		},
		presence: map[string]any{"type": "presence", "open": true, "handlers": 2, "waitSeconds": 120},
	}
	d.changed = sync.NewCond(&d.mu)
	w, err := widget.New(widget.Config{Demo: true, Sites: []widget.Site{{Name: "main", ExitURL: "http://neutral.localhost/", FormURL: "/forms/contact"}}})
	if err != nil {
		t.Fatal(err)
	}
	d.widget = w
	d.address = "127.0.0.1:0"
	d.start()
	t.Cleanup(d.stop)
	return d
}

// start listens, after stop at the same port.
func (d *desk) start() {
	d.t.Helper()
	listener, err := net.Listen("tcp", d.address)
	if err != nil {
		d.t.Fatal(err)
	}
	d.address = listener.Addr().String()
	d.server = &http.Server{Handler: d.handler(), ReadHeaderTimeout: time.Minute}
	go func() { _ = d.server.Serve(listener) }()
}

// stop ends the server as a crash does: every connection breaks.
func (d *desk) stop() {
	d.mu.Lock()
	for _, each := range d.sessions {
		for open := range each.lines {
			open.kill()
		}
	}
	d.mu.Unlock()
	_ = d.server.Close()
}

// url is the server under a name of its own, which leads to this machine and
// which browsers trust as they trust TLS.
func (d *desk) url(path string) string {
	_, port, _ := net.SplitHostPort(d.address)
	return "http://chat.localhost:" + port + path
}

func (d *desk) handler() http.Handler {
	mux := http.NewServeMux()
	d.widget.Register(mux)
	mux.HandleFunc("GET /chat/v1/site", func(w http.ResponseWriter, r *http.Request) {
		d.mu.Lock()
		hold := d.holdSite
		d.mu.Unlock()
		d.hold(r, hold)
		d.mu.Lock()
		defer d.mu.Unlock()
		if d.noSite {
			fail(w, 503, "unavailable")
			return
		}
		answer(w, 200, d.site)
	})
	mux.HandleFunc("POST /chat/v1/sessions", d.postSession)
	mux.HandleFunc("POST /chat/v1/tickets", d.postTicket)
	mux.HandleFunc("GET /chat/v1/socket", d.socket)
	mux.HandleFunc("GET /chat/v1/events", d.events)
	mux.HandleFunc("POST /chat/v1/frames", d.postFrame)
	mux.HandleFunc("POST /chat/v1/files", d.postFile)
	mux.HandleFunc("GET /chat/v1/files/{file}", d.getFile)
	mux.HandleFunc("POST /chat/v1/bye", d.bye)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		d.mu.Lock()
		d.requests = append(d.requests, r.Method+" "+r.URL.Path)
		origins, language := d.origins, d.holdLanguage
		d.mu.Unlock()
		if strings.HasPrefix(r.URL.Path, "/chat/lang/") {
			d.hold(r, language)
		}
		if origin := r.Header.Get("Origin"); origin != "" {
			if origin != "http://"+r.Host && !slices.Contains(origins, origin) {
				answer(w, 403, map[string]any{"error": map[string]any{"code": "origin"}})
				return
			}
			w.Header().Set("Access-Control-Allow-Origin", origin)
			w.Header().Set("Access-Control-Allow-Headers", "Authorization, Content-Type, X-File-Name")
			w.Header().Set("Access-Control-Allow-Methods", "GET, POST")
		}
		if len(r.Cookies()) > 0 {
			d.t.Errorf("%s %s carries a cookie", r.Method, r.URL.Path)
		}
		if r.Method == http.MethodOptions {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

func fail(w http.ResponseWriter, status int, code string) {
	answer(w, status, map[string]any{"error": map[string]any{"code": code, "message": "refused"}})
}

// hold keeps a request waiting until the test goes on, if it is to.
func (d *desk) hold(r *http.Request, until chan struct{}) {
	if until == nil {
		return
	}
	d.set(func() { d.held++; d.changed.Broadcast() })
	select {
	case <-until:
		d.set(func() { d.held-- })
	case <-r.Context().Done():
	}
}

func (d *desk) postSession(w http.ResponseWriter, r *http.Request) {
	var opening map[string]any
	if err := json.NewDecoder(r.Body).Decode(&opening); err != nil {
		fail(w, 400, "bad_json")
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.noSessions {
		fail(w, 503, "unavailable")
		return
	}
	d.made++
	token := fmt.Sprintf("token-%d", d.made)
	d.sessions[token] = &session{id: "s" + strconv.Itoa(d.made), opening: opening, seenIDs: map[string]bool{}, lines: map[*line]bool{}}
	answer(w, 201, map[string]any{"token": token, "session": d.sessions[token].id, "n": 0})
}

// bearer returns the token of a request, or answers 401.
func (d *desk) bearer(w http.ResponseWriter, r *http.Request) string {
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.sessions[token] == nil {
		fail(w, 401, "token_unknown")
		return ""
	}
	return token
}

func (d *desk) postTicket(w http.ResponseWriter, r *http.Request) {
	token := d.bearer(w, r)
	if token == "" {
		return
	}
	d.mu.Lock()
	hold := d.holdTickets
	d.mu.Unlock()
	d.hold(r, hold)
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.noTickets {
		fail(w, 503, "unavailable")
		return
	}
	d.made++
	ticket := fmt.Sprintf("ticket-%d", d.made)
	d.tickets[ticket] = token
	answer(w, 201, map[string]any{"ticket": ticket, "seconds": 60})
}

// connect takes a ticket and returns the line of its session with all that was
// missed, and what hangs it up.
func (d *desk) connect(query url.Values, kill context.CancelFunc) (token string, open *line) {
	d.mu.Lock()
	defer d.mu.Unlock()
	token = d.tickets[query.Get("ticket")]
	delete(d.tickets, query.Get("ticket"))
	s := d.sessions[token]
	if s == nil {
		return "", nil
	}
	open = &line{send: make(chan map[string]any, 1000), kill: kill}
	open.send <- map[string]any{"type": "hello", "n": len(s.frames), "session": s.id, "ended": s.ended, "covert": s.quiet()}
	open.send <- d.presence
	after, _ := strconv.Atoi(query.Get("after"))
	for _, frame := range s.frames[min(after, len(s.frames)):] {
		open.send <- frame
	}
	s.lines[open] = true
	d.changed.Broadcast()
	return token, open
}

func (d *desk) hangUp(token string, open *line) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if s := d.sessions[token]; s != nil {
		delete(s.lines, open)
	}
	d.changed.Broadcast()
}

func (d *desk) socket(w http.ResponseWriter, r *http.Request) {
	d.mu.Lock()
	blocked := d.noSockets
	d.mu.Unlock()
	if blocked {
		http.Error(w, "no upgrade here", http.StatusBadGateway)
		return
	}
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{"contactd.chat.v1"}, InsecureSkipVerify: true})
	if err != nil {
		return
	}
	defer func() { _ = conn.CloseNow() }()
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	token, open := d.connect(r.URL.Query(), cancel)
	if open == nil {
		_ = conn.Close(4401, "")
		return
	}
	defer d.hangUp(token, open)
	go func() {
		defer cancel()
		for {
			_, raw, err := conn.Read(ctx)
			if err != nil {
				return
			}
			d.take(token, raw, open)
		}
	}()
	for {
		select {
		case <-ctx.Done():
			return
		case frame := <-open.send:
			raw, _ := json.Marshal(frame)
			if conn.Write(ctx, websocket.MessageText, raw) != nil {
				return
			}
		}
	}
}

func (d *desk) events(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	token, open := d.connect(r.URL.Query(), cancel)
	if open == nil {
		fail(w, 401, "ticket_unknown")
		return
	}
	defer d.hangUp(token, open)
	w.Header().Set("Content-Type", "text/event-stream")
	for {
		select {
		case <-ctx.Done():
			return
		case frame := <-open.send:
			raw, _ := json.Marshal(frame)
			fmt.Fprintf(w, "data: %s\n\n", raw)
			w.(http.Flusher).Flush()
		}
	}
}

func (d *desk) postFrame(w http.ResponseWriter, r *http.Request) {
	token := d.bearer(w, r)
	if token == "" {
		return
	}
	raw, err := io.ReadAll(io.LimitReader(r.Body, 32<<10))
	if err != nil {
		return
	}
	d.mu.Lock()
	refuse := d.refuseFrames
	d.mu.Unlock()
	if refuse != "" && strings.Contains(string(raw), `"message"`) {
		fail(w, 400, refuse)
		return
	}
	d.take(token, raw, nil)
	answer(w, 202, map[string]any{})
}

// quiet is what the desk knows of the mode.
func (s *session) quiet() bool {
	if len(s.covert) > 0 {
		return s.covert[len(s.covert)-1]
	}
	return s.opening["covert"] == true
}

// take does what the server does with a client's frame.
func (d *desk) take(token string, raw []byte, from *line) {
	var frame map[string]any
	if err := json.Unmarshal(raw, &frame); err != nil {
		d.t.Errorf("the client sent %q: %v", raw, err)
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	defer d.changed.Broadcast()
	s := d.sessions[token]
	if s == nil {
		return
	}
	reply := func(answer map[string]any) {
		if d.mute {
			return
		}
		for open := range s.lines {
			if from == nil || open == from {
				open.send <- answer
			}
		}
	}
	id, _ := frame["id"].(string)
	text, _ := frame["text"].(string)
	if address, ok := frame["email"].(string); ok {
		text = address
	}
	switch frame["type"] {
	case "ping":
		reply(map[string]any{"type": "pong"})
	case "typing":
		s.typed++
	case "covert":
		switch on := frame["on"] == true; {
		case on == s.quiet():
		case d.later["covert"] != "":
			reply(map[string]any{"type": "later", "code": d.later["covert"]})
			delete(d.later, "covert")
		default:
			s.covert = append(s.covert, on)
		}
	case "received":
		s.got = int(frame["n"].(float64))
	case "message", "location", "details", "end", "transcript":
		code := d.refuse[text]
		switch {
		case s.seenIDs[id]:
			// Taken before: said again, as a lost confirmation would be.
			for _, old := range s.frames {
				if old["id"] == id {
					reply(old)
				}
			}
		case code != "":
			reply(map[string]any{"type": "refused", "id": id, "code": code, "message": "no"})
		case d.later[text] != "":
			reply(map[string]any{"type": "later", "id": id, "code": d.later[text]})
			delete(d.later, text)
		default:
			s.seenIDs[id] = true
			d.number(s, d.durable(s, frame))
			if frame["type"] == "transcript" {
				d.number(s, map[string]any{"type": "notice", "code": "transcript_sent", "id": id, "at": time.Now().UTC().Format(time.RFC3339Nano)})
			}
		}
	default:
		d.t.Errorf("the client sent a frame of type %v", frame["type"])
	}
}

// durable is the numbered frame that confirms one of the client.
func (d *desk) durable(s *session, frame map[string]any) map[string]any {
	confirmed := map[string]any{"type": frame["type"], "id": frame["id"], "at": time.Now().UTC().Format(time.RFC3339Nano)}
	switch frame["type"] {
	case "message":
		confirmed["text"] = frame["text"]
		files := []map[string]any{}
		ids, _ := frame["files"].([]any)
		for _, id := range ids {
			kept := d.uploads[id.(string)]
			files = append(files, map[string]any{"file": id, "name": kept.name, "size": len(kept.body), "mediaType": kept.mediaType})
		}
		confirmed["files"] = files
	case "location":
		confirmed["type"], confirmed["text"] = "message", ""
		confirmed["location"] = map[string]any{"lat": frame["lat"], "lon": frame["lon"], "accuracyM": frame["accuracyM"]}
	case "details":
		for _, name := range []string{"name", "reach", "safeToContact", "location"} {
			if frame[name] != nil {
				confirmed[name] = frame[name]
			}
		}
	case "end":
		s.ended = true
		confirmed = map[string]any{"type": "notice", "code": "ended", "id": frame["id"], "at": confirmed["at"]}
	case "transcript":
		confirmed = map[string]any{"type": "notice", "code": "transcript_asked", "id": frame["id"], "at": confirmed["at"]}
	}
	return confirmed
}

// number gives a frame the next number and sends it to every connection.
func (d *desk) number(s *session, frame map[string]any) {
	frame["n"] = len(s.frames) + 1
	s.frames = append(s.frames, frame)
	for open := range s.lines {
		if !d.mute {
			open.send <- frame
		}
	}
}

func (d *desk) postFile(w http.ResponseWriter, r *http.Request) {
	if d.bearer(w, r) == "" {
		return
	}
	d.mu.Lock()
	hold := d.holdUpload
	d.mu.Unlock()
	first := make([]byte, 64<<10)
	n, _ := io.ReadFull(r.Body, first)
	if hold != nil {
		select {
		case <-hold:
		case <-r.Context().Done():
			return
		}
	}
	rest, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	body := append(first[:n], rest...)
	name, _ := url.PathUnescape(r.Header.Get("X-File-Name"))
	if int64(len(body)) != r.ContentLength {
		d.t.Errorf("upload of %d bytes said %d", len(body), r.ContentLength)
	}
	if strings.HasSuffix(name, ".full") {
		fail(w, 507, "disk_full")
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.made++
	id := fmt.Sprintf("file-%d", d.made)
	d.uploads[id] = upload{name: name, mediaType: r.Header.Get("Content-Type"), body: body}
	d.changed.Broadcast()
	answer(w, 201, map[string]any{"file": id, "name": name, "size": len(body), "mediaType": r.Header.Get("Content-Type")})
}

func (d *desk) getFile(w http.ResponseWriter, r *http.Request) {
	if d.bearer(w, r) == "" {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	kept, ok := d.uploads[r.PathValue("file")]
	if !ok {
		fail(w, 404, "file_unknown")
		return
	}
	w.Header().Set("Content-Disposition", "attachment")
	_, _ = w.Write(kept.body)
}

func (d *desk) bye(_ http.ResponseWriter, r *http.Request) {
	token, _ := io.ReadAll(io.LimitReader(r.Body, 1000))
	d.mu.Lock()
	defer d.mu.Unlock()
	d.byes = append(d.byes, string(token)+"?"+r.URL.RawQuery)
	if r.URL.Query().Get("forget") == "1" {
		if s := d.sessions[string(token)]; s != nil {
			for open := range s.lines {
				open.kill()
			}
			s.opening["forgotten"] = true
			d.sessions["forgotten-"+string(token)] = s
			delete(d.sessions, string(token))
		}
	}
	d.changed.Broadcast()
}

// What a test does at the desk.

// set changes or reads what the server uses at the same time.
func (d *desk) set(change func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	change()
}

// wait returns once what it asks for holds; it is called with the lock held.
func (d *desk) wait(what string, holds func() bool) {
	d.t.Helper()
	timer := time.AfterFunc(20*time.Second, func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.changed.Broadcast()
	})
	defer timer.Stop()
	end := time.Now().Add(20 * time.Second)
	d.mu.Lock()
	defer d.mu.Unlock()
	for !holds() {
		if time.Now().After(end) {
			d.t.Fatalf("the desk waited in vain for %s", what)
		}
		d.changed.Wait()
	}
}

// latest is the session that was opened last.
func (d *desk) latest() *session {
	var newest *session
	for _, each := range d.sessions {
		if newest == nil || len(each.id) > len(newest.id) || len(each.id) == len(newest.id) && each.id > newest.id {
			newest = each
		}
	}
	return newest
}

// texts are what the person has written so far, in order.
func (d *desk) texts() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	var all []string
	if s := d.latest(); s != nil {
		for _, frame := range s.frames {
			if frame["type"] == "message" {
				text, _ := frame["text"].(string)
				all = append(all, text)
			}
		}
	}
	return all
}

// push numbers and sends a frame of the desk.
func (d *desk) push(frame map[string]any) {
	d.mu.Lock()
	defer d.mu.Unlock()
	frame["at"] = time.Now().UTC().Format(time.RFC3339Nano)
	d.number(d.latest(), frame)
}

func (d *desk) reply(text string) {
	d.mu.Lock()
	d.made++
	id := "r-" + strconv.Itoa(d.made)
	d.mu.Unlock()
	d.push(map[string]any{"type": "reply", "reply": id, "text": text, "files": []any{}, "signedAs": "Sam, Derbyshire Police"})
}

// see marks everything so far as seen.
func (d *desk) see() {
	d.mu.Lock()
	var last any
	for _, frame := range d.latest().frames {
		if frame["type"] == "message" {
			last = frame["id"]
		}
	}
	d.mu.Unlock()
	d.push(map[string]any{"type": "seen", "id": last})
}

// signal sends a frame without a number.
func (d *desk) signal(frame map[string]any) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if frame["type"] == "presence" {
		d.presence = frame
	}
	for open := range d.latest().lines {
		open.send <- frame
	}
}

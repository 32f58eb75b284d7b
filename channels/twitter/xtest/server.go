// Package xtest plays X: its API in versions 2 and 1.1 and its deliveries by
// webhook, over real HTTP on this machine. It keeps what people and accounts
// do, enforces what X enforces (signatures, tokens, windows of calls, who may be
// answered, no text twice, paging), and fails when a script says so. Nothing of
// it is contactd's: tests and demonstrations run the real channel against it.
package xtest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strconv"
	"sync"
	"time"
)

// Options of a server.
type Options struct {
	// Listen is the address; empty takes a free port on loopback.
	Listen string
	// ConsumerKey and ConsumerSecret are the application's, Bearer its token.
	ConsumerKey, ConsumerSecret, Bearer string
	// Callback is where deliveries go; it can be set later.
	Callback string
	// Retry is the pause before a delivery is repeated; 0 for 20 ms.
	Retry time.Duration
	// Now is the clock, nil for time.Now.
	Now func() time.Time
	// Sent is told what an account of ours sends to a user; it must not call
	// back.
	Sent func(to, text string)
}

// Server is a running X.
type Server struct {
	options Options
	http    *http.Server
	socket  net.Listener
	address string
	base    context.Context
	stop    context.CancelFunc
	workers sync.WaitGroup
	waiting *deliveries

	mutex   sync.Mutex
	state   state
	limits  map[string]int // calls in 15 minutes, by name
	windows map[string]*window
	faults  []*Fault
	calls   []Call
	silent  chan struct{} // closed when it answers again
	page    int           // things of one page, 0 for what is asked for
	paged   func()        // between two pages
	newer   bool          // the dialect with posts
	closed1 bool          // version 1.1 is closed to the application
	closed2 bool          // version 2 is
	form    Form
	streams []*connection
	opened  int

	replaying replaying
}

// Form is how deliveries are written.
type Form int

// The forms of deliveries.
const (
	AccountActivity Form = iota // lists of one account
	ActivityAPI                 // one event each
)

// state is everything that outlives a restart.
type state struct {
	Serial   int64               `json:"serial"`
	Users    map[string]*User    `json:"users"`
	Accounts map[string]*Account `json:"accounts"`
	Posts    []*Post             `json:"posts"` // oldest first
	DMs      []*DM               `json:"dms"`   // oldest first
	Hook     *hook               `json:"hook"`
	Rules    []rule              `json:"rules"`
	Media    map[string]*Media   `json:"media"`
	Tried    []tried             `json:"tried"`
}

// User is somebody on X.
type User struct {
	ID, Handle, Name string
	// Closed takes no direct messages.
	Closed bool
}

// Account is one of ours.
type Account struct {
	User          string
	Token, Secret string // of OAuth 1.0a
	Enterprise    bool
	Refresh       string // of OAuth 2.0
	Access        map[string]time.Time
	Capped        bool
}

// Post is one version of a post.
type Post struct {
	ID, First    string
	History      []string
	User         string
	Text         string
	InReplyTo    string
	Quoted       string
	Conversation string
	Mentions     []string
	At           time.Time
	Deleted      bool
	Concealed    bool
	Hidden       bool
	Media        []string
}

// DM is a direct message.
type DM struct {
	ID, From, To, Text string
	At                 time.Time
	Media              string
}

// windowLength is that of every window.
const windowLength = 15 * time.Minute

// window counts calls.
type window struct {
	began time.Time
	used  int
}

// Limits are X's, by the name of the call (method and path).
func Limits() map[string]int {
	return map[string]int{
		"GET /2/users/:id/mentions": 300, "GET /2/users/:id/tweets": 900, "GET /2/tweets": 900, "GET /2/users/me": 75,
		"GET /2/dm_events": 15, "GET /2/dm_conversations/with/:id/dm_events": 15, "GET /2/dm_conversations/:id/dm_events": 15,
		"POST /2/tweets": 100, "POST /2/dm_conversations/with/:id/messages": 15, "PUT /2/tweets/:id/hidden": 50,
		"GET /1.1/statuses/mentions_timeline.json": 75, "GET /1.1/direct_messages/events/list.json": 15,
	}
}

// Start opens the server.
func Start(o Options) (*Server, error) {
	if o.Listen == "" {
		o.Listen = "127.0.0.1:0"
	}
	if o.Retry == 0 {
		o.Retry = 20 * time.Millisecond
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	socket, err := net.Listen("tcp", o.Listen)
	if err != nil {
		return nil, fmt.Errorf("start simulator: %w", err)
	}
	s := &Server{
		options: o, limits: Limits(), windows: map[string]*window{},
		state: state{Users: map[string]*User{}, Accounts: map[string]*Account{}, Media: map[string]*Media{}},
	}
	s.base, s.stop = context.WithCancel(context.Background())
	s.address = socket.Addr().String()
	s.open(socket)
	s.waiting = newDeliveries(s)
	return s, nil
}

// open answers on a socket. The caller holds mutex or is alone.
func (s *Server) open(socket net.Listener) {
	server := &http.Server{Handler: http.HandlerFunc(s.serve), ReadHeaderTimeout: 10 * time.Second}
	s.http, s.socket = server, socket
	s.workers.Go(func() { _ = server.Serve(socket) })
}

// Away makes the API unreachable, so that nothing can be sent to it, or
// reachable again at the same address. Deliveries go on.
func (s *Server) Away(away bool) error {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if away {
		// Not left to the server: it may not have begun to serve, and whoever
		// connects meanwhile would wait in the socket's queue.
		_ = s.socket.Close()
		return s.http.Close()
	}
	socket, err := net.Listen("tcp", s.address)
	if err != nil {
		return fmt.Errorf("open simulator again: %w", err)
	}
	s.open(socket)
	return nil
}

// URL is the address of the API.
func (s *Server) URL() string { return "http://" + s.address }

// Close stops deliveries and answers.
func (s *Server) Close() error {
	s.Silent(false)
	s.stop()
	s.waiting.end()
	s.mutex.Lock()
	server := s.http
	s.mutex.Unlock()
	err := server.Close()
	s.workers.Wait()
	return err
}

// Save writes the state to a file, and Load reads it: what people and accounts
// did, not what is still to be delivered.
func (s *Server) Save(file string) error {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	raw, err := json.Marshal(s.state)
	return errors.Join(err, os.WriteFile(file, raw, 0o600))
}

// Load reads what Save wrote.
func (s *Server) Load(file string) error {
	raw, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("load simulator: %w", err)
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return json.Unmarshal(raw, &s.state)
}

// Callback sets where deliveries go; empty for nowhere.
func (s *Server) Callback(url string) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.options.Callback = url
}

// Limit sets how often a call is allowed in a window; name as in Limits, empty
// for all calls.
func (s *Server) Limit(name string, calls int) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if name != "" {
		s.limits[name] = calls
		return
	}
	for each := range s.limits {
		s.limits[each] = calls
	}
}

func (s *Server) now() time.Time { return s.options.Now().UTC() }

// epoch is where the time in X's ids begins.
const epoch = 1288834974657

// id gives the next id. The caller holds mutex.
func (s *Server) id() string {
	next := (s.now().UnixMilli() - epoch) << 22
	if next <= s.state.Serial {
		next = s.state.Serial + 1
	}
	s.state.Serial = next
	return strconv.FormatInt(next, 10)
}

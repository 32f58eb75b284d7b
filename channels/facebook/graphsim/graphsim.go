// Package graphsim plays Meta: the Graph API and the deliveries of webhooks,
// over real HTTP on this machine. It keeps what people and pages do, enforces
// what Meta enforces (signatures, tokens and proofs, the windows of answers,
// one private answer to a comment, paging), and fails when a script says so.
// Nothing of it is contactd's: tests and demonstrations run the real channel
// against it.
package graphsim

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"sync"
	"time"
)

// Options of a server.
type Options struct {
	// Listen is the address; empty takes a free port on loopback.
	Listen string
	// AppSecret, VerifyToken and Token are what the app knows.
	AppSecret, VerifyToken, Token string
	// Callback is where deliveries go; it can be set later.
	Callback string
	// Retry is the pause before a delivery is repeated; 0 for 20 ms.
	Retry time.Duration
	// Now is the clock, nil for time.Now.
	Now func() time.Time
	// Sent is told what an account sends, and to whom; nil tells nobody. It must
	// not call the server.
	Sent func(to, text string)
	// Seed makes what is random repeatable.
	Seed uint64
}

// Server is a running Meta.
type Server struct {
	options Options
	http    *http.Server
	socket  net.Listener
	address string
	base    context.Context
	stop    context.CancelFunc
	workers sync.WaitGroup
	waiting *deliveries

	mutex     sync.Mutex
	state     state
	faults    []*Fault
	usage     string // X-Business-Use-Case-Usage
	allowance *allowance
	calls     []Call
	echo      Echo
	scopes    []string // permissions of the token
	lag       bool
	lagging   []Element     // echoes that come without lag
	silent    chan struct{} // closed when it answers again
	page      int           // elements of one page of a list
	paged     func()        // between two pages
}

// state is everything that outlives a restart.
type state struct {
	Serial   int                 `json:"serial"`
	Accounts map[string]*Account `json:"accounts"`
	Threads  map[string]*Thread  `json:"threads"` // by account/person
	Objects  map[string]*Object  `json:"objects"` // posts, comments, reviews
	Order    []string            `json:"order"`   // of objects, oldest first
	Private  map[string]bool     `json:"private"` // comments answered privately
	Expired  int                 `json:"expired"` // cursors given before are dead
	Files    map[string][]byte   `json:"files"`
	Names    map[string]string   `json:"names"` // of people
}

// Account is a page, Instagram account or WhatsApp number.
type Account struct {
	ID         string          `json:"id"`
	Object     string          `json:"object"`
	Subscribed map[string]bool `json:"subscribed"`
	Human      bool            `json:"human"`            // Human Agent is approved
	Second     bool            `json:"second,omitempty"` // another app is put first
	FailingAt  time.Time       `json:"failing_at"`
}

// Thread is a conversation with a person.
type Thread struct {
	Person   string    `json:"person"`
	Name     string    `json:"name"`
	Account  string    `json:"account"`
	Messages []Message `json:"messages"`
	WroteAt  time.Time `json:"wrote_at"`
	Gone     bool      `json:"gone"` // the person has blocked the page
	// Other is set while another app answers.
	Other bool `json:"other,omitempty"`
}

// Message is one in a thread.
type Message struct {
	ID       string    `json:"id"`
	From     string    `json:"from"`
	Text     string    `json:"text"`
	Metadata string    `json:"metadata,omitempty"`
	File     string    `json:"file,omitempty"` // its address
	At       time.Time `json:"at"`
	Tag      string    `json:"tag,omitempty"`
	Unseen   bool      `json:"unseen,omitempty"` // no list shows it yet
}

// Object is a post, comment or review.
type Object struct {
	Kind    string    `json:"kind"`
	ID      string    `json:"id"`
	Account string    `json:"account"` // on whose page it stands
	From    string    `json:"from"`
	Name    string    `json:"name"`
	Text    string    `json:"text"`
	Post    string    `json:"post,omitempty"`
	Parent  string    `json:"parent,omitempty"`
	Photo   string    `json:"photo,omitempty"`
	Hidden  bool      `json:"hidden,omitempty"`
	Removed bool      `json:"removed,omitempty"`
	Tagged  bool      `json:"tagged,omitempty"`
	Private bool      `json:"private,omitempty"` // not shown to other apps
	At      time.Time `json:"at"`
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
	s := &Server{options: o, page: 25, scopes: everyScope(), state: state{
		Accounts: map[string]*Account{}, Threads: map[string]*Thread{}, Objects: map[string]*Object{},
		Private: map[string]bool{}, Files: map[string][]byte{}, Names: map[string]string{},
	}}
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

// URL is the address of the Graph API.
func (s *Server) URL() string { return "http://" + s.address }

// Close stops deliveries and answers.
func (s *Server) Close() error {
	s.Silent(false)
	s.stop()
	s.mutex.Lock()
	server := s.http
	s.mutex.Unlock()
	err := server.Close()
	s.workers.Wait()
	return err
}

// Save writes the state to a file, and Load reads it: what people and pages
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

// Callback sets where deliveries go.
func (s *Server) Callback(url string) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.options.Callback = url
}

// Account adds an account of an object: "page", "instagram" or
// "whatsapp_business_account". Only pages need a subscription.
func (s *Server) Account(id, object string, human bool) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	a := &Account{ID: id, Object: object, Human: human, Subscribed: map[string]bool{}}
	if object != "page" {
		a.Subscribed["*"] = true
	}
	s.state.Accounts[id] = a
}

// Subscribe subscribes a page as an operator would.
func (s *Server) Subscribe(id string, fields ...string) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	for _, field := range fields {
		s.state.Accounts[id].Subscribed[field] = true
	}
}

// Subscribed reports whether an account is delivered at all.
func (s *Server) Subscribed(id string) bool {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return len(s.state.Accounts[id].Subscribed) > 0
}

// serial numbers everything. The caller holds mutex.
func (s *Server) serial() int {
	s.state.Serial++
	return s.state.Serial
}

func (s *Server) now() time.Time { return s.options.Now().UTC() }

// thread returns a conversation, begun if need be. The caller holds mutex.
func (s *Server) thread(account, person string) *Thread {
	key := account + "/" + person
	if s.state.Threads[key] == nil {
		s.state.Threads[key] = &Thread{Person: person, Name: s.name(person), Account: account}
	}
	return s.state.Threads[key]
}

// Name gives a person a name.
func (s *Server) Name(person, name string) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.state.Names[person] = name
}

// name is what a person is called. The caller holds mutex.
func (s *Server) name(person string) string {
	if name := s.state.Names[person]; name != "" {
		return name
	}
	return "Person " + person
}

// sent tells what an account sent. The caller holds mutex.
func (s *Server) sent(to, text string) {
	if s.options.Sent != nil {
		s.options.Sent(to, text)
	}
}

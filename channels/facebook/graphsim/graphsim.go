// Package graphsim plays Meta: the Graph API and the deliveries of webhooks,
// over real HTTP on this machine. It keeps what people and pages do, enforces
// what Meta enforces (signatures, tokens and proofs, the windows of answers,
// one private answer to a comment, paging), and fails when a script says so.
// Nothing of it is contactd's: tests and demonstrations run the real channel
// against it.
package graphsim

import (
	"sync"
	"time"

	"contactd/channels/simulator"
)

// Options of a server.
type Options struct {
	simulator.Options
	// AppSecret, VerifyToken and Token are what the app knows; System, a token
	// of a system user, for which the page's own, Token, is given.
	AppSecret, VerifyToken, Token, System string
}

// Fault makes calls fail.
type Fault = simulator.Fault

// Weather is how unreliable everything is.
type Weather = simulator.Weather

// Server is a running Meta.
type Server struct {
	*simulator.Base
	*simulator.Deliveries[Element]
	options Options

	mutex     sync.Mutex
	state     state
	usage     string // X-Business-Use-Case-Usage
	allowance *allowance
	echo      Echo
	scopes    []string // permissions of the token
	lag       bool
	lagging   []Element // echoes that come without lag
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
	Page       string          `json:"page,omitempty"`   // to which an Instagram account is linked
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
	base, err := simulator.Listen(o.Options)
	if err != nil {
		return nil, err
	}
	s := &Server{Base: base, options: o, scopes: everyScope(), state: state{
		Accounts: map[string]*Account{}, Threads: map[string]*Thread{}, Objects: map[string]*Object{},
		Private: map[string]bool{}, Files: map[string][]byte{}, Names: map[string]string{},
	}}
	s.Pages(25, nil)
	s.Deliveries = simulator.Deliver(base, simulator.Courier[Element]{
		Workers: 4, Body: s.signed, Text: func(e Element) []byte { return e.Value }, Taken: s.taken, Refused: s.refused,
	})
	s.Serve(simulator.API{Answer: s.answerCall, Misfortunes: misfortunes()})
	return s, nil
}

// Save writes the state to a file, and Load reads it: what people and pages
// did, not what is still to be delivered.
func (s *Server) Save(file string) error {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return simulator.Save(file, s.state)
}

// Load reads what Save wrote.
func (s *Server) Load(file string) error {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return simulator.Load(file, &s.state)
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

// Link links an Instagram account to a page, by which its messages go then.
func (s *Server) Link(instagram, page string) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.state.Accounts[instagram].Page = page
}

// linked is the Instagram account of a page, nil without. The caller holds
// mutex.
func (s *Server) linked(page string) *Account {
	for _, a := range s.state.Accounts {
		if a.Page != "" && a.Page == page {
			return a
		}
	}
	return nil
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

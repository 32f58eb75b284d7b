// Package xtest plays X: its API in versions 2 and 1.1 and its deliveries by
// webhook, over real HTTP on this machine. It keeps what people and accounts
// do, enforces what X enforces (signatures, tokens, windows of calls, who may be
// answered, no text twice, paging), and fails when a script says so. Nothing of
// it is contactd's: tests and demonstrations run the real channel against it.
package xtest

import (
	"net/http"
	"strconv"
	"sync"
	"time"

	"contactd/channels/simulator"
)

// Options of a server.
type Options struct {
	simulator.Options
	// ConsumerKey and ConsumerSecret are the application's, Bearer its token.
	ConsumerKey, ConsumerSecret, Bearer string
}

// Fault makes calls fail.
type Fault = simulator.Fault

// Weather is how unreliable everything is.
type Weather = simulator.Weather

// Server is a running X.
type Server struct {
	*simulator.Base
	*simulator.Deliveries[[]byte]
	options Options

	mutex     sync.Mutex
	state     state
	limits    map[string]int // calls in 15 minutes, by name
	windows   map[string]*window
	newer     bool // the dialect with posts
	closed1   bool // version 1.1 is closed to the application
	closed2   bool // version 2 is
	form      Form
	streams   []*connection
	opened    int
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
	Long          bool   // may post more than 280 characters
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
	base, err := simulator.Listen(o.Options)
	if err != nil {
		return nil, err
	}
	s := &Server{
		Base: base, options: o, limits: Limits(), windows: map[string]*window{},
		state: state{Users: map[string]*User{}, Accounts: map[string]*Account{}, Media: map[string]*Media{}},
	}
	s.Deliveries = simulator.Deliver(base, simulator.Courier[[]byte]{
		Workers: 1, Body: s.signed, Text: func(body []byte) []byte { return body },
	})
	s.Serve(simulator.API{Answer: s.answerCall, Whole: whole, Misfortunes: []Fault{
		{}, {After: true}, {Status: http.StatusServiceUnavailable, Body: "over capacity"}, {Status: http.StatusServiceUnavailable, Body: "over capacity", After: true},
	}})
	return s, nil
}

// Save writes the state to a file, and Load reads it: what people and accounts
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

// epoch is where the time in X's ids begins.
const epoch = 1288834974657

// id gives the next id. The caller holds mutex.
func (s *Server) id() string {
	next := (s.Now().UnixMilli() - epoch) << 22
	if next <= s.state.Serial {
		next = s.state.Serial + 1
	}
	s.state.Serial = next
	return strconv.FormatInt(next, 10)
}

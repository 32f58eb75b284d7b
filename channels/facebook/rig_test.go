package facebook

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"contactd/channels"
	"contactd/channels/channelstest"
	"contactd/channels/facebook/graphsim"
	"contactd/channels/simulator"
	"contactd/contact"
)

const (
	appSecret   = "planted-app-secret"
	verifyToken = "planted-verify-token"
	accessToken = "planted-access-token-EAAB"
	townPage    = "1058201444"
	resident    = "24830117"
)

// clock is a time that a test moves.
type clock struct{ ahead atomic.Int64 }

func (c *clock) now() time.Time       { return time.Now().Add(time.Duration(c.ahead.Load())) }
func (c *clock) pass(d time.Duration) { c.ahead.Add(int64(d)) }

// rig is Meta with a channel that it can reach.
type rig struct {
	t       testing.TB
	meta    *graphsim.Server
	front   *httptest.Server
	dir     string
	clock   clock
	backlog channels.Backlog
	paced   bool // conversations are read as slowly as Meta asks for
	inbox   channelstest.Inbox
	blobs   channelstest.Blobs
	well    channelstest.Health
	news    outcomes

	mutex   sync.Mutex
	current *Channel
}

// outcomes keeps what the channel tells.
type outcomes struct {
	mutex sync.Mutex
	all   []contact.Outcome
	fail  error
}

func (o *outcomes) Outcome(_ context.Context, outcome contact.Outcome) error {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	if o.fail != nil {
		return o.fail
	}
	o.all = append(o.all, outcome)
	return nil
}

func (o *outcomes) of(reply string) []contact.ReplyState {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	var states []contact.ReplyState
	for _, each := range o.all {
		if each.ReplyID == reply {
			states = append(states, each.State)
		}
	}
	return states
}

func newRig(t testing.TB) *rig {
	t.Helper()
	r := &rig{t: t, dir: t.TempDir()}
	for name, content := range map[string]string{"secret": appSecret, "verify": verifyToken, "token": accessToken, "wrong": "planted-wrong-token"} {
		if err := os.WriteFile(filepath.Join(r.dir, name), []byte(content+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	r.front = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		r.mutex.Lock()
		ch := r.current
		r.mutex.Unlock()
		if ch == nil {
			http.Error(w, "starting", http.StatusBadGateway)
			return
		}
		ch.Webhooks()[0].ServeHTTP(w, request)
	}))
	t.Cleanup(r.front.Close)
	meta, err := graphsim.Start(graphsim.Options{
		Options:   simulator.Options{Callback: r.front.URL + "/facebook", Now: r.clock.now, Retry: 10 * time.Millisecond},
		AppSecret: appSecret, VerifyToken: verifyToken, Token: accessToken,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = meta.Close() })
	r.meta = meta
	meta.Account(townPage, "page", true)
	return r
}

// config is of the page "town".
func (r *rig) config() Config {
	return Config{
		AppSecretFile: filepath.Join(r.dir, "secret"), VerifyTokenFile: filepath.Join(r.dir, "verify"), GraphURL: r.meta.URL(),
		Accounts: []Account{{Name: "town", ID: townPage, TokenFile: filepath.Join(r.dir, "token"), HumanAgent: true}},
	}
}

// quick is patient for milliseconds only.
func quick() timing {
	return timing{audit: 10 * time.Minute, token: 24 * time.Hour, settle: 0, blocked: time.Hour, retry: 5 * time.Millisecond, longest: 50 * time.Millisecond, reads: 1000, hold: time.Minute, slow: time.Millisecond}
}

// open makes a channel that Meta reaches from now on.
func (r *rig) open(c Config, deps channelstest.Deps) *Channel {
	r.t.Helper()
	ch, err := New(c, Deps{Blobs: deps.Blobs, Health: deps.Health, Log: deps.Log, Outcomes: &r.news, Backlog: r.backlog})
	if err != nil {
		r.t.Fatal(err)
	}
	ch.timing, ch.now = quick(), r.clock.now
	ch.brake.Limit = ch.timing.hold
	if r.paced {
		ch.timing.conversations = defaultTiming().conversations
	}
	for _, a := range ch.accounts {
		a.graph = ch.client(a.Account)
	}
	r.mutex.Lock()
	r.current = ch
	r.mutex.Unlock()
	r.t.Cleanup(func() {
		for _, a := range ch.accounts {
			a.graph.Close()
		}
	})
	return ch
}

func (r *rig) deps() channelstest.Deps {
	return channelstest.Deps{Blobs: &r.blobs, Health: &r.well, Log: slog.New(slog.DiscardHandler)}
}

// start opens a channel and lets it receive until stop, or the test's end.
func (r *rig) start(c Config) (ch *Channel, stop func()) {
	r.t.Helper()
	ch = r.open(c, r.deps())
	return ch, r.run(ch)
}

// run lets a channel receive until stop, or the test's end.
func (r *rig) run(ch *Channel) (stop func()) {
	r.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = ch.Receive(ctx, &r.inbox) }()
	stop = sync.OnceFunc(func() { cancel(); <-done })
	r.t.Cleanup(stop)
	return stop
}

// subscribed waits until the channel has subscribed the page.
func (r *rig) subscribed() {
	r.t.Helper()
	r.until("a subscription", func() bool { return r.meta.Subscribed(townPage) })
}

func (r *rig) until(what string, done func() bool) {
	r.t.Helper()
	for end := time.Now().Add(20 * time.Second); !done(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			r.t.Fatalf("no %s; accepted %d, told failures %.500v", what, len(r.inbox.Accepted()), fmt.Sprint(r.well.Failures()))
		}
	}
}

// await waits for n originals and reads all.
func (r *rig) await(ch *Channel, n int) []contact.Message {
	r.t.Helper()
	r.until("originals", func() bool { return len(r.inbox.Accepted()) >= n })
	return r.read(ch)
}

func (r *rig) read(ch *Channel) []contact.Message {
	r.t.Helper()
	var all []contact.Message
	for _, original := range r.inbox.Accepted() {
		message, err := ch.Read(context.Background(), original)
		if err != nil {
			r.t.Fatalf("read %s: %v", original.ID, err)
		}
		all = append(all, message)
	}
	return all
}

var _ channels.Outcomes = (*outcomes)(nil)

// lostAnswer takes what is sent and breaks the connection before it says so.
var lostAnswer = graphsim.Fault{Call: "POST", After: true}

// away makes the API unreachable, or reachable again.
func (r *rig) away(away bool) {
	if err := r.meta.Away(away); err != nil {
		r.t.Error(err)
	}
}

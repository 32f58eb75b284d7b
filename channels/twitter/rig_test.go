package twitter

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

	"contactd/channels/channelstest"
	"contactd/channels/simulator"
	"contactd/channels/twitter/xtest"
	"contactd/contact"
)

const (
	consumerSecret = "planted-consumer-secret"
	bearerToken    = "planted-bearer-token"
	tokenSecret    = "planted-token-secret"
	wrongSecret    = "planted-wrong-secret"
	townID         = "1600000000000000001"
	resident       = "1600000000000000005"
	neighbour      = "1600000000000000006"
)

// clock is a time that a test moves.
type clock struct{ ahead atomic.Int64 }

func (c *clock) now() time.Time       { return time.Now().Add(time.Duration(c.ahead.Load())) }
func (c *clock) pass(d time.Duration) { c.ahead.Add(int64(d)) }

// rig is X with a channel that it can reach.
type rig struct {
	t     testing.TB
	x     *xtest.Server
	front *httptest.Server
	dir   string
	clock clock
	inbox channelstest.Inbox
	blobs channelstest.Blobs
	well  channelstest.Health
	news  outcomes
	lag   backlog

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

// backlog is how much was taken and not read yet.
type backlog struct{ waiting atomic.Int64 }

func (b *backlog) Unread(int) (int, error) { return int(b.waiting.Load()), nil }

// newRig starts X with the account "town". It delivers nothing before somebody
// calls r.hook.
func newRig(t testing.TB) *rig {
	t.Helper()
	r := &rig{t: t, dir: t.TempDir()}
	r.write("secret", consumerSecret)
	r.write("bearer", bearerToken)
	r.write("token", "town-token\n"+tokenSecret)
	r.write("wrong", "town-token\n"+wrongSecret)
	x, err := xtest.Start(xtest.Options{
		Options:     simulator.Options{Now: r.clock.now, Retry: 10 * time.Millisecond},
		ConsumerKey: "key", ConsumerSecret: consumerSecret, Bearer: bearerToken,
	})
	if err != nil {
		t.Fatal(err)
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
	t.Cleanup(func() { _ = x.Close() })
	r.x = x
	x.Account(townID, "town", "town-token", tokenSecret)
	x.Person(resident, "jo", "Jo Resident")
	x.Person(neighbour, "sam", "Sam Neighbour")
	x.Limit("", 1_000_000)
	return r
}

// hook lets X deliver.
func (r *rig) hook() { r.x.Callback(r.front.URL + "/twitter") }

func (r *rig) write(name, content string) {
	if err := os.WriteFile(r.file(name), []byte(content+"\n"), 0o600); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) file(name string) string { return filepath.Join(r.dir, name) }

// config is of the account "town".
func (r *rig) config() Config {
	return Config{
		ConsumerKey: "key", ConsumerSecretFile: r.file("secret"), APIURL: r.x.URL(),
		Accounts: []Account{{Name: "town", UserID: townID, TokenFile: r.file("token")}},
	}
}

// refused is the same with a token that X does not accept.
func (r *rig) refused() Config {
	c := r.config()
	c.Accounts[0].TokenFile = r.file("wrong")
	return c
}

// quick is patient for milliseconds only.
func quick() timing {
	return timing{
		mentions: 10 * time.Millisecond, messages: 10 * time.Millisecond, review: 50 * time.Millisecond, audit: 20 * time.Millisecond,
		network: 5 * time.Millisecond, refused: 5 * time.Millisecond,
		retry: 5 * time.Millisecond, longest: 50 * time.Millisecond, hold: time.Minute, step: 5 * time.Millisecond,
	}
}

// open makes a channel that X reaches from now on.
func (r *rig) open(c Config, deps channelstest.Deps) *Channel {
	r.t.Helper()
	ch, err := New(c, Deps{Blobs: deps.Blobs, Health: deps.Health, Log: deps.Log, Outcomes: &r.news, Backlog: &r.lag})
	if err != nil {
		r.t.Fatal(err)
	}
	ch.timing, ch.now = quick(), r.clock.now
	ch.brake.Limit = ch.timing.hold
	r.mutex.Lock()
	r.current = ch
	r.mutex.Unlock()
	r.t.Cleanup(func() {
		for _, a := range ch.accounts {
			a.client.Close()
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
	return r.run(r.open(c, r.deps()))
}

func (r *rig) run(ch *Channel) (*Channel, func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = ch.Receive(ctx, &r.inbox) }()
	stop := sync.OnceFunc(func() { cancel(); <-done })
	r.t.Cleanup(stop)
	return ch, stop
}

func (r *rig) until(what string, done func() bool) {
	r.t.Helper()
	for end := time.Now().Add(30 * time.Second); !done(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			r.t.Fatalf("no %s; accepted %d, told failures %.500v", what, len(r.inbox.Accepted()), fmt.Sprint(r.well.Failures()))
		}
	}
}

// await waits for n originals and reads all.
func (r *rig) await(ch *Channel, n int) []contact.Message {
	r.t.Helper()
	r.until(fmt.Sprint(n, " originals"), func() bool { return len(r.inbox.Accepted()) >= n })
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

// healthy waits until the account works, or fails with what is told.
func (r *rig) healthy(so func(err error, told bool) bool) {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := r.well.Await(ctx, Kind, "town", so); err != nil {
		r.t.Fatal(err)
	}
}

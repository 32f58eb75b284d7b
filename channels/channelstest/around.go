package channelstest

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"contactd/channels"
	"contactd/contact"
)

// Around is what stands around a channel to which a platform delivers, in the
// channel's own tests: an address that stays while the channel is opened again,
// files of secrets, a clock, and everything that a channel is made with.
type Around struct {
	T        testing.TB
	Clock    Clock
	Inbox    Inbox
	Blobs    Blobs
	Health   Health
	Outcomes Outcomes
	Backlog  Backlog
	// Front is where the platform delivers, without the channel's path.
	Front string

	dir     string
	mutex   sync.Mutex
	current http.Handler
}

// NewAround opens the address, on which nothing answers yet.
func NewAround(t testing.TB) *Around {
	t.Helper()
	a := &Around{T: t, dir: t.TempDir()}
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a.mutex.Lock()
		current := a.current
		a.mutex.Unlock()
		if current == nil {
			http.Error(w, "starting", http.StatusBadGateway)
			return
		}
		current.ServeHTTP(w, r)
	}))
	t.Cleanup(front.Close)
	a.Front = front.URL
	return a
}

// Reach lets the platform reach a channel from now on.
func (a *Around) Reach(current http.Handler) {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	a.current = current
}

// Write writes a file, such as that of a secret.
func (a *Around) Write(name, content string) {
	if err := os.WriteFile(a.File(name), []byte(content+"\n"), 0o600); err != nil {
		a.T.Fatal(err)
	}
}

// File is where Write writes.
func (a *Around) File(name string) string { return filepath.Join(a.dir, name) }

// Deps are what a channel is made with.
func (a *Around) Deps() Deps {
	return Deps{Blobs: &a.Blobs, Health: &a.Health, Log: slog.New(slog.DiscardHandler)}
}

// Run lets a channel receive until stop, or the test's end.
func (a *Around) Run(ch channels.Channel) (stop func()) {
	a.T.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = ch.Receive(ctx, &a.Inbox) }()
	stop = sync.OnceFunc(func() { cancel(); <-done })
	a.T.Cleanup(stop)
	return stop
}

// Until waits until something is done.
func (a *Around) Until(what string, done func() bool) {
	a.T.Helper()
	for end := time.Now().Add(patience); !done(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			a.T.Fatalf("no %s; accepted %d, told failures %.500v", what, len(a.Inbox.Accepted()), fmt.Sprint(a.Health.Failures()))
		}
	}
}

// Await waits for n originals and reads all.
func (a *Around) Await(ch channels.Reader, n int) []contact.Message {
	a.T.Helper()
	a.Until(fmt.Sprint(n, " originals"), func() bool { return len(a.Inbox.Accepted()) >= n })
	return a.Read(ch)
}

// Read reads all that was accepted.
func (a *Around) Read(ch channels.Reader) []contact.Message {
	a.T.Helper()
	var all []contact.Message
	for _, original := range a.Inbox.Accepted() {
		message, err := ch.Read(context.Background(), original)
		if err != nil {
			a.T.Fatalf("read %s: %v", original.ID, err)
		}
		all = append(all, message)
	}
	return all
}

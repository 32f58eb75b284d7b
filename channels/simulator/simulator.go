// Package simulator is what all platforms have in common that are played: an
// API on a socket of this machine that can be away, silent or faulty, a record
// of its calls, and deliveries to a callback in any weather, repeated until they
// are taken. What a platform keeps and answers, and what it delivers, is its
// own: graphsim plays Meta, xtest plays X, for tests and demonstrations.
package simulator

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"sync"
	"time"
)

// Options are those that all simulators take.
type Options struct {
	// Listen is the address; empty takes a free port on loopback.
	Listen string
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

// Base is a platform's API.
type Base struct {
	options Options
	base    context.Context
	stop    context.CancelFunc
	workers sync.WaitGroup
	address string
	api     API

	mutex    sync.Mutex
	callback string
	http     *http.Server
	socket   net.Listener
	faults   []*Fault
	calls    []Call
	silent   chan struct{} // closed when it answers again
	page     int           // elements of one page of a list, 0 for what is asked for
	paged    func()        // between two pages

	luck    sync.Mutex
	random  *rand.Rand
	weather Weather
}

// API answers calls.
type API struct {
	// Answer does a call that no fault has met, and answers it.
	Answer func(w http.ResponseWriter, r *http.Request, body []byte)
	// Whole reports calls that are answered piece by piece, as streams and
	// files are: a fault after their work is none. Nil for none.
	Whole func(r *http.Request) bool
	// Misfortunes are what the weather does to calls.
	Misfortunes []Fault
}

// Listen takes a socket, on which nothing answers before Serve.
func Listen(o Options) (*Base, error) {
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
	b := &Base{options: o, callback: o.Callback, socket: socket, address: socket.Addr().String(), random: rand.New(rand.NewPCG(o.Seed, 7))}
	b.base, b.stop = context.WithCancel(context.Background())
	return b, nil
}

// Serve begins to answer.
func (b *Base) Serve(api API) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	b.api = api
	b.open(b.socket)
}

// open answers on a socket. The caller holds mutex.
func (b *Base) open(socket net.Listener) {
	server := &http.Server{Handler: http.HandlerFunc(b.serve), ReadHeaderTimeout: 10 * time.Second}
	b.http, b.socket = server, socket
	b.workers.Go(func() { _ = server.Serve(socket) })
}

// Away makes the API unreachable, so that nothing can be sent to it, or
// reachable again at the same address. Deliveries go on.
func (b *Base) Away(away bool) error {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	if away {
		// Not left to the server: it may not have begun to serve, and whoever
		// connects meanwhile would wait in the socket's queue.
		_ = b.socket.Close()
		return shut(b.http)
	}
	socket, err := net.Listen("tcp", b.address)
	if err != nil {
		return fmt.Errorf("open simulator again: %w", err)
	}
	b.open(socket)
	return nil
}

// URL is the address of the API.
func (b *Base) URL() string { return "http://" + b.address }

// Close stops deliveries and answers.
func (b *Base) Close() error {
	b.Silent(false)
	b.stop()
	b.mutex.Lock()
	server := b.http
	b.mutex.Unlock()
	err := shut(server)
	b.workers.Wait()
	return err
}

// shut closes a server, whose socket may be closed already.
func shut(server *http.Server) error {
	if err := server.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("close simulator: %w", err)
	}
	return nil
}

// Done is closed when the simulator ends; Context ends then too.
func (b *Base) Done() <-chan struct{} { return b.base.Done() }

// Context ends with the simulator.
func (b *Base) Context() context.Context { return b.base }

// Now is the time, in UTC.
func (b *Base) Now() time.Time { return b.options.Now().UTC() }

// Sent tells what an account has sent.
func (b *Base) Sent(to, text string) {
	if b.options.Sent != nil {
		b.options.Sent(to, text)
	}
}

// Callback sets where deliveries go; empty for nowhere.
func (b *Base) Callback(url string) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	b.callback = url
}

// CallbackURL is where deliveries go.
func (b *Base) CallbackURL() string {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.callback
}

// Pages sets how many elements a page of a list has at most, and what happens
// between two pages.
func (b *Base) Pages(size int, between func()) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	b.page, b.paged = size, between
}

// Page is what Pages set.
func (b *Base) Page() (size int, between func()) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.page, b.paged
}

// chance reports whether something of a probability happens.
func (b *Base) chance(p float64) bool {
	b.luck.Lock()
	defer b.luck.Unlock()
	return b.random.Float64() < p
}

// pick is a number below n.
func (b *Base) pick(n int) int {
	b.luck.Lock()
	defer b.luck.Unlock()
	return b.random.IntN(n)
}

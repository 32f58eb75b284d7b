package webchat

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"contactd/channels"
	"contactd/channels/certificate"
	"contactd/channels/listen"
	"contactd/channels/lobby"
	"contactd/channels/webchat/store"
)

// headerLimit is the size of a request's header; ours are far smaller.
const headerLimit = 16 << 10

// running is the chat between the beginning and the end of Receive.
type running struct {
	*Channel
	inbox   channels.Inbox
	store   *store.Store
	url     string
	rooms   *rooms
	lines   *lines
	door    *lobby.Lobby
	tickets tickets
	limiter *limiter
	origins origins
	// receipts and copies have room for one sign that there may be some.
	receipts, copies chan struct{}
	// ctx ends with Receive; work is what must end before the store closes.
	ctx     context.Context
	closing sync.RWMutex
	work    sync.WaitGroup

	languages []string
	noticed   sync.Map // what noticeProxy has told
}

// begin announces work that must end before the store closes, unless the end
// has begun. The caller calls work.Done.
func (r *running) begin() bool {
	r.closing.RLock()
	defer r.closing.RUnlock()
	if r.ctx.Err() != nil {
		return false
	}
	r.work.Add(1)
	return true
}

// Receive serves the chat until ctx ends. What stands in its way is told to
// Health, and tried again.
func (ch *Channel) Receive(ctx context.Context, inbox channels.Inbox) error {
	pause := 100 * time.Millisecond
	for {
		began := time.Now()
		err := ch.serve(ctx, inbox)
		if ctx.Err() != nil {
			return nil //nolint:nilerr // what broke while it was being closed matters to nobody
		}
		ch.failing(err)
		ch.deps.Log.Error("chat does not run", "err", err)
		if time.Since(began) > time.Minute {
			pause = 100 * time.Millisecond
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
		pause = min(2*pause, 10*time.Second)
	}
}

// serve runs until ctx ends or something fails.
func (ch *Channel) serve(ctx context.Context, inbox channels.Inbox) error {
	dir, err := ch.deps.Folders.Folder(Kind)
	if err != nil {
		return err
	}
	kept, err := store.Open(dir)
	if err != nil {
		return err
	}
	defer kept.Close()
	if err := kept.Restarted(ctx, ch.deps.Now()); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	r := &running{
		Channel: ch, inbox: inbox, store: kept, rooms: newRooms(), lines: newLines(ch.config.Limits, ch.timing),
		limiter:  newLimiter(ch.config.Limits, ch.shared),
		origins:  origins{own: originOf(ch.config.URL), proxies: ch.proxies, sites: ch.config.Sites},
		receipts: make(chan struct{}, 1), copies: make(chan struct{}, 1), ctx: ctx,
	}
	socket, server, err := r.listen()
	if err != nil {
		return err
	}
	ch.set(r)
	defer ch.set(nil)
	failed := make(chan error, 1)
	go func() { failed <- serveOn(server, socket) }()
	for _, job := range []func(){r.ping, r.announce, r.watchVanishing, r.tellReceipts, r.sendCopies, r.purge, r.report} {
		r.work.Go(job)
	}
	select {
	case <-ctx.Done():
	case err = <-failed:
		err = fmt.Errorf("serve HTTP: %w", err)
	}
	r.closing.Lock()
	cancel()
	r.closing.Unlock()
	r.lines.endAll()
	_ = server.Close() // also requests that are being answered: clients ask again
	r.lines.wait()
	r.work.Wait()
	return err
}

// listen takes the address.
func (r *running) listen() (net.Listener, *http.Server, error) {
	routes, err := r.routes()
	if err != nil {
		return nil, nil, err
	}
	inner, err := listen.Open(r.config.Listen)
	if err != nil {
		return nil, nil, fmt.Errorf("listen (channels.webchat.listen): %w", err)
	}
	r.door = lobby.New(thrifty{inner}, lobby.Limits{
		Connections: r.config.Limits.Connections,
		PerAddress:  2 * r.config.Limits.ConnectionsPerAddress, // beside the chats, a page fetches things
		Crowd:       r.shared, Refused: r.metrics.refused.WithLabelValues("connection").Inc,
	})
	protocols := &http.Protocols{}
	protocols.SetHTTP1(true) // a socket needs it, and one protocol has fewer ways to be slow
	server := &http.Server{
		Handler: routes, Protocols: protocols, ConnState: r.door.State,
		ReadHeaderTimeout: r.timing.header, ReadTimeout: r.timing.read, WriteTimeout: r.timing.write, IdleTimeout: r.timing.idle,
		MaxHeaderBytes: headerLimit,
		ErrorLog:       slog.NewLogLogger(r.deps.Log.Handler(), slog.LevelDebug),
	}
	r.url = "http://" + inner.Addr().String()
	if r.config.CertFile != "" {
		if server.TLSConfig, err = certificate.Config(r.config.CertFile, r.config.KeyFile); err != nil {
			return nil, nil, errors.Join(fmt.Errorf("cert_file: %w", err), inner.Close())
		}
		r.url = "https://" + inner.Addr().String()
	}
	return r.door, server, nil
}

func serveOn(server *http.Server, socket net.Listener) error {
	if server.TLSConfig != nil {
		return server.ServeTLS(socket, "", "")
	}
	return server.Serve(socket)
}

// shared reports whether many people come from an address: that of a trusted
// proxy, or, for demonstrations, this machine.
func (ch *Channel) shared(a netip.Addr) bool {
	return ch.proxies.Contain(a) || ch.config.Demo && a.IsLoopback()
}

// report tells Health how it goes. A renewed certificate that cannot be read is
// told while the one before still serves, not when that is over.
func (r *running) report() {
	r.each(r.timing.report, func() {
		if err := certificate.Try(r.config.CertFile, r.config.KeyFile); err != nil {
			r.failing(fmt.Errorf("the certificate that was read last serves: %w", err))
			return
		}
		r.working()
	})
}

// each does something now and then, until Receive ends.
func (r *running) each(pause time.Duration, do func()) {
	tick := time.NewTicker(pause)
	defer tick.Stop()
	for {
		do()
		select {
		case <-tick.C:
		case <-r.ctx.Done():
			return
		}
	}
}

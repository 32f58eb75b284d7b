// Package serve answers HTTP on an address: within limits, over TLS where there
// is a certificate, with headers that make a browser do nothing with an answer.
// What is answered is left to the packages listener and hooks.
package serve

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

	"contactd/channels/certificate"
	"contactd/channels/listen"
	"contactd/channels/lobby"
)

// Config of a server.
type Config struct {
	// Name is its section of the configuration, for errors.
	Name string
	// Listen is the address, host:port; port 0 takes a free one.
	Listen string
	// CertFile and KeyFile turn on TLS; empty for none.
	CertFile, KeyFile string
	// Handler answers.
	Handler http.Handler
	// WriteTimeout is how long an answer may take.
	WriteTimeout time.Duration
	// Connections is how many there may be at once: one that asks for nothing
	// makes room for the next. An address has a quarter of them at most, and at
	// least one.
	Connections int
	// Crowd says which addresses stand for many people, as a proxy's does, and
	// may have all. Nil: those of this machine.
	Crowd func(netip.Addr) bool
	// Log takes what clients do wrong, and why the server is not open.
	Log *slog.Logger
}

// Check returns what is wrong with an address and the files of TLS, each with
// its key.
func Check(name, address, certFile, keyFile string) error {
	var problems []error
	if err := listen.Check(address); err != nil {
		problems = append(problems, fmt.Errorf("%s.listen: %w", name, err))
	}
	if (certFile == "") != (keyFile == "") {
		problems = append(problems, fmt.Errorf("%s.cert_file: needs %[1]s.key_file, and the other way round", name))
	}
	return errors.Join(problems...)
}

// Try returns what is wrong in the files of TLS, with the key. It takes no
// address, because a running contactd may have it.
func Try(name, certFile, keyFile string) error {
	if err := certificate.Try(certFile, keyFile); err != nil {
		return fmt.Errorf("%s.%w", name, err)
	}
	return nil
}

// The limits of every server. A delivery of 8 MB over a slow line must fit into
// the read time-out; a header of ours is far below 16 KiB.
const (
	headerTimeout = 5 * time.Second
	readTimeout   = 30 * time.Second
	idleTimeout   = time.Minute
	headerLimit   = 16 << 10
)

// Server answers HTTP. Make one with Listen.
type Server struct {
	config Config
	server *http.Server
	ended  context.Context // with Close
	end    context.CancelFunc

	mutex  sync.Mutex
	socket net.Listener // nil while it is not open, and then why is set
	why    error
}

// The pauses between two tries to open double between these.
const (
	firstPause   = 100 * time.Millisecond
	longestPause = 10 * time.Second
)

// Listen opens the address. What stands in its way, such as another program
// there or a certificate that cannot be read, stops nobody else: the log and
// Trouble tell it, and Serve tries again.
func Listen(c Config) *Server {
	if c.Crowd == nil {
		c.Crowd = netip.Addr.IsLoopback
	}
	// A connection of HTTP/2 asks for hundreds of things at a time, and would make
	// the number of connections bound nothing.
	protocols := &http.Protocols{}
	protocols.SetHTTP1(true)
	s := &Server{config: c, server: &http.Server{
		Handler:           guarded(c.Handler),
		Protocols:         protocols,
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      c.WriteTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    headerLimit,
		ErrorLog:          slog.NewLogLogger(c.Log.Handler(), slog.LevelDebug),
	}}
	s.ended, s.end = context.WithCancel(context.Background())
	s.open()
	return s
}

// open tries to, tells what is new about it, and returns the socket, or nil.
func (s *Server) open() net.Listener {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.socket != nil {
		return s.socket
	}
	socket, err := s.take()
	switch {
	case err == nil && s.why != nil:
		s.config.Log.Info("listener is open", "listener", s.config.Name)
	case err != nil && (s.why == nil || s.why.Error() != err.Error()):
		s.config.Log.Error("listener is not open, trying again; the rest goes on", "listener", s.config.Name, "err", err)
	}
	s.socket, s.why = socket, err
	return socket
}

// take reads the certificate and takes the address.
func (s *Server) take() (net.Listener, error) {
	if s.tls() {
		config, err := certificate.Config(s.config.CertFile, s.config.KeyFile)
		if err != nil {
			return nil, fmt.Errorf("%s.cert_file: %w", s.config.Name, err)
		}
		s.server.TLSConfig = config
	}
	socket, err := listen.Open(s.config.Listen)
	if err != nil {
		return nil, fmt.Errorf("listen (%s.listen): %w", s.config.Name, err)
	}
	door := lobby.New(socket, lobby.Limits{Connections: s.config.Connections, PerAddress: max(1, s.config.Connections/4), Crowd: s.config.Crowd})
	s.server.ConnState = door.State
	return door, nil
}

func (s *Server) tls() bool { return s.config.CertFile != "" }

// Trouble says why the server is not open, or why the next one would not open:
// a renewed certificate that cannot be read is else seen when the old one is
// over. It is nil when all is well.
func (s *Server) Trouble() error {
	s.mutex.Lock()
	open, why := s.socket != nil, s.why
	s.mutex.Unlock()
	if !open {
		return why
	}
	return Try(s.config.Name, s.config.CertFile, s.config.KeyFile)
}

// URL is where the server answers, such as "http://127.0.0.1:8080", or will once
// it is open.
func (s *Server) URL() string {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	scheme, address := "http", s.config.Listen
	if s.tls() {
		scheme = "https"
	}
	if s.socket != nil {
		address = s.socket.Addr().String()
	}
	return scheme + "://" + address
}

// Serve answers until Close. It may be called once.
func (s *Server) Serve() error {
	socket := s.open()
	for pause := firstPause; socket == nil; pause = min(2*pause, longestPause) {
		select {
		case <-time.After(pause):
		case <-s.ended.Done():
			return nil
		}
		socket = s.open()
	}
	var err error
	if s.tls() {
		err = s.server.ServeTLS(socket, "", "")
	} else {
		err = s.server.Serve(socket)
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("serve %s: %w", s.config.Name, err)
}

// Close lets running answers finish until ctx ends and cuts the rest off.
func (s *Server) Close(ctx context.Context) error {
	s.end()
	if err := s.server.Shutdown(ctx); err != nil {
		return s.server.Close()
	}
	return nil
}

// guarded sets the headers that make a browser do nothing with an answer.
func guarded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; sandbox")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

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
	"time"

	"golang.org/x/net/netutil"

	"contactd/channels/certificate"
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
	// Connections is how many there may be at once.
	Connections int
	// Log takes what clients do wrong.
	Log *slog.Logger
}

// Check returns what is wrong with an address and the files of TLS, each with
// its key.
func Check(name, listen, certFile, keyFile string) error {
	var problems []error
	if _, port, err := net.SplitHostPort(listen); err != nil {
		problems = append(problems, fmt.Errorf("%s.listen: want host:port, got %q", name, listen))
	} else if _, err := net.LookupPort("tcp", port); err != nil {
		problems = append(problems, fmt.Errorf("%s.listen: want a port from 0 to 65535, got %q", name, port))
	}
	if (certFile == "") != (keyFile == "") {
		problems = append(problems, fmt.Errorf("%s.cert_file: needs %[1]s.key_file, and the other way round", name))
	}
	return errors.Join(problems...)
}

// Try returns what is wrong in the files of TLS, with the key. It takes no
// address, because a running contactd may have it.
func Try(name, certFile, keyFile string) error {
	if certFile == "" {
		return nil
	}
	if _, err := certificate.Config(certFile, keyFile); err != nil {
		return fmt.Errorf("%s.cert_file: %w", name, err)
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
	name   string
	server *http.Server
	socket net.Listener
	tls    bool // the server gives itself a TLSConfig in any case
}

// Listen takes the address; Serve answers on it.
func Listen(c Config) (*Server, error) {
	server := &http.Server{
		Handler:           guarded(c.Handler),
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      c.WriteTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    headerLimit,
		ErrorLog:          slog.NewLogLogger(c.Log.Handler(), slog.LevelDebug),
	}
	if c.CertFile != "" {
		var err error
		if server.TLSConfig, err = certificate.Config(c.CertFile, c.KeyFile); err != nil {
			return nil, fmt.Errorf("%s.cert_file: %w", c.Name, err)
		}
	}
	socket, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return nil, fmt.Errorf("listen (%s.listen): %w", c.Name, err)
	}
	return &Server{name: c.Name, server: server, socket: netutil.LimitListener(socket, c.Connections), tls: c.CertFile != ""}, nil
}

// URL is where the server answers, such as "http://127.0.0.1:8080".
func (s *Server) URL() string {
	scheme := "http"
	if s.tls {
		scheme = "https"
	}
	return scheme + "://" + s.socket.Addr().String()
}

// Serve answers until Close. It may be called once.
func (s *Server) Serve() error {
	var err error
	if s.tls {
		err = s.server.ServeTLS(s.socket, "", "")
	} else {
		err = s.server.Serve(s.socket)
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("serve %s: %w", s.name, err)
}

// Close lets running answers finish until ctx ends and cuts the rest off.
func (s *Server) Close(ctx context.Context) error {
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

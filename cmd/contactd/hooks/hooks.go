// Package hooks is the public HTTP listener on which platforms deliver. It
// mounts the webhook receivers of all channels and shows nothing else: what is
// for operators and integrators stays on the listener of package listener.
package hooks

import (
	"context"
	"crypto/tls"
	_ "embed"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"time"

	"golang.org/x/net/netutil"

	"contactd/channels/webhook"
)

// Config of the public listener.
type Config struct {
	// Listen is the address, host:port; port 0 takes a free one. Default
	// "127.0.0.1:8091", for a reverse proxy on this machine.
	Listen string `yaml:"listen"`
	// CertFile and KeyFile turn on TLS; a changed file is read again at the
	// next connection. Default none: the proxy has the certificate.
	CertFile string `yaml:"cert_file"`
	KeyFile  string `yaml:"key_file"`
	// TrustedProxies are the addresses or networks whose X-Forwarded-For is
	// believed. Default none.
	TrustedProxies []string `yaml:"trusted_proxies"`
}

//go:embed sample.yaml
var sample string

// Sample is the annotated configuration of this package, YAML.
func Sample() string { return sample }

// WithDefaults returns the config with every unset value filled.
func (c Config) WithDefaults() Config {
	if c.Listen == "" {
		c.Listen = "127.0.0.1:8091"
	}
	if c.TrustedProxies == nil {
		c.TrustedProxies = []string{}
	}
	return c
}

// Validate returns every problem, each with its key.
func (c Config) Validate() error {
	var problems []error
	if _, _, err := net.SplitHostPort(c.WithDefaults().Listen); err != nil {
		problems = append(problems, fmt.Errorf("webhooks.listen: want host:port, got %q", c.Listen))
	}
	if (c.CertFile == "") != (c.KeyFile == "") {
		problems = append(problems, errors.New("webhooks.cert_file: needs webhooks.key_file, and the other way round"))
	}
	_, err := proxies(c.TrustedProxies)
	return errors.Join(append(problems, err)...)
}

// The limits of the server. A delivery of 8 MB over a slow line must fit into
// the read time-out; the receivers bound the memory that bodies take.
const (
	headerTimeout  = 5 * time.Second
	readTimeout    = 30 * time.Second
	writeTimeout   = 30 * time.Second
	idleTimeout    = time.Minute
	headerLimit    = 16 << 10
	maxConnections = 1024
)

// Listener answers platforms. Make one with Listen.
type Listener struct {
	server *http.Server
	socket net.Listener
	tls    bool
}

// Listen takes the address and mounts the receivers; Serve answers.
func Listen(config Config, receivers []*webhook.Receiver, log *slog.Logger) (*Listener, error) {
	config = config.WithDefaults()
	if err := config.Validate(); err != nil {
		return nil, err
	}
	trusted, err := proxies(config.TrustedProxies)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mounted := map[string]bool{}
	for _, receiver := range receivers {
		if mounted[receiver.Path()] {
			return nil, fmt.Errorf("mount webhooks: two channels want the path %s", receiver.Path())
		}
		mounted[receiver.Path()] = true
		mux.Handle(receiver.Path(), receiver)
	}
	server := &http.Server{
		Handler:           guarded(trusted, mux),
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    headerLimit,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	if config.CertFile != "" {
		pair := &certificate{cert: config.CertFile, key: config.KeyFile}
		if _, err := pair.load(nil); err != nil {
			return nil, fmt.Errorf("webhooks.cert_file: %w", err)
		}
		server.TLSConfig = &tls.Config{GetCertificate: pair.load, MinVersion: tls.VersionTLS12}
	}
	socket, err := net.Listen("tcp", config.Listen)
	if err != nil {
		return nil, fmt.Errorf("listen for webhooks: %w", err)
	}
	return &Listener{server: server, socket: netutil.LimitListener(socket, maxConnections), tls: config.CertFile != ""}, nil
}

// URL is where the listener answers, such as "http://127.0.0.1:8091".
func (l *Listener) URL() string {
	scheme := "http"
	if l.tls {
		scheme = "https"
	}
	return scheme + "://" + l.socket.Addr().String()
}

// Serve answers until Close. It may be called once.
func (l *Listener) Serve() error {
	var err error
	if l.tls {
		err = l.server.ServeTLS(l.socket, "", "")
	} else {
		err = l.server.Serve(l.socket)
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("serve webhooks: %w", err)
}

// Close lets running answers finish until ctx ends and cuts the rest off.
func (l *Listener) Close(ctx context.Context) error {
	if err := l.server.Shutdown(ctx); err != nil {
		return l.server.Close()
	}
	return nil
}

// guarded sets the headers that make a browser do nothing with an answer, and
// says from where a request really came.
func guarded(trusted []netip.Prefix, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; sandbox")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-store")
		r.RemoteAddr = origin(r, trusted)
		next.ServeHTTP(w, r)
	})
}

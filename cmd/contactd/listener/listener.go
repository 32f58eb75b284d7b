// Package listener is the HTTP side of contactd: is it alive, is it ready,
// what does it measure, and the untouched originals for integrators.
//
//	/healthz            200 while the process answers
//	/readyz             JSON of journal, broker and every account; 503 while one is not ready
//	/metrics            Prometheus
//	/originals/{name}   what a platform delivered, by message id or journal number
//	/blobs/{sha256}     an attachment
//	POST /blobs         stores an attachment of a reply; the answer names it
//
// Originals and blobs are foreign bytes and evidence: they are handed out as
// downloads only, never shown, and only to who has a token, or without tokens
// to programs on this machine. What is ready and what is measured is decided
// elsewhere.
package listener

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"golang.org/x/net/netutil"
)

// Config of the HTTP listener.
type Config struct {
	// Listen is the address, host:port; port 0 takes a free one. Default
	// "127.0.0.1:8080".
	Listen string `yaml:"listen"`
	// TokensFile holds bearer tokens, one a line, "#" begins a comment; it is
	// read anew at every use. Default none: originals are handed out to
	// programs on this machine only.
	TokensFile string `yaml:"tokens_file"`
	// CertFile and KeyFile turn on TLS; they are read anew at every start.
	// Default none: plain HTTP.
	CertFile string `yaml:"cert_file"`
	KeyFile  string `yaml:"key_file"`
}

// WithDefaults returns the config with every unset value filled.
func (c Config) WithDefaults() Config {
	if c.Listen == "" {
		c.Listen = "127.0.0.1:8080"
	}
	return c
}

// Validate returns every problem, each with its key.
func (c Config) Validate() error {
	var problems []error
	if _, _, err := net.SplitHostPort(c.WithDefaults().Listen); err != nil {
		problems = append(problems, fmt.Errorf("http.listen: want host:port, got %q", c.Listen))
	}
	if (c.CertFile == "") != (c.KeyFile == "") {
		problems = append(problems, errors.New("http.cert_file: needs http.key_file, and the other way round"))
	}
	return errors.Join(problems...)
}

// Deps are what the listener shows. All are needed.
type Deps struct {
	Ready     func(context.Context) Readiness
	Metrics   prometheus.Gatherer
	Originals Originals
	Log       *slog.Logger
}

// The limits of the server. A download of 40 MB over a slow line must fit into
// the write time-out; a header of ours is far below 16 KiB.
const (
	headerTimeout  = 5 * time.Second
	readTimeout    = 30 * time.Second
	writeTimeout   = 5 * time.Minute
	idleTimeout    = time.Minute
	headerLimit    = 16 << 10
	maxConnections = 256
)

// Listener answers HTTP. Make one with Listen.
type Listener struct {
	server *http.Server
	socket net.Listener
	tls    bool
}

// Listen takes the address; Serve answers on it.
func Listen(config Config, deps Deps) (*Listener, error) {
	config = config.WithDefaults()
	if err := config.Validate(); err != nil {
		return nil, err
	}
	socket, err := net.Listen("tcp", config.Listen)
	if err != nil {
		return nil, fmt.Errorf("listen for HTTP: %w", err)
	}
	server := &http.Server{
		Handler:           handler(config, deps),
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    headerLimit,
		ErrorLog:          slog.NewLogLogger(deps.Log.Handler(), slog.LevelDebug),
	}
	if config.CertFile != "" {
		pair, err := tls.LoadX509KeyPair(config.CertFile, config.KeyFile)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("http.cert_file: %w", err), socket.Close())
		}
		server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	}
	return &Listener{
		server: server, socket: netutil.LimitListener(socket, maxConnections), tls: config.CertFile != "",
	}, nil
}

// URL is where the listener answers, such as "http://127.0.0.1:8080".
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
	return fmt.Errorf("serve HTTP: %w", err)
}

// Close lets running answers finish until ctx ends and cuts the rest off.
func (l *Listener) Close(ctx context.Context) error {
	if err := l.server.Shutdown(ctx); err != nil {
		return l.server.Close()
	}
	return nil
}

func handler(config Config, deps Deps) http.Handler {
	door := door{tokensFile: config.TokensFile}
	files := files{originals: deps.Originals, log: deps.Log}
	metrics := promhttp.HandlerFor(deps.Metrics, promhttp.HandlerOpts{ErrorLog: slog.NewLogLogger(deps.Log.Handler(), slog.LevelError), MaxRequestsInFlight: 4})

	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = w.Write([]byte("alive\n"))
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		writeReadiness(w, deps.Ready(r.Context()), door.insider(r))
	})
	mux.Handle("GET /metrics", door.forInsiders(metrics))
	mux.Handle("GET /originals/{name}", door.forIntegrators(http.HandlerFunc(files.original)))
	mux.Handle("POST /blobs", door.forIntegrators(http.HandlerFunc(files.upload)))
	mux.Handle("GET /blobs/{sha256}", door.forIntegrators(http.HandlerFunc(files.blob)))
	return guarded(mux)
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

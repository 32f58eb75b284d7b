// Package listener is the HTTP side of contactd: is it alive, is it ready,
// what does it measure, and the untouched originals for integrators.
//
//	/healthz            200 while the process answers
//	/readyz             JSON of journal, broker, publishing, listeners and accounts; 503 while one is not ready;
//	                    what works and must be mended soon, such as a certificate, is a warning
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
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"contactd/cmd/contactd/serve"
)

// Config of the HTTP listener.
type Config struct {
	// Listen is the address, host:port; port 0 takes a free one. Default
	// "127.0.0.1:8080".
	Listen string `yaml:"listen"`
	// TokensFile holds bearer tokens, one a line, "#" begins a comment; it is
	// read anew at every use. Default none: originals are handed out to
	// programs on this machine only, of which a proxy that says nothing of
	// itself looks like one.
	TokensFile string `yaml:"tokens_file"`
	// CertFile and KeyFile turn on TLS; a changed file is read again at the next
	// connection. Default none: plain HTTP.
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
	c = c.WithDefaults()
	return serve.Check(section, c.Listen, c.CertFile, c.KeyFile)
}

// Try reads the files that the listener needs and returns what is wrong with
// them, each with its key.
func (c Config) Try() error {
	return errors.Join(serve.Try(section, c.CertFile, c.KeyFile), c.tryTokens())
}

func (c Config) tryTokens() error {
	if c.TokensFile == "" {
		return nil
	}
	if _, err := c.Token(); err != nil {
		return fmt.Errorf("%w; nobody gets originals", err)
	}
	return nil
}

// Token is one that the listener takes, for a program that calls it. It is an
// error that there is none.
func (c Config) Token() (string, error) {
	found, err := readTokens(c.TokensFile)
	if err != nil {
		return "", fmt.Errorf("%s.tokens_file: %w", section, err)
	}
	return string(found[0]), nil
}

// section is that of the configuration.
const section = "http"

// Deps are what the listener shows. All are needed.
type Deps struct {
	Ready     func(context.Context) Readiness
	Metrics   prometheus.Gatherer
	Originals Originals
	Log       *slog.Logger
}

// The limits of the server. A download of 40 MB over a slow line must fit into
// the write time-out.
const (
	writeTimeout   = 5 * time.Minute
	maxConnections = 256
)

// Listener answers HTTP. Make one with Listen.
type Listener struct {
	*serve.Server
	config Config
}

// Trouble says why it is not open, or does not do all that it should.
func (l *Listener) Trouble() error { return errors.Join(l.Server.Trouble(), l.config.tryTokens()) }

// Listen takes the address, now or as soon as it can; Serve answers on it.
func Listen(config Config, deps Deps) (*Listener, error) {
	config = config.WithDefaults()
	if err := config.Validate(); err != nil {
		return nil, err
	}
	server := serve.Listen(serve.Config{
		Name: section, Listen: config.Listen, CertFile: config.CertFile, KeyFile: config.KeyFile,
		Handler: handler(config, deps), WriteTimeout: writeTimeout, Connections: maxConnections, Log: deps.Log,
	})
	if err := config.tryTokens(); err != nil {
		deps.Log.Error("originals cannot be handed out; the rest goes on", "err", err)
	}
	return &Listener{server, config}, nil
}

func handler(config Config, deps Deps) http.Handler {
	door := &door{tokensFile: config.TokensFile, log: deps.Log}
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
	return mux
}

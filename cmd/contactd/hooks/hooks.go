// Package hooks is the public HTTP listener on which platforms deliver. It
// mounts the webhook receivers of all channels and shows nothing else: what is
// for operators and integrators stays on the listener of package listener.
package hooks

import (
	_ "embed"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"contactd/channels/proxy"
	"contactd/channels/webhook"
	"contactd/cmd/contactd/serve"
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
	c = c.WithDefaults()
	_, err := c.proxies()
	return errors.Join(serve.Check(section, c.Listen, c.CertFile, c.KeyFile), err)
}

func (c Config) proxies() (proxy.Trusted, error) {
	return proxy.Parse(section+".trusted_proxies", c.TrustedProxies)
}

// Try reads the files of TLS and returns what is wrong with them.
func (c Config) Try() error { return serve.Try(section, c.CertFile, c.KeyFile) }

// section is that of the configuration.
const section = "webhooks"

// The limits of the server; the receivers bound the memory that bodies take.
const (
	writeTimeout   = 30 * time.Second
	maxConnections = 1024
)

// Listener answers platforms. Make one with Listen.
type Listener struct{ *serve.Server }

// Listen takes the address, now or as soon as it can, and mounts the receivers;
// Serve answers.
func Listen(config Config, receivers []*webhook.Receiver, log *slog.Logger) (*Listener, error) {
	config = config.WithDefaults()
	if err := config.Validate(); err != nil {
		return nil, err
	}
	trusted, err := config.proxies()
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
	return &Listener{serve.Listen(serve.Config{
		Name: section, Listen: config.Listen, CertFile: config.CertFile, KeyFile: config.KeyFile,
		Handler: fromOrigin(trusted, mux), WriteTimeout: writeTimeout, Connections: maxConnections, Log: log,
		Crowd: func(a netip.Addr) bool { return a.IsLoopback() || trusted.Contain(a) },
	})}, nil
}

// fromOrigin says from where a request really came.
func fromOrigin(trusted proxy.Trusted, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if client := trusted.Client(r); client.IsValid() {
			r.RemoteAddr = client.String()
		}
		next.ServeHTTP(w, r)
	})
}

// Package certificate keeps the certificate of a listener fresh: it is read
// again when its file changes, so that a renewed one needs no restart, which
// would end every chat for a moment. None is forgotten until browsers and
// platforms refuse the address: one that nobody renews is told before it ends.
// What a listener answers is left to it.
package certificate

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"sync"
	"time"
)

// Config is the TLS of a listener whose certificate and key are in these files.
// It is an error when they cannot be read now; while later ones cannot, the last
// are used.
func Config(certFile, keyFile string) (*tls.Config, error) {
	c := &certificate{cert: certFile, key: keyFile}
	if _, err := c.load(nil); err != nil {
		return nil, err
	}
	return &tls.Config{GetCertificate: c.load, MinVersion: tls.VersionTLS12}, nil
}

// Try returns what is wrong with the files that a setting cert_file names, with
// that key: they cannot be read, or the certificate is not good now; nil without
// any.
func Try(certFile, keyFile string) error {
	if certFile == "" {
		return nil
	}
	pair, err := (&certificate{cert: certFile, key: keyFile}).load(nil)
	if err == nil {
		err = good(pair.Leaf, time.Now())
	}
	if err != nil {
		return fmt.Errorf("cert_file: %w", err)
	}
	return nil
}

// warning is how long before its end a certificate must have been renewed, but
// no more than a tenth of its life: some live for days.
const warning = 7 * 24 * time.Hour

// Ending says that a certificate which is good now ends soon and was not
// renewed; empty when there is time, and when Try says more.
func Ending(certFile, keyFile string) string {
	pair, err := (&certificate{cert: certFile, key: keyFile}).load(nil)
	now := time.Now()
	if err != nil || good(pair.Leaf, now) != nil {
		return ""
	}
	if c := pair.Leaf; c.NotAfter.Sub(now) < min(warning, c.NotAfter.Sub(c.NotBefore)/10) {
		return fmt.Sprintf("it ends at %s and was not renewed", c.NotAfter.UTC().Format(time.RFC3339))
	}
	return ""
}

// good says that a certificate is not yet good, or no more.
func good(c *x509.Certificate, now time.Time) error {
	switch {
	case now.Before(c.NotBefore):
		return fmt.Errorf("it begins at %s", c.NotBefore.UTC().Format(time.RFC3339))
	case !now.Before(c.NotAfter):
		return fmt.Errorf("it ended at %s", c.NotAfter.UTC().Format(time.RFC3339))
	}
	return nil
}

// certificate is safe for concurrent use.
type certificate struct {
	cert, key string

	mutex   sync.Mutex
	changed time.Time
	pair    *tls.Certificate
}

// load returns the certificate; while a new one cannot be read, the last.
func (c *certificate) load(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	state, err := os.Stat(c.cert)
	if err == nil && c.pair != nil && state.ModTime().Equal(c.changed) {
		return c.pair, nil
	}
	if err == nil {
		var pair tls.Certificate
		if pair, err = tls.LoadX509KeyPair(c.cert, c.key); err == nil {
			c.pair, c.changed = &pair, state.ModTime()
		}
	}
	if c.pair != nil {
		return c.pair, nil
	}
	return nil, err
}

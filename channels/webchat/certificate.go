package webchat

import (
	"crypto/tls"
	"os"
	"sync"
	"time"
)

// certificate is read again when its file changes: a renewed one needs no
// restart, which would end every chat for a moment, and none is forgotten until
// browsers refuse the chat.
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

package webhook

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"
)

// Secrets are the keys that a platform may sign with: the current one and,
// while it is being changed, the next or the last. They come from a file, one a
// line, that is read again when it changes, so that a change needs no restart.
type Secrets struct {
	key, file string

	mutex   sync.Mutex
	changed time.Time
	size    int64
	keys    []string
}

// maxSecrets bounds what an attacker's request costs; two are what a rotation
// needs.
const maxSecrets = 4

// SecretsIn are those of a file, which need not be there yet. Errors begin with
// the key by which the configuration names it, and hold no secret.
func SecretsIn(key, file string) *Secrets { return &Secrets{key: key, file: file} }

// FixedSecrets are keys that never change.
func FixedSecrets(keys ...string) *Secrets { return &Secrets{keys: keys} }

// Keys returns the current secrets, first the one that signs. When the file
// cannot be read any more, those that were last read stand beside the error.
func (s *Secrets) Keys() ([]string, error) {
	if s.file == "" {
		return s.keys, nil
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	state, err := os.Stat(s.file)
	if err != nil {
		return s.keys, fmt.Errorf("%s: read secret: %w", s.key, err)
	}
	if state.ModTime().Equal(s.changed) && state.Size() == s.size && len(s.keys) > 0 {
		return s.keys, nil
	}
	content, err := os.ReadFile(s.file)
	if err != nil {
		return s.keys, fmt.Errorf("%s: read secret: %w", s.key, err)
	}
	keys := strings.Fields(string(content))
	if len(keys) == 0 || len(keys) > maxSecrets {
		return s.keys, fmt.Errorf("%s: read secret: %s: want 1 to %d secrets, one a line", s.key, s.file, maxSecrets)
	}
	s.keys, s.changed, s.size = keys, state.ModTime(), state.Size()
	return s.keys, nil
}

// Await returns when the secrets can be read, or ctx has ended. While they
// cannot, tell hears why, and then nil; of what can be read at once, nothing.
func (s *Secrets) Await(ctx context.Context, pause time.Duration, tell func(error)) {
	for told := false; ; told = true {
		_, err := s.Keys()
		if err == nil && told {
			tell(nil)
		}
		if err == nil {
			return
		}
		if !told {
			tell(err)
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return
		}
	}
}

// ErrSignature says that no secret fits.
var ErrSignature = errors.New("verify signature: hmac mismatch")

// Check returns nil when mac is the HMAC-SHA256 of the body under one of the
// secrets. It takes the same time whichever fits.
func (s *Secrets) Check(body, mac []byte) error {
	keys, err := s.Keys()
	if len(keys) == 0 {
		return err
	}
	found := false
	for _, key := range keys {
		found = hmac.Equal(mac, Sign(key, body)) || found
	}
	if !found {
		return ErrSignature
	}
	return nil
}

// Sign is the HMAC-SHA256 of a body.
func Sign(key string, body []byte) []byte {
	hash := hmac.New(sha256.New, []byte(key))
	hash.Write(body)
	return hash.Sum(nil)
}

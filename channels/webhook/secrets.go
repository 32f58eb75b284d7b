package webhook

import (
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
	file string

	mutex   sync.Mutex
	changed time.Time
	size    int64
	keys    []string
}

// maxSecrets bounds what an attacker's request costs; two are what a rotation
// needs.
const maxSecrets = 4

// ReadSecrets reads the file. An error names the file and holds no secret.
func ReadSecrets(file string) (*Secrets, error) {
	s := &Secrets{file: file}
	_, err := s.Keys()
	return s, err
}

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
		return s.keys, fmt.Errorf("read secret: %w", err)
	}
	if state.ModTime().Equal(s.changed) && state.Size() == s.size && len(s.keys) > 0 {
		return s.keys, nil
	}
	content, err := os.ReadFile(s.file)
	if err != nil {
		return s.keys, fmt.Errorf("read secret: %w", err)
	}
	keys := strings.Fields(string(content))
	if len(keys) == 0 || len(keys) > maxSecrets {
		return s.keys, fmt.Errorf("read secret: %s: want 1 to %d secrets, one a line", s.file, maxSecrets)
	}
	s.keys, s.changed, s.size = keys, state.ModTime(), state.Size()
	return s.keys, nil
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

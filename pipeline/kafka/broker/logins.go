package broker

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// The two logins: contactd's own may do everything, the reader's may read.
const (
	ownUser    = "contactd"
	readerUser = "reader"
	ownFile    = "contactd.password"
	readerFile = "reader.password"
	kcatFile   = "kcat.conf"
)

// logins are the passwords, made at the first start.
type logins struct{ own, reader string }

func loadLogins(dir string) (logins, error) {
	var l logins
	var err error
	if l.own, err = loadPassword(filepath.Join(dir, ownFile)); err != nil {
		return l, err
	}
	l.reader, err = loadPassword(filepath.Join(dir, readerFile))
	return l, err
}

// loadPassword reads a password, or makes and keeps one.
func loadPassword(path string) (string, error) {
	raw, err := os.ReadFile(path)
	if password := strings.TrimSpace(string(raw)); err == nil && password != "" {
		return password, nil
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return "", fmt.Errorf("read password: %w", err)
	}
	password := rand.Text()
	if err := os.WriteFile(path, []byte(password+"\n"), 0o600); err != nil {
		return "", fmt.Errorf("keep password: %w", err)
	}
	return password, nil
}

// writeKcat writes the file with which kcat, or any program on librdkafka, reads
// from the broker.
func (l logins) writeKcat(dir, address string) error {
	text := fmt.Sprintf(`# kcat -F %s -C -t contact.events
bootstrap.servers=%s
security.protocol=SASL_PLAINTEXT
sasl.mechanism=SCRAM-SHA-512
sasl.username=%s
sasl.password=%s
`, filepath.Join(dir, kcatFile), address, readerUser, l.reader)
	if err := os.WriteFile(filepath.Join(dir, kcatFile), []byte(text), 0o600); err != nil {
		return fmt.Errorf("write %s: %w", kcatFile, err)
	}
	return nil
}

package email

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"os"
	"strings"
	"sync"

	"contactd/channels/email/mail"
)

// trusted makes the TLS side of a connection to a server, host:port. It reads
// which authorities may vouch for the server.
func trusted(address, serverName, caFile string) (*tls.Config, error) {
	host, _, _ := net.SplitHostPort(address)
	c := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: host}
	if serverName != "" {
		c.ServerName = serverName
	}
	if caFile == "" {
		return c, nil
	}
	authorities, err := os.ReadFile(caFile)
	if err != nil {
		return nil, fmt.Errorf("ca_file: %w", err)
	}
	c.RootCAs = x509.NewCertPool()
	if !c.RootCAs.AppendCertsFromPEM(authorities) {
		return nil, fmt.Errorf("ca_file: %s holds no certificate in PEM form", caFile)
	}
	return c, nil
}

// keyed is what an account can do once its thread keys are known. Without them
// the answer to a mail of ours would begin a conversation of its own, and the
// copy of such a mail would be one that a person wrote.
type keyed struct {
	reader *mail.Reader
	tokens mail.Tokens
}

// keyring makes keyed of the thread keys when they are first needed and can be
// read; until then everybody who needs them is told why not.
type keyring struct {
	mutex sync.Mutex
	made  *keyed
}

func (a *account) keyed() (*keyed, error) {
	a.keys.mutex.Lock()
	defer a.keys.mutex.Unlock()
	if a.keys.made != nil {
		return a.keys.made, nil
	}
	c, err := a.withThreadKeys()
	if err != nil {
		return nil, fmt.Errorf("thread_key_file: %w", err)
	}
	a.keys.made = &keyed{mail.New(c, a.blobs), mail.NewTokens(c.ThreadKeys...)}
	return a.keys.made, nil
}

// withThreadKeys is how mails are read, with the keys of the file.
func (a *account) withThreadKeys() (mail.Config, error) {
	c := a.Config
	if a.ThreadKeyFile == "" {
		return c, nil
	}
	text, err := os.ReadFile(a.ThreadKeyFile)
	if err != nil {
		return c, err
	}
	for line := range strings.Lines(string(text)) {
		if key := strings.TrimSpace(line); key != "" {
			c.ThreadKeys = append(c.ThreadKeys, []byte(key))
		}
	}
	if len(c.ThreadKeys) == 0 {
		return c, fmt.Errorf("%s is empty", a.ThreadKeyFile)
	}
	return c, c.Validate()
}

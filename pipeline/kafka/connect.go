package kafka

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/sasl"
	"github.com/segmentio/kafka-go/sasl/plain"
	"github.com/segmentio/kafka-go/sasl/scram"
)

const (
	dialTimeout = 2 * time.Second
	// idleTimeout is below the brokers' own (connections.max.idle.ms, 10 min),
	// so that connections are closed here and not under a call.
	idleTimeout = 30 * time.Second
	// metadataTTL bounds how long a writer believes in a leader that is gone.
	metadataTTL = 5 * time.Second
	// requestTimeout bounds one exchange with a broker.
	requestTimeout = 10 * time.Second
	clientID       = "contactd"
)

// connector makes connections as the config says.
type connector struct {
	brokers []string
	tls     *tls.Config
	sasl    sasl.Mechanism
}

func newConnector(c Config) (connector, error) {
	made := connector{brokers: c.Brokers}
	if len(c.Brokers) == 0 {
		return made, fmt.Errorf("connect to kafka: no brokers configured")
	}
	var err error
	if made.tls, err = c.TLS.load(); err != nil {
		return made, err
	}
	if c.SASL.Mechanism != "" {
		made.sasl = login(c.SASL)
	}
	return made, nil
}

// transport makes a pool of connections of its own. topics limits the metadata
// that it keeps asking for; kafka-go asks for the whole cluster's otherwise.
func (c connector) transport(topics ...string) *kafkago.Transport {
	return &kafkago.Transport{
		Dial: dialBounded, DialTimeout: dialTimeout, IdleTimeout: idleTimeout, MetadataTTL: metadataTTL, MetadataTopics: topics,
		ClientID: clientID, TLS: c.tls, SASL: c.sasl,
	}
}

func dialBounded(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := (&net.Dialer{Timeout: dialTimeout}).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return bounded{conn}, nil
}

// bounded is a connection on which nothing is waited for without end. A
// kafka-go transport logs in without a deadline, and whoever asks it for the
// cluster waits for that: one login that is never answered would hold up a
// lane for as long as the connection seems to stand.
type bounded struct{ net.Conn }

// SetDeadline gives requestTimeout where kafka-go takes a deadline away.
func (c bounded) SetDeadline(t time.Time) error {
	if t.IsZero() {
		t = time.Now().Add(requestTimeout)
	}
	return c.Conn.SetDeadline(t)
}

func (c connector) client(t *kafkago.Transport) *kafkago.Client {
	return &kafkago.Client{Addr: kafkago.TCP(c.brokers...), Timeout: requestTimeout, Transport: t}
}

func (c connector) dialer() *kafkago.Dialer {
	return &kafkago.Dialer{Timeout: dialTimeout, ClientID: clientID, TLS: c.tls, SASLMechanism: c.sasl}
}

func (t TLS) load() (*tls.Config, error) {
	if !t.Enabled {
		return nil, nil //nolint:nilnil // kafka-go's word for no TLS
	}
	made := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: t.ServerName}
	if t.CAFile != "" {
		pem, err := os.ReadFile(t.CAFile)
		if err != nil {
			return nil, fmt.Errorf("read kafka.tls.ca_file: %w", err)
		}
		made.RootCAs = x509.NewCertPool()
		if !made.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("read kafka.tls.ca_file: no PEM certificate in %s", t.CAFile)
		}
	}
	if t.CertFile != "" {
		pair, err := tls.LoadX509KeyPair(t.CertFile, t.KeyFile)
		if err != nil {
			return nil, fmt.Errorf("read kafka.tls.cert_file: %w", err)
		}
		made.Certificates = []tls.Certificate{pair}
	}
	return made, nil
}

// login reads the password anew for each connection.
type login SASL

var errPassword = errors.New("read kafka.sasl.password_file")

// Name is that of the IANA registry.
func (l login) Name() string { return strings.ToUpper(l.Mechanism) }

// Start begins one login.
func (l login) Start(ctx context.Context) (sasl.StateMachine, []byte, error) {
	password := string(l.Password)
	if l.PasswordFile != "" {
		raw, err := os.ReadFile(l.PasswordFile)
		if err != nil {
			return nil, nil, fmt.Errorf("%w: %w", errPassword, err)
		}
		if password = strings.TrimRight(string(raw), "\r\n"); password == "" {
			return nil, nil, fmt.Errorf("%w: %s is empty", errPassword, l.PasswordFile)
		}
	}
	if l.Mechanism == plainMechanism {
		return plain.Mechanism{Username: l.User, Password: password}.Start(ctx)
	}
	algorithm := scram.SHA512
	if l.Mechanism == scram256 {
		algorithm = scram.SHA256
	}
	mechanism, err := scram.Mechanism(algorithm, l.User, password)
	if err != nil {
		return nil, nil, fmt.Errorf("prepare %s: %w", l.Name(), err)
	}
	return mechanism.Start(ctx)
}

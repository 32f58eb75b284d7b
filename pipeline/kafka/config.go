package kafka

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"
)

// Config is how Kafka is reached and what its topics are like.
type Config struct {
	// Brokers are host:port of some brokers of the cluster; the rest is found
	// through them. Empty: contactd brings its own broker.
	Brokers []string `yaml:"brokers"`
	// TLS protects the connections. Default off.
	TLS TLS `yaml:"tls"`
	// SASL logs in. Default without a login.
	SASL SASL `yaml:"sasl"`
	// Topics says how topics are created, and what they must at least be.
	Topics Topics `yaml:"topics"`
}

// TLS protects connections to the brokers, version 1.2 or later. Certificates
// are always checked.
type TLS struct {
	// Enabled turns TLS on. Default false.
	Enabled bool `yaml:"enabled"`
	// CAFile holds the PEM certificates of the authorities to trust. Default:
	// those of the system.
	CAFile string `yaml:"ca_file"`
	// CertFile and KeyFile are contactd's own certificate and key in PEM, if
	// the brokers ask for one.
	CertFile string `yaml:"cert_file"`
	KeyFile  string `yaml:"key_file"`
	// ServerName is the name in the brokers' certificates. Default: the host
	// of each broker.
	ServerName string `yaml:"server_name"`
}

// SASL is a login.
type SASL struct {
	// Mechanism is plain, scram-sha-256 or scram-sha-512. Empty: no login.
	Mechanism string `yaml:"mechanism"`
	// User is the login's name.
	User string `yaml:"user"`
	// Password belongs to User. PasswordFile is a file that holds it, read at
	// every connection so that a changed password needs no restart.
	Password     Secret `yaml:"password"`
	PasswordFile string `yaml:"password_file"`
}

// Topics says what contactd's topics are like.
type Topics struct {
	// Partitions of the topics that carry conversations; the others have one.
	// Default 6. More later change which partition a conversation is in.
	Partitions int `yaml:"partitions"`
	// Replication is on how many brokers each record lies. Default 3, or 1
	// on the embedded broker.
	Replication int `yaml:"replication"`
	// MinInSync is how many of them must have a record before it counts as
	// published (min.insync.replicas). Default 2, or 1 when Replication is 1.
	MinInSync int `yaml:"min_insync"`
	// Retention is how long records are kept. Default 168h.
	Retention time.Duration `yaml:"retention"`
}

// The words of SASL.Mechanism.
const (
	plainMechanism = "plain"
	scram256       = "scram-sha-256"
	scram512       = "scram-sha-512"
)

// WithDefaults returns the config with every unset value filled.
func (c Config) WithDefaults() Config {
	t := &c.Topics
	if t.Partitions == 0 {
		t.Partitions = 6
	}
	t.Replication = t.replication()
	if t.MinInSync == 0 {
		t.MinInSync = min(2, t.Replication)
	}
	if t.Retention == 0 {
		t.Retention = 7 * 24 * time.Hour
	}
	return c
}

func (t Topics) replication() int { return cmp.Or(t.Replication, 3) }

// Validate returns every problem, each with its key. It reads no file.
func (c Config) Validate() error {
	var problems []error
	wrong := func(key, format string, args ...any) {
		problems = append(problems, fmt.Errorf("kafka."+key+": "+format, args...))
	}
	for i, address := range c.Brokers {
		if host, port, err := net.SplitHostPort(address); err != nil || host == "" || port == "" {
			wrong(fmt.Sprintf("brokers[%d]", i), "want host:port, got %q", address)
		}
	}
	if (c.TLS.CertFile == "") != (c.TLS.KeyFile == "") {
		wrong("tls.cert_file", "want both cert_file and key_file, or neither")
	}
	if !c.TLS.Enabled && (c.TLS.CAFile != "" || c.TLS.CertFile != "" || c.TLS.ServerName != "") {
		wrong("tls.enabled", "is false, but other keys of tls are set")
	}
	c.SASL.validate(wrong)
	c.Topics.validate(wrong)
	return errors.Join(problems...)
}

// Warning says what an operator should know of a config that is no mistake,
// and the way out; empty when there is nothing.
func (c Config) Warning() string {
	if c.SASL.Mechanism != plainMechanism || c.TLS.Enabled || !slices.ContainsFunc(c.Brokers, elsewhere) {
		return ""
	}
	return "kafka.sasl.mechanism: plain without kafka.tls sends the password readable to whoever listens on the way; set kafka.tls.enabled: true, or mechanism: scram-sha-512"
}

// elsewhere reports whether an address is not on this machine.
func elsewhere(address string) bool {
	host, _, _ := net.SplitHostPort(address)
	ip := net.ParseIP(host)
	return !strings.EqualFold(host, "localhost") && (ip == nil || !ip.IsLoopback())
}

func (s SASL) validate(wrong func(key, format string, args ...any)) {
	switch s.Mechanism {
	case "":
		if s.User != "" || s.Password != "" || s.PasswordFile != "" {
			wrong("sasl.mechanism", "is empty, but other keys of sasl are set")
		}
		return
	case plainMechanism, scram256, scram512:
	default:
		wrong("sasl.mechanism", "want plain, scram-sha-256 or scram-sha-512, got %q", s.Mechanism)
	}
	if s.User == "" {
		wrong("sasl.user", "is missing")
	}
	if (s.Password == "") == (s.PasswordFile == "") {
		wrong("sasl.password", "want either password or password_file")
	}
}

func (t Topics) validate(wrong func(key, format string, args ...any)) {
	if t.Partitions < 0 || t.Partitions > 1000 {
		wrong("topics.partitions", "want 1 to 1000, got %d", t.Partitions)
	}
	if t.Replication < 0 || t.Replication > 32767 {
		wrong("topics.replication", "want 1 or more, got %d", t.Replication)
	}
	if most := t.replication(); t.MinInSync < 0 || most > 0 && t.MinInSync > most {
		wrong("topics.min_insync", "want 1 to the replication of %d, got %d", most, t.MinInSync)
	}
	if t.Retention < 0 || t.Retention > 0 && t.Retention < time.Hour {
		wrong("topics.retention", "want 1h or more, got %v", t.Retention)
	}
}

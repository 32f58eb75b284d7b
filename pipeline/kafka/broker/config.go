package broker

import (
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"time"

	"contactd/pipeline/kafka"
)

// Config is the embedded broker's.
type Config struct {
	// Dir keeps records and logins, mode 0700. Default "kafka" in contactd's
	// data folder, which cmd fills in.
	Dir string `yaml:"dir"`
	// Address is where clients connect, on a loopback address. Port 0 takes a
	// free one. Default "127.0.0.1:9092".
	Address string `yaml:"address"`
	// Retention is how long records are kept at most; they are removed
	// earlier when they take more than 256 MiB. Default 168h.
	Retention time.Duration `yaml:"retention"`
	// Connections is how many clients may be connected at a time; each has a
	// few. Default 256.
	Connections int `yaml:"connections"`
}

// partitions are those of the topics that carry conversations: few, because one
// goroutine serves all.
const partitions = 4

// WithDefaults returns the config with every unset value filled, except Dir.
func (c Config) WithDefaults() Config {
	if c.Address == "" {
		c.Address = "127.0.0.1:9092"
	}
	if c.Retention == 0 {
		c.Retention = 7 * 24 * time.Hour
	}
	if c.Connections == 0 {
		c.Connections = 256
	}
	return c
}

// Validate returns every problem, each with its key.
func (c Config) Validate() error {
	var problems []error
	if c.Address != "" {
		host, port, err := net.SplitHostPort(c.Address)
		if _, wrong := net.LookupPort("tcp", port); err == nil && wrong != nil {
			problems = append(problems, fmt.Errorf("broker.address: want a port from 0 to 65535, got %q", port))
		}
		if err != nil {
			problems = append(problems, fmt.Errorf("broker.address: want host:port, got %q", c.Address))
		} else if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
			problems = append(problems, fmt.Errorf("broker.address: want a loopback address such as 127.0.0.1, got %q; use Apache Kafka (kafka.brokers) to serve other machines", host))
		}
	}
	if c.Retention < 0 || c.Retention > 0 && c.Retention < time.Hour {
		problems = append(problems, fmt.Errorf("broker.retention: want 1h or more, got %v", c.Retention))
	}
	if c.Connections < 0 {
		problems = append(problems, fmt.Errorf("broker.connections: want 1 or more, got %d", c.Connections))
	}
	return errors.Join(problems...)
}

// client is how contactd connects to a broker at address.
func (c Config) client(address string) kafka.Config {
	made := kafka.Config{
		Brokers: []string{address},
		SASL:    kafka.SASL{Mechanism: "scram-sha-512", User: ownUser, PasswordFile: filepath.Join(c.Dir, ownFile)},
		Topics:  kafka.Topics{Partitions: partitions, Replication: 1, MinInSync: 1, Retention: c.Retention},
	}
	return made.WithDefaults()
}

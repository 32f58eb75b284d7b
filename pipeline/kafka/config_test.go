package kafka_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"

	"contactd/pipeline/kafka"
)

func TestAConfigIsReadFromYAML(t *testing.T) {
	var c kafka.Config
	err := yaml.UnmarshalWithOptions([]byte(`
brokers: [a:9092, "b:9092"]
tls: {enabled: true, ca_file: ca.pem}
sasl: {mechanism: scram-sha-512, user: u, password: p4ss}
topics: {retention: 48h, partitions: 3}
`), &c, yaml.Strict())
	if err != nil {
		t.Fatal(err)
	}
	c = c.WithDefaults()
	if err := c.Validate(); err != nil {
		t.Fatal(err)
	}
	want := kafka.Topics{Partitions: 3, Replication: 3, MinInSync: 2, Retention: 48 * time.Hour}
	if c.Topics != want || len(c.Brokers) != 2 || string(c.SASL.Password) != "p4ss" {
		t.Errorf("got %+v", c)
	}
}

func TestEveryProblemOfAConfigIsNamedWithItsKey(t *testing.T) {
	c := kafka.Config{
		Brokers: []string{"no-port"},
		TLS:     kafka.TLS{CAFile: "ca.pem", CertFile: "cert.pem"},
		SASL:    kafka.SASL{Mechanism: "gssapi"},
		Topics:  kafka.Topics{Partitions: -1, Replication: 2, MinInSync: 3, Retention: time.Minute},
	}
	err := c.Validate()
	if err == nil {
		t.Fatal("no problem found")
	}
	want := `kafka.brokers[0]: want host:port, got "no-port"
kafka.tls.cert_file: want both cert_file and key_file, or neither
kafka.tls.enabled: is false, but other keys of tls are set
kafka.sasl.mechanism: want plain, scram-sha-256 or scram-sha-512, got "gssapi"
kafka.sasl.user: is missing
kafka.sasl.password: want either password or password_file
kafka.topics.partitions: want 1 to 1000, got -1
kafka.topics.min_insync: want 1 to the replication of 2, got 3
kafka.topics.retention: want 1h or more, got 1m0s`
	if err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
}

func TestMoreInSyncThanTheUsualReplicationIsNoticed(t *testing.T) {
	err := kafka.Config{Topics: kafka.Topics{MinInSync: 4}}.Validate()
	if err == nil || err.Error() != "kafka.topics.min_insync: want 1 to the replication of 3, got 4" {
		t.Errorf("got %v, though nothing could ever be published", err)
	}
}

func TestAPasswordThatCrossesTheNetworkReadableIsWarnedOf(t *testing.T) {
	for _, test := range []struct {
		config kafka.Config
		warned bool
	}{
		{kafka.Config{Brokers: []string{"127.0.0.1:9092", "kafka.example:9092"}, SASL: kafka.SASL{Mechanism: "plain"}}, true},
		{kafka.Config{Brokers: []string{"kafka.example:9092"}, SASL: kafka.SASL{Mechanism: "plain"}, TLS: kafka.TLS{Enabled: true}}, false},
		{kafka.Config{Brokers: []string{"kafka.example:9092"}, SASL: kafka.SASL{Mechanism: "scram-sha-256"}}, false},
		{kafka.Config{Brokers: []string{"kafka.example:9092"}}, false},
		{kafka.Config{Brokers: []string{"localhost:9092", "[::1]:9093"}, SASL: kafka.SASL{Mechanism: "plain"}}, false},
	} {
		if warning := test.config.Warning(); (warning != "") != test.warned {
			t.Errorf("%+v: %q", test.config, warning)
		}
	}
}

func TestASecretIsNeverShown(t *testing.T) {
	c := kafka.Config{SASL: kafka.SASL{User: "u", Password: "p4ssw0rd"}}
	encoded, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	inYAML, err := yaml.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	var logged strings.Builder
	slog.New(slog.NewTextHandler(&logged, nil)).Info("config", "config", c, "password", c.SASL.Password)
	for _, shown := range []string{fmt.Sprintf("%v %+v %#v %s %q %x", c, c, c, c.SASL.Password, c.SASL.Password, c.SASL.Password), string(encoded), string(inYAML), logged.String()} {
		if strings.Contains(shown, "p4ssw0rd") || strings.Contains(shown, "7034737377") {
			t.Errorf("shown: %s", shown)
		}
	}
}

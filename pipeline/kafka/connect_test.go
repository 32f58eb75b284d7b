package kafka_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill"

	"contactd/deploy/servers"
	"contactd/pipeline/kafka"
)

func TestEveryWayToConnectPublishesAndReads(t *testing.T) {
	node := servers.Kafka(t)
	file := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, []byte(node.Password+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	login := func(mechanism string) kafka.Config {
		c := single(node.SASL)
		c.SASL = kafka.SASL{Mechanism: mechanism, User: node.User, Password: kafka.Secret(node.Password)}
		return c
	}
	protected := single(node.TLS)
	protected.TLS = kafka.TLS{Enabled: true, CAFile: node.CAFile}
	fromFile := login("scram-sha-512")
	fromFile.SASL.Password, fromFile.SASL.PasswordFile = "", file
	for name, c := range map[string]kafka.Config{
		"PLAIN": login("plain"), "SCRAM-SHA-256": login("scram-sha-256"), "SCRAM-SHA-512": login("scram-sha-512"),
		"password from a file": fromFile, "TLS": protected,
	} {
		t.Run(name, func(t *testing.T) {
			if err := c.Validate(); err != nil {
				t.Fatal(err)
			}
			topic := "test." + watermill.NewShortUUID()
			if err := newCluster(t, c).EnsureTopic(t.Context(), topic, 1); err != nil {
				t.Fatal(err)
			}
			if err := newPublisher(t, c, kafka.Watch{}).Publish(topic, envelope("x", "k")); err != nil {
				t.Fatal(err)
			}
			envs, err := newSubscriber(t, c, kafka.SubscriberConfig{Group: "g"}, kafka.Watch{}).Subscribe(t.Context(), topic)
			if err != nil {
				t.Fatal(err)
			}
			receive(t, envs, 1)
		})
	}
}

func TestAWrongPasswordOrCertificateIsRefusedAndNotShown(t *testing.T) {
	node := servers.Kafka(t)
	wrong := single(node.SASL)
	wrong.SASL = kafka.SASL{Mechanism: "scram-sha-512", User: node.User, Password: "not-the-password"}
	bare := single(node.Plain) // which knows no passwords
	bare.SASL = wrong.SASL
	unknown := single(node.TLS) // signed by nobody whom this machine knows
	unknown.TLS.Enabled = true
	other := single(node.TLS)
	other.TLS = kafka.TLS{Enabled: true, CAFile: node.CAFile, ServerName: "kafka.example"}
	for name, test := range map[string]struct {
		config kafka.Config
		want   string
	}{
		"password":    {wrong, "SASL Authentication Failed"},
		"no password": {bare, "(check kafka.sasl and kafka.tls)"},
		"authority":   {unknown, "certificate signed by unknown authority (set kafka.tls.ca_file to the authority that signed it)"},
		"server name": {other, "not kafka.example (set kafka.tls.server_name to the name in the certificate)"},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			_, err := newCluster(t, test.config).Check(ctx)
			if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "not-the-password") {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestAnEmptyPasswordFileIsNamed(t *testing.T) {
	node := servers.Kafka(t)
	file := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, []byte("\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, mechanism := range []string{"plain", "scram-sha-512"} {
		c := single(node.SASL)
		c.SASL = kafka.SASL{Mechanism: mechanism, User: node.User, PasswordFile: file}
		_, err := newCluster(t, c).Check(t.Context())
		if err == nil || !strings.Contains(err.Error(), "kafka.sasl.password_file: "+file+" is empty") {
			t.Errorf("%s: %v", mechanism, err)
		}
	}
}

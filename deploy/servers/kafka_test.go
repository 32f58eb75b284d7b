package servers_test

import (
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/sasl/scram"

	"contactd/deploy/servers"
)

// Kcat logs in by PLAIN only: librdkafka before 2.6.1, which Debian 12 has,
// repeats its nonce in SCRAM, and Kafka refuses that since 3.8.1
// (confluentinc/librdkafka#4895).
func TestKafkaAnswersKcatOnEveryListener(t *testing.T) {
	node, kcat := servers.Kafka(t), servers.Kcat(t)
	for name, args := range map[string][]string{
		"without protection": {"-b", node.Plain},
		"with a login": {
			"-b", node.SASL, "-X", "security.protocol=sasl_plaintext", "-X", "sasl.mechanism=PLAIN",
			"-X", "sasl.username=" + node.User, "-X", "sasl.password=" + node.Password,
		},
		"with TLS": {"-b", node.TLS, "-X", "security.protocol=ssl", "-X", "ssl.ca.location=" + node.CAFile},
	} {
		t.Run(name, func(t *testing.T) {
			said, err := exec.CommandContext(t.Context(), kcat, append([]string{"-L", "-m", "10"}, args...)...).CombinedOutput()
			if err != nil || !strings.Contains(string(said), "1 brokers") {
				t.Fatalf("kcat: %v\n%s", err, said)
			}
		})
	}
}

func TestKafkaAcceptsALoginByBothKindsOfSCRAM(t *testing.T) {
	node := servers.Kafka(t)
	for _, algorithm := range []scram.Algorithm{scram.SHA256, scram.SHA512} {
		mechanism, err := scram.Mechanism(algorithm, node.User, node.Password)
		if err != nil {
			t.Fatal(err)
		}
		transport := &kafka.Transport{SASL: mechanism}
		t.Cleanup(transport.CloseIdleConnections)
		client := kafka.Client{Addr: kafka.TCP(node.SASL), Transport: transport, Timeout: 10 * time.Second}
		if _, err := client.Metadata(t.Context(), &kafka.MetadataRequest{}); err != nil {
			t.Errorf("%s: %v", mechanism.Name(), err)
		}
	}
}

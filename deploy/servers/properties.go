package servers

import (
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/template"
)

// clusterID is any 16 bytes in base64; the node keeps nothing between starts.
const clusterID = "Y29udGFjdGQtdGVzdC0wMQ"

// properties is a single KRaft node. Topics are not created by naming them, as
// on a force's cluster; the inner topics are small because one node has them.
const properties = `process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{{.Controller}}
listeners=PLAINTEXT://127.0.0.1:{{.Plain}},SASL_PLAINTEXT://127.0.0.1:{{.SASL}},SSL://127.0.0.1:{{.TLS}},CONTROLLER://127.0.0.1:{{.Controller}}
advertised.listeners=PLAINTEXT://127.0.0.1:{{.Plain}},SASL_PLAINTEXT://127.0.0.1:{{.SASL}},SSL://127.0.0.1:{{.TLS}}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,SASL_PLAINTEXT:SASL_PLAINTEXT,SSL:SSL,CONTROLLER:PLAINTEXT
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
log.dirs={{.Home}}/data

sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512
listener.name.sasl_plaintext.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required user_{{.User}}="{{.Password}}";
listener.name.sasl_plaintext.scram-sha-256.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.sasl_plaintext.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
ssl.keystore.type=PEM
ssl.keystore.location={{.ServerFile}}

auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
`

// configure writes server.properties and certificates into home and gives the
// node that they describe.
func configure(home string) (Node, error) {
	ports, err := freePorts(4)
	if err != nil {
		return Node{}, err
	}
	ca, server, err := certificates(home)
	if err != nil {
		return Node{}, err
	}
	values := struct {
		Plain, SASL, TLS, Controller     int
		Home, ServerFile, User, Password string
	}{ports[0], ports[1], ports[2], ports[3], home, server, "contactd", rand.Text()}
	var text strings.Builder
	if err := template.Must(template.New("properties").Parse(properties)).Execute(&text, values); err != nil {
		return Node{}, fmt.Errorf("write properties: %w", err)
	}
	if err := os.WriteFile(filepath.Join(home, "server.properties"), []byte(text.String()), 0o600); err != nil {
		return Node{}, fmt.Errorf("write properties: %w", err)
	}
	return Node{
		Plain: loopback(values.Plain), SASL: loopback(values.SASL), TLS: loopback(values.TLS),
		User: values.User, Password: values.Password, CAFile: ca, Home: home,
	}, nil
}

func loopback(port int) string { return fmt.Sprintf("127.0.0.1:%d", port) }

package kafka

import (
	"cmp"
	"strconv"
	"strings"

	kafkago "github.com/segmentio/kafka-go"
)

// The commands that mend a topic, for somebody who may run them: those of Apache
// Kafka, which every cluster has.

func (c *Cluster) createCommand(w want) string {
	command := c.command("kafka-topics.sh", "--create", "--topic", w.topic,
		"--partitions", strconv.Itoa(w.partitions), "--replication-factor", strconv.Itoa(c.config.Topics.Replication))
	for _, entry := range w.configs {
		command += " --config " + entry.ConfigName + "=" + entry.ConfigValue
	}
	return command
}

func (c *Cluster) alterCommand(topic string, changes []kafkago.ConfigEntry) string {
	if len(changes) == 0 {
		return ""
	}
	var settings []string
	for _, entry := range changes {
		settings = append(settings, entry.ConfigName+"="+entry.ConfigValue)
	}
	return c.command("kafka-configs.sh", "--alter", "--topic", topic, "--add-config", strings.Join(settings, ","))
}

func (c *Cluster) command(tool string, args ...string) string {
	words := []string{tool, "--bootstrap-server", strings.Join(c.connect.brokers, ",")}
	if c.connect.tls != nil || c.connect.sasl != nil {
		words = append(words, "--command-config", "client.properties")
	}
	return strings.Join(append(words, args...), " ")
}

// allowTopic gives the user every right to a topic that contactd needs.
func (c *Cluster) allowTopic(topic string) string {
	return c.allow("--operation", "Read", "--operation", "Write", "--operation", "DescribeConfigs", "--topic", topic)
}

func (c *Cluster) allow(what ...string) string {
	user := cmp.Or(c.config.SASL.User, "NAME")
	return c.command("kafka-acls.sh", append([]string{"--add", "--allow-principal", "User:" + user}, what...)...)
}

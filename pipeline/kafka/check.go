package kafka

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	kafkago "github.com/segmentio/kafka-go"
)

// TopicState is what Check found out about a topic.
type TopicState struct {
	Topic      string
	Partitions int
	// Problem is nil when the topic is as it must be.
	Problem error
	// Command mends the problem, or is empty.
	Command string
}

// Missing reports whether the topic is not there. One that the user may not see
// is not known to be missing.
func (s TopicState) Missing() bool { return errors.Is(s.Problem, kafkago.UnknownTopicOrPartition) }

// Mend is the problem with the command that mends it, if one does.
func (s TopicState) Mend() error {
	if s.Problem == nil || s.Command == "" {
		return s.Problem
	}
	return fmt.Errorf("%w; run\n  %s", s.Problem, s.Command)
}

// Check looks at the topics, tries whether they can and may be read and written
// as contactd run does, and changes nothing. Its error is about the cluster; what
// is wrong with a topic stands in its state.
func (c *Cluster) Check(ctx context.Context) ([]TopicState, error) {
	return c.check(ctx, c.wants(), func(client *kafkago.Client, w want, found kafkago.Topic) error {
		return errors.Join(c.blocked(found), denied(ctx, client, w))
	})
}

// blocked says which partitions take no record now.
func (c *Cluster) blocked(found kafkago.Topic) error {
	var problems []error
	for _, p := range found.Partitions {
		switch {
		case p.Leader.Host == "":
			problems = append(problems, fmt.Errorf("partition %d has no leader: start the brokers that have it", p.ID))
		case len(p.Isr) < c.config.Topics.MinInSync:
			problems = append(problems, fmt.Errorf("partition %d is in sync on %d of %d brokers, and nothing is published to it with fewer than %d: see to those that are away or behind",
				p.ID, len(p.Isr), len(p.Replicas), c.config.Topics.MinInSync))
		}
	}
	return errors.Join(problems...)
}

// advised adds to an error of a connection which setting may mend it.
func advised(err error) error {
	var authority x509.UnknownAuthorityError
	var name x509.HostnameError
	switch {
	case errors.As(err, &authority):
		return fmt.Errorf("%w (set kafka.tls.ca_file to the authority that signed it)", err)
	case errors.As(err, &name):
		return fmt.Errorf("%w (set kafka.tls.server_name to the name in the certificate)", err)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("%w: the broker hung up (check kafka.sasl and kafka.tls)", err)
	case errors.Is(err, kafkago.SASLAuthenticationFailed), errors.Is(err, kafkago.IllegalSASLState), errors.Is(err, kafkago.UnsupportedSASLMechanism):
		return fmt.Errorf("%w (check kafka.sasl and kafka.tls)", err)
	default:
		return err
	}
}

// check looks at topics, and tries those that are as they must be.
func (c *Cluster) check(ctx context.Context, wants []want, try func(*kafkago.Client, want, kafkago.Topic) error) ([]TopicState, error) {
	names := make([]string, len(wants))
	for i, w := range wants {
		names[i] = w.topic
	}
	pool := c.connect.transport(names...)
	defer pool.CloseIdleConnections()
	client := c.connect.client(pool)
	// By name: brokers leave out of a list of all what the user may not see.
	answer, err := client.Metadata(ctx, &kafkago.MetadataRequest{Topics: names})
	if err != nil {
		return nil, fmt.Errorf("ask %s for topics: %w", strings.Join(c.connect.brokers, ", "), advised(withoutCall(err)))
	}
	states := make([]TopicState, len(wants))
	for i, w := range wants {
		found := answer.Topics[slices.IndexFunc(answer.Topics, func(t kafkago.Topic) bool { return t.Name == w.topic })]
		s := TopicState{Topic: w.topic, Partitions: len(found.Partitions), Problem: found.Error}
		if s.Problem == nil {
			var changes []kafkago.ConfigEntry
			if s.Problem, changes, err = c.harm(ctx, client, w, found); err != nil {
				s.Problem = fmt.Errorf("ask for its settings: %w", err)
			}
			s.Command = c.alterCommand(w.topic, changes)
		}
		if s.Problem == nil && try != nil {
			s.Problem = try(client, w, found)
		}
		switch {
		case s.Missing():
			s.Command = c.createCommand(w)
		case errors.Is(s.Problem, kafkago.TopicAuthorizationFailed):
			s.Command = c.allowTopic(w.topic)
		}
		states[i] = s
	}
	return states, nil
}

// harm says what is so different that messages could be lost, and the settings
// that mend it. Other differences are the operator's choice.
func (c *Cluster) harm(ctx context.Context, client *kafkago.Client, w want, found kafkago.Topic) (error, []kafkago.ConfigEntry, error) {
	answer, err := client.DescribeConfigs(ctx, &kafkago.DescribeConfigsRequest{
		Resources: []kafkago.DescribeConfigRequestResource{{ResourceType: kafkago.ResourceTypeTopic, ResourceName: w.topic}},
	})
	if err != nil {
		return nil, nil, err
	}
	set := make(map[string]string)
	for _, r := range answer.Resources {
		if r.Error != nil {
			return nil, nil, r.Error
		}
		for _, entry := range r.ConfigEntries {
			set[entry.ConfigName] = entry.ConfigValue
		}
	}
	var problems []error
	var changes []kafkago.ConfigEntry
	fewest := c.config.Topics.Replication
	for _, p := range found.Partitions {
		if len(p.Replicas) < fewest {
			fewest = len(p.Replicas)
			problems = append(problems, fmt.Errorf("partition %d lies on too few brokers, %d of %d: spread it with kafka-reassign-partitions.sh, or set kafka.topics.replication if that is meant",
				p.ID, fewest, c.config.Topics.Replication))
			break
		}
	}
	for _, wanted := range w.configs {
		have, ok := set[wanted.ConfigName]
		if ok && harmful(wanted, have) {
			problems = append(problems, fmt.Errorf("%s is %s, want %s", wanted.ConfigName, have, wanted.ConfigValue))
			// With more than there are, nothing could be published any more.
			if wanted.ConfigName != "min.insync.replicas" || c.config.Topics.MinInSync <= fewest {
				changes = append(changes, wanted)
			}
		}
	}
	return errors.Join(problems...), changes, nil
}

// harmful reports whether a setting could lose messages, compared to what was
// asked for.
func harmful(wanted kafkago.ConfigEntry, have string) bool {
	switch wanted.ConfigName {
	case "retention.ms", "min.insync.replicas", "max.message.bytes":
		got, err := strconv.ParseInt(have, 10, 64)
		least, _ := strconv.ParseInt(wanted.ConfigValue, 10, 64)
		forever := wanted.ConfigName == "retention.ms" && got < 0
		return err == nil && got < least && !forever
	default:
		return have != wanted.ConfigValue
	}
}

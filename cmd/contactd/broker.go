package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"contactd/cmd/contactd/tell"
	"contactd/pipeline"
	"contactd/pipeline/kafka"
	embedded "contactd/pipeline/kafka/broker"
)

type brokerCommand struct {
	Supervised bool `hidden:"" help:"Be the child of contactd run: configured by and ending with the standard input."`
}

// Run serves until it is told to stop.
func (b brokerCommand) Run(ctx context.Context, p *program, c *commands) error {
	outliveReaders()
	if b.Supervised {
		// What a terminal sends meets both processes; the parent still needs
		// its broker to finish, and ends it after that.
		signal.Ignore(os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
		if err := embedded.ServeChild(context.WithoutCancel(ctx), p.in, p.out, logConfig{}.logger(p.err)); err != nil {
			return errTold // to the parent, who logs it
		}
		return nil
	}
	config, err := p.load(c.Config)
	if err != nil {
		return err
	}
	log := config.Log.logger(p.err)
	config.warnRoot(log)
	return embedded.Serve(ctx, config.Broker, log, func(address string) {
		p.printf("broker runs at %s; kcat -F %s -C -t contact.events reads from it\n",
			address, filepath.Join(config.Broker.Dir, "kcat.conf"))
	})
}

// embeddedPromise says what the broker that comes along is good for.
const embeddedPromise = "comes along, one node, this machine only; the journal keeps every message behind it"

// brokerPatience is how long the start of the broker is waited for: after a kill
// the broker of the last run needs a moment to end.
const brokerPatience = 5 * time.Second

// startEmbedded starts the broker that comes along. One that does not start, as
// when another program has its address, keeps nobody from writing to us: it is
// tried again while messages wait in the journal.
func (d *daemon) startEmbedded(ctx context.Context) error {
	supervision := embedded.Supervision{Command: []string{"", "broker", "--supervised"}, Config: d.config.Broker, Log: d.log}
	// Not ctx: the broker is stopped in its turn, after the pipeline.
	until := time.Now().Add(brokerPatience)
	supervisor, err := embedded.Supervise(context.WithoutCancel(ctx), supervision)
	told := ""
	for err != nil && ctx.Err() == nil && time.Now().Before(until) {
		if told != err.Error() {
			told = err.Error()
			d.log.Warn("broker does not start yet", "err", err)
		}
		select {
		case <-time.After(500 * time.Millisecond):
		case <-ctx.Done():
		}
		supervisor, err = embedded.Supervise(context.WithoutCancel(ctx), supervision)
	}
	if err != nil && ctx.Err() == nil {
		supervisor, err = embedded.Insist(context.WithoutCancel(ctx), supervision, err)
	}
	if err != nil {
		return err
	}
	d.stops = append(d.stops, stop{"broker", func(context.Context) error { return supervisor.Close() }})
	d.broker.connect = supervisor.Kafka()
	d.broker.detail = supervisor.Address() + " (" + embeddedPromise + ")"
	d.broker.read = supervisor.ReadCommand("contact.events")
	d.broker.state.room = func() error {
		if err := supervisor.Trouble(); err != nil {
			return err
		}
		return d.config.Broker.TryRoom()
	}
	if err := supervisor.Trouble(); err != nil {
		err = errors.Join(err, d.config.owned())
		d.broker.read = "not yet: " + err.Error()
		d.log.Error("broker does not start; messages are accepted and wait", "err", err)
	}
	return nil
}

// brokerOf says how another program on this machine reaches the broker: the
// configured one, or the one that contactd run brings along.
func brokerOf(c config) (connect kafka.Config, detail string, err error) {
	if len(c.Kafka.Brokers) > 0 {
		return c.Kafka, "", nil
	}
	connect, err = c.Broker.Running()
	if errors.Is(err, fs.ErrNotExist) {
		return connect, "", errNoBroker
	}
	if errors.Is(err, fs.ErrPermission) {
		err = errors.Join(err, c.owned())
	}
	return connect, embeddedPromise, err
}

var errNoBroker = errors.New("reach broker: kafka.brokers is empty and contactd run has not started one in this data_dir yet")

// clusterOf is that broker, for reading.
func clusterOf(c config) (*kafka.Cluster, error) {
	connect, _, err := brokerOf(c)
	if err != nil {
		return nil, err
	}
	cluster, err := kafka.NewCluster(connect, kafka.Watch{})
	if err != nil {
		return nil, fmt.Errorf("reach broker: %w", err)
	}
	return cluster, nil
}

// brokerNames are the addresses for a person.
func brokerNames(c kafka.Config) string { return strings.Join(c.Brokers, ", ") }

// checkBroker tries the broker, what it has of our topics, and whether they can
// be read in groups.
func checkBroker(ctx context.Context, c config) []finding {
	connect, detail, err := brokerOf(c)
	if errors.Is(err, errNoBroker) {
		return []finding{{what: "broker", name: "-", detail: "contactd run brings one along; set kafka.brokers to use another"}}
	}
	if err != nil {
		return []finding{{what: "broker", name: "-", err: err}}
	}
	broker := finding{what: "broker", name: brokerNames(connect), detail: detail, warning: connect.Warning()}
	if len(c.Kafka.Brokers) == 0 {
		broker.err = c.Broker.TryRoom()
	}
	cluster, err := kafka.NewCluster(connect, kafka.Watch{})
	if err != nil {
		broker.err = err
		return []finding{broker}
	}
	topics, err := cluster.Check(ctx)
	if errors.Is(err, syscall.ECONNREFUSED) && len(c.Kafka.Brokers) == 0 {
		broker.detail = "does not run now; contactd run starts it"
		return []finding{broker}
	}
	if err != nil {
		broker.err = err
		return []finding{broker}
	}
	findings := []finding{broker}
	for _, topic := range topics {
		f := finding{what: "topic", name: topic.Topic}
		if topic.Partitions > 0 {
			f.detail = tell.Count(topic.Partitions, "partition")
		}
		switch {
		case topic.Missing():
			f.detail = "missing; contactd run creates it, or: " + topic.Command
		case topic.Problem != nil:
			f.err = topic.Mend()
		}
		findings = append(findings, f)
	}
	if len(c.Kafka.Brokers) > 0 {
		findings = append(findings, checkGroups(ctx, c, cluster)...)
	}
	return findings
}

// checkGroups tries whether topics can be read as the daemon does: brokers may
// give the right to a topic and not to a group.
func checkGroups(ctx context.Context, c config, cluster *kafka.Cluster) []finding {
	groups := map[string]string{pipeline.TopicReplies: commandGroup(c.Force, c.Node)}
	if c.Classifiers.LLM.Enabled() {
		groups[pipeline.TopicEvents] = secondGroup(c.Force, c.Node)
	}
	var findings []finding
	for _, topic := range slices.Sorted(maps.Keys(groups)) {
		findings = append(findings, finding{what: "group", name: groups[topic], detail: "reads " + topic, err: cluster.CheckGroup(ctx, groups[topic], topic)})
	}
	return findings
}

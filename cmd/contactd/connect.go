package main

import (
	"context"
	"fmt"
	"time"

	"contactd/pipeline/kafka"
)

// broker is how the daemon reaches Kafka.
type broker struct {
	connect kafka.Config
	cluster *kafka.Cluster
	state   *brokerState
	// detail says to a person which broker it is and what it promises.
	detail string
	// read is a command that reads its events, or empty.
	read string
}

// startBroker starts the broker that comes along unless another is configured,
// and sees to the topics. Messages are accepted whether or not the broker
// answers, so nothing here waits for it.
func (d *daemon) startBroker(ctx context.Context) error {
	d.broker.state = newBrokerState()
	if len(d.config.Kafka.Brokers) == 0 {
		if err := d.startEmbedded(ctx); err != nil {
			return err
		}
	} else {
		d.broker.connect, d.broker.detail = d.config.Kafka, brokerNames(d.config.Kafka)
		if warning := d.config.Kafka.Warning(); warning != "" {
			d.log.Warn("a password can be read on its way", "why", warning)
		}
	}
	cluster, err := kafka.NewCluster(d.broker.connect, kafka.Watch{Log: d.log})
	if err != nil {
		return fmt.Errorf("reach broker: %w", err)
	}
	d.broker.cluster = cluster
	d.run("topics", d.seeToTopics)
	return nil
}

// seeToTopics creates what is missing, and looks again now and then: somebody
// may mend a topic while we run, or spoil it.
func (d *daemon) seeToTopics(ctx context.Context) error {
	told := ""
	for ctx.Err() == nil {
		err := d.broker.cluster.Ensure(ctx)
		d.broker.state.topicsAre(err)
		pause := time.Minute
		switch {
		case err == nil && told != "":
			told = ""
			d.log.Info("broker and topics are as they must be")
		case err != nil && ctx.Err() == nil:
			pause = time.Second
			if told != err.Error() {
				told = err.Error()
				d.log.Error("broker and topics are not as they must be; messages are accepted and wait", "err", err)
			}
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
	}
	return nil
}

package main

import (
	"errors"
	"fmt"
	"io/fs"

	"contactd/pipeline/kafka"
	embedded "contactd/pipeline/kafka/broker"
)

// brokerFlags say how Kafka is reached.
type brokerFlags struct {
	Brokers []string `help:"Kafka brokers, host:port, in plain text without a login." placeholder:"HOST:PORT"`
	DataDir string   `help:"The data_dir of a contactd on this machine that brings its own broker." placeholder:"DIR" type:"existingdir"`
}

func (b brokerFlags) given() bool { return len(b.Brokers) > 0 || b.DataDir != "" }

// connect says how to reach the broker that the flags name.
func (b brokerFlags) connect() (kafka.Config, error) {
	if len(b.Brokers) > 0 {
		return kafka.Config{Brokers: b.Brokers}, nil
	}
	if b.DataDir == "" {
		return kafka.Config{}, usageError{errors.New("name the broker: --brokers HOST:PORT, or --data-dir DIR of a contactd on this machine")}
	}
	connect, err := embedded.Config{Dir: b.DataDir + "/kafka"}.Running()
	if errors.Is(err, fs.ErrNotExist) {
		return connect, fmt.Errorf("reach broker: no contactd with a broker of its own runs in %s", b.DataDir)
	}
	return connect, err
}

package broker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/sasl/scram"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
	"golang.org/x/sys/unix"

	"contactd/pipeline/lock"
)

// scramMechanism is the only way to log in. PLAIN would send the password.
const scramMechanism = "SCRAM-SHA-512"

// Serve runs the broker until ctx ends; ready is called with the address once
// it answers. It is meant for a process of its own: it sets the process's umask,
// and a fault in the broker ends the process.
func Serve(ctx context.Context, c Config, log *slog.Logger, ready func(address string)) error {
	c = c.WithDefaults()
	if err := c.Validate(); err != nil {
		return err
	}
	unlock, err := c.open()
	if err != nil {
		return err
	}
	defer unlock()
	room := &space{dir: c.Dir, log: log, free: statfs}
	if err := room.check(); err != nil {
		return err
	}
	passwords, err := loadLogins(c.Dir)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", c.Address)
	if errors.Is(err, unix.EADDRINUSE) {
		return fmt.Errorf("listen for clients (broker.address): %w (choose another port, or set kafka.brokers if a Kafka to be used is there)", err)
	}
	if err != nil {
		return fmt.Errorf("listen for clients (broker.address): %w", err)
	}
	cluster, err := c.start(newGuard(listener, c.Connections, log), passwords, log)
	if err != nil {
		_ = listener.Close()
		return fmt.Errorf("start broker in %s: %w; if its files are damaged, move the folder away, and contactd publishes again what the journal keeps", c.Dir, err)
	}
	defer cluster.Close()
	room.refuse(cluster)
	address := listener.Addr().String()
	if err := passwords.writeKcat(c.Dir, address); err != nil {
		return err
	}
	return c.keep(ctx, cluster, room, kept{address: address, password: passwords.own, log: log, ready: ready})
}

// open makes the folder, for this process alone.
func (c Config) open() (unlock func(), err error) {
	if c.Dir == "" {
		return nil, errors.New("start broker: no folder")
	}
	// The broker creates its files 0644, the one with the logins too.
	unix.Umask(0o077)
	file, err := lock.Take(c.Dir)
	if errors.Is(err, lock.ErrTaken) {
		return nil, fmt.Errorf("lock %s: another broker uses it, stop that one", c.Dir)
	}
	if err != nil {
		return nil, fmt.Errorf("start broker: %w", err)
	}
	if err := os.Chmod(c.Dir, 0o700); err != nil {
		_ = file.Close()
		return nil, fmt.Errorf("protect folder: %w", err)
	}
	// For people: who has it.
	if err := file.Truncate(0); err == nil {
		_, _ = fmt.Fprintln(file, os.Getpid())
	}
	return func() { _ = file.Close() }, nil
}

// start makes the broker on the listener.
func (c Config) start(l net.Listener, passwords logins, log *slog.Logger) (*kfake.Cluster, error) {
	records := filepath.Join(c.Dir, "records")
	// Logins and settings come from here at every start, not from an earlier one.
	for _, name := range []string{"sasl.json", "broker_configs.json"} {
		if err := os.Remove(filepath.Join(records, name)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, fmt.Errorf("remove old settings: %w", err)
		}
	}
	read := func(kind kmsg.ACLResourceType) kfake.ACL {
		return kfake.ACL{Resource: kind, Name: "*", Pattern: kmsg.ACLResourcePatternTypeLiteral, Operation: kmsg.ACLOperationRead, Allow: true}
	}
	cluster, err := kfake.NewCluster(
		kfake.NumBrokers(1),
		kfake.ListenFn(func(string, string) (net.Listener, error) { return l, nil }),
		kfake.ClusterID("contactd"),
		kfake.WithLogger(logger{log}),
		kfake.DataDir(records),
		kfake.SyncWrites(), // without it a power cut takes all since the last start
		kfake.EnableSASL(),
		kfake.EnableACLs(),
		kfake.Superuser(scramMechanism, ownUser, passwords.own),
		kfake.User(scramMechanism, readerUser, passwords.reader, read(kmsg.ACLResourceTypeTopic), read(kmsg.ACLResourceTypeGroup)),
		kfake.BrokerConfigs(map[string]string{
			"default.replication.factor": "1",
			// Until upkeep has seen a new topic.
			"log.segment.bytes":   strconv.Itoa(segmentBytes),
			"log.retention.ms":    strconv.FormatInt(c.Retention.Milliseconds(), 10),
			"log.retention.bytes": strconv.Itoa(otherBytes),
		}),
	)
	if err != nil {
		return nil, err
	}
	if err := c.createTopics(cluster); err != nil {
		cluster.Close()
		return nil, err
	}
	return cluster, nil
}

// kept is what keep needs beside the broker.
type kept struct {
	address, password string
	log               *slog.Logger
	ready             func(address string)
}

// keep looks after the running broker until ctx ends.
func (c Config) keep(ctx context.Context, cluster *kfake.Cluster, room *space, k kept) error {
	mechanism, err := scram.Mechanism(scram.SHA512, ownUser, k.password)
	if err != nil {
		return fmt.Errorf("log in: %w", err)
	}
	pool := &kafkago.Transport{SASL: mechanism, ClientID: "contactd-upkeep"}
	defer pool.CloseIdleConnections()
	client := &kafkago.Client{Addr: kafkago.TCP(k.address), Timeout: frameTimeout, Transport: pool}
	if err := c.upkeep(ctx, cluster, client); err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
	k.ready(k.address)
	go room.watch(ctx)
	tick := time.NewTicker(upkeepInterval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			if err := c.upkeep(ctx, cluster, client); err != nil && ctx.Err() == nil {
				k.log.Error("kafka broker upkeep", "err", err.Error())
			}
		}
	}
}

// logger passes on what the broker says, except its chatter.
type logger struct{ log *slog.Logger }

// Logf implements kfake.Logger.
func (l logger) Logf(level kfake.LogLevel, format string, args ...any) {
	switch level {
	case kfake.LogLevelError:
		l.log.Error("kafka broker", "said", fmt.Sprintf(format, args...))
	case kfake.LogLevelWarn:
		l.log.Warn("kafka broker", "said", fmt.Sprintf(format, args...))
	}
}

package servers

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/segmentio/kafka-go"
	"golang.org/x/sys/unix"
)

const (
	stateFile = "kafka.json"
	// startLimit bounds the time until a started node answers.
	startLimit = 90 * time.Second
	stopLimit  = 20 * time.Second
)

// Node is a running Apache Kafka node.
type Node struct {
	// PID of its process.
	PID int `json:"pid"`
	// Plain, SASL and TLS are host:port of its listeners: without any
	// protection, with a login (PLAIN, SCRAM-SHA-256, SCRAM-SHA-512), and
	// with TLS without a login.
	Plain string `json:"plain"`
	SASL  string `json:"sasl"`
	TLS   string `json:"tls"`
	// User and Password log in at SASL by every mechanism.
	User     string `json:"user"`
	Password string `json:"password"`
	// CAFile holds the authority that signed the certificate of TLS.
	CAFile string `json:"caFile"`
	// Home is its folder, with storage and server.log.
	Home string `json:"home"`
}

// StartKafka starts the node, unless one runs, and returns when it answers.
// What goes on is told on out. It installs nothing but Kafka's jars.
func StartKafka(ctx context.Context, out io.Writer) (Node, error) {
	dir, err := Dir()
	if err != nil {
		return Node{}, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return Node{}, fmt.Errorf("create state folder: %w", err)
	}
	unlock, err := lock(dir)
	if err != nil {
		return Node{}, err
	}
	defer unlock()
	if node, err := Running(); err == nil {
		return node, nil
	}
	libs, err := jars(ctx, dir, out)
	if err != nil {
		return Node{}, err
	}
	home := filepath.Join(dir, "kafka")
	if err := os.RemoveAll(home); err != nil {
		return Node{}, fmt.Errorf("clear storage: %w", err)
	}
	if err := os.MkdirAll(home, 0o700); err != nil {
		return Node{}, fmt.Errorf("create storage: %w", err)
	}
	node, err := launch(ctx, libs, home)
	if err != nil {
		return Node{}, err
	}
	raw, err := json.MarshalIndent(node, "", "  ")
	if err != nil {
		return Node{}, fmt.Errorf("write state: %w", err)
	}
	if err := os.WriteFile(filepath.Join(dir, stateFile), raw, 0o600); err != nil {
		return Node{}, fmt.Errorf("write state: %w", err)
	}
	return node, nil
}

// StopKafka ends the node if one runs.
func StopKafka() error {
	dir, err := Dir()
	if err != nil {
		return err
	}
	if !exists(dir) {
		return nil
	}
	unlock, err := lock(dir)
	if err != nil {
		return err
	}
	defer unlock()
	if node, err := Running(); err == nil {
		if err := node.stop(); err != nil {
			return err
		}
	}
	if err := os.Remove(filepath.Join(dir, stateFile)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("remove state: %w", err)
	}
	return nil
}

// launch formats the storage in home and starts the broker on it.
func launch(ctx context.Context, libs, home string) (Node, error) {
	node, err := configure(home)
	if err != nil {
		return Node{}, err
	}
	properties := filepath.Join(home, "server.properties")
	classpath := filepath.Join(libs, "*")
	format := exec.CommandContext(ctx, "java", "-Xmx256m", "-cp", classpath, "kafka.tools.StorageTool", "format",
		"--config", properties, "--cluster-id", clusterID,
		"--add-scram", fmt.Sprintf("SCRAM-SHA-256=[name=%s,password=%s]", node.User, node.Password),
		"--add-scram", fmt.Sprintf("SCRAM-SHA-512=[name=%s,password=%s]", node.User, node.Password))
	if said, err := format.CombinedOutput(); err != nil {
		return Node{}, fmt.Errorf("format storage: %w: %s", err, said)
	}
	log, err := os.Create(filepath.Join(home, "server.log"))
	if err != nil {
		return Node{}, fmt.Errorf("create log: %w", err)
	}
	defer func() { _ = log.Close() }()
	// Not CommandContext: the node outlives whoever starts it.
	broker := exec.Command("java", "-Xms128m", "-Xmx512m", "-XX:+UseSerialGC", //nolint:gosec // both paths are ours
		"-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-cp", classpath, "kafka.Kafka", properties)
	broker.Stdout, broker.Stderr = log, log
	broker.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := broker.Start(); err != nil {
		return Node{}, fmt.Errorf("start broker: %w", err)
	}
	node.PID = broker.Process.Pid
	ended := make(chan error, 1)
	go func() { ended <- broker.Wait() }()
	if err := node.answers(ctx, ended); err != nil {
		_ = broker.Process.Kill()
		return Node{}, fmt.Errorf("wait for broker (see %s): %w", log.Name(), err)
	}
	return node, nil
}

// answers waits until the node tells its address.
func (n Node) answers(ctx context.Context, ended <-chan error) error {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	tick := time.NewTicker(250 * time.Millisecond)
	defer tick.Stop()
	transport := &kafka.Transport{}
	defer transport.CloseIdleConnections()
	client := &kafka.Client{Addr: kafka.TCP(n.Plain), Timeout: 2 * time.Second, Transport: transport}
	for {
		meta, err := client.Metadata(ctx, &kafka.MetadataRequest{})
		if err == nil && len(meta.Brokers) == 1 {
			return nil
		}
		select {
		case err := <-ended:
			return fmt.Errorf("it ended: %w", err)
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// alive says whether the process is there and is the node, not another that
// was given its number.
func (n Node) alive() bool {
	raw, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(n.PID), "cmdline"))
	return err == nil && bytes.Contains(raw, []byte(n.Home))
}

func (n Node) stop() error {
	if err := syscall.Kill(n.PID, syscall.SIGTERM); err != nil {
		return fmt.Errorf("stop broker: %w", err)
	}
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	limit := time.After(stopLimit)
	for n.alive() {
		select {
		case <-tick.C:
		case <-limit:
			if err := syscall.Kill(n.PID, syscall.SIGKILL); err != nil {
				return fmt.Errorf("kill broker: %w", err)
			}
		}
	}
	return nil
}

// lock keeps two commands from starting two nodes.
func lock(dir string) (unlock func(), err error) {
	file, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open lock: %w", err)
	}
	if err := unix.Flock(int(file.Fd()), unix.LOCK_EX); err != nil {
		_ = file.Close()
		return nil, fmt.Errorf("lock state folder: %w", err)
	}
	return func() { _ = file.Close() }, nil
}

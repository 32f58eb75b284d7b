package broker_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"testing"

	"contactd/pipeline/kafka/broker"
)

// childVariable makes this test program the broker's process.
const childVariable = "CONTACTD_TEST_BROKER"

func TestMain(m *testing.M) {
	if os.Getenv(childVariable) == "1" {
		log := slog.New(slog.NewTextHandler(os.Stderr, nil))
		if err := broker.ServeChild(context.Background(), os.Stdin, os.Stdout, log); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func supervise(t testing.TB, c broker.Config) *broker.Supervisor {
	t.Helper()
	s, err := start(t, c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func start(t testing.TB, c broker.Config) (*broker.Supervisor, error) {
	t.Helper()
	if c.Dir == "" {
		c.Dir = t.TempDir()
	}
	if c.Address == "" {
		c.Address = "127.0.0.1:0"
	}
	s, err := broker.Supervise(context.Background(), supervision(t, c))
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() { _ = s.Close() })
	return s, nil
}

func supervision(t testing.TB, c broker.Config) broker.Supervision {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	command := []string{"/usr/bin/env", childVariable + "=1", self}
	return broker.Supervision{Command: command, Config: c, Log: slog.New(slog.DiscardHandler)}
}

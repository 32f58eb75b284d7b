package kafka_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"testing"

	"contactd/pipeline/kafka"
	"contactd/pipeline/kafka/broker"
)

// childVariable makes this test program the embedded broker's process.
const childVariable = "CONTACTD_TEST_BROKER"

func TestMain(m *testing.M) {
	if os.Getenv(childVariable) == "1" {
		log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
		if err := broker.ServeChild(context.Background(), os.Stdin, os.Stdout, log); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// supervise runs an embedded broker for the test.
func supervise(t testing.TB) *broker.Supervisor {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	s, err := broker.Supervise(context.Background(), broker.Supervision{
		Command: []string{"/usr/bin/env", childVariable + "=1", self},
		Config:  broker.Config{Dir: t.TempDir(), Address: "127.0.0.1:0", Connections: 10_000}, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// embedded gives the config of an embedded broker for the test.
func embedded(t testing.TB) kafka.Config { return supervise(t).Kafka() }

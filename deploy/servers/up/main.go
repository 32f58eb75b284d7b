// Command up starts and stops the real servers that tests use; see package
// servers. `make up` runs it with the argument "up", `make down` with "down".
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"

	"contactd/deploy/servers"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1) //nolint:gocritic // nothing is left to undo
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	if len(args) == 1 && args[0] == "down" {
		return servers.StopKafka()
	}
	if len(args) > 1 || len(args) == 1 && args[0] != "up" {
		return fmt.Errorf("usage: go run ./deploy/servers/up [up|down]")
	}
	if err := servers.InstallPackages(ctx, out); err != nil {
		return err
	}
	node, err := servers.StartKafka(ctx, out)
	if err != nil {
		return fmt.Errorf("start Apache Kafka: %w", err)
	}
	if err := servers.FetchAxe(ctx, out); err != nil {
		return fmt.Errorf("fetch axe-core: %w", err)
	}
	_, err = fmt.Fprintf(out, "Apache Kafka runs at %s (SASL %s, TLS %s)\n", node.Plain, node.SASL, node.TLS)
	return err
}

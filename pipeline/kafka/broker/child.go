package broker

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
)

// hello is the one line that a supervised broker writes to its output.
type hello struct {
	Address string `json:"address,omitempty"`
	Error   string `json:"error,omitempty"`
}

// ServeChild is what the process that Supervise starts must do: it reads its
// Config, one line of JSON, from in, serves, and writes one line to out, that it
// is ready or why it is not. It ends when ctx or in ends, and so when
// its parent dies, however that dies.
func ServeChild(ctx context.Context, in io.Reader, out io.Writer, log *slog.Logger) error {
	lines := bufio.NewReader(in)
	line, err := lines.ReadBytes('\n')
	if err != nil {
		return fmt.Errorf("read config: %w", err)
	}
	var c Config
	if err := json.Unmarshal(line, &c); err != nil {
		return fmt.Errorf("read config: %w", err)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		_, _ = io.Copy(io.Discard, lines) // ends with the parent
		cancel()
	}()
	say := json.NewEncoder(out)
	err = Serve(ctx, c, log, func(address string) { _ = say.Encode(hello{Address: address}) })
	if err != nil {
		_ = say.Encode(hello{Error: err.Error()})
	}
	return err
}

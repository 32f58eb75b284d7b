package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"contactd/channels/simulator"
)

// platformFlags are what every platform that is played takes.
type platformFlags struct {
	Stay  time.Duration `help:"How long to go on after the script, and show answers. Default: until interrupted." default:"-1s"`
	Drain time.Duration `help:"How long to wait for what is still to be delivered." default:"30s"`
	SetUp string        `help:"Only write the secrets into this folder, and print the configuration for contactd." placeholder:"DIR"`
}

// platform is what differs between those that are played.
type platform struct {
	name    string
	trouble float64
	script  []byte // without a file of one
	file    string
	config  func(dir string) (string, error)
	play    func(ctx context.Context, steps []step, out io.Writer) error
}

// run sets a platform up, or plays its script.
func (f platformFlags) run(ctx context.Context, p platform, out io.Writer) error {
	if p.trouble < 0 || p.trouble > 1 {
		return usageError{errors.New(p.name + ": --trouble wants 0 to 1")}
	}
	if f.SetUp != "" {
		section, err := p.config(f.SetUp)
		if err == nil {
			_, err = io.WriteString(out, "channels:\n"+section)
		}
		return err
	}
	script := p.script
	if p.file != "" {
		var err error
		if script, err = os.ReadFile(p.file); err != nil {
			return fmt.Errorf("read script: %w", err)
		}
	}
	steps, err := readScript(bytes.NewReader(script))
	if err != nil {
		return usageError{fmt.Errorf("%s: %w", p.name, err)}
	}
	return p.play(ctx, steps, out)
}

// simulatorOptions are those of a platform that delivers to contactd.
func simulatorOptions(listen, base, path string, received func(to, text string)) simulator.Options {
	return simulator.Options{
		Listen: listen, Callback: strings.TrimSuffix(base, "/") + path, Retry: time.Second, Seed: uint64(time.Now().UnixNano()), Sent: received,
	}
}

// writeSecrets writes a file for each secret into dir and returns its full
// name.
func writeSecrets(dir string, secrets map[string]string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("set up: %w", err)
	}
	for name, secret := range secrets {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(secret+"\n"), 0o600); err != nil {
			return "", fmt.Errorf("set up: %w", err)
		}
	}
	return dir, nil
}

// delivering is a platform that delivers.
type delivering interface {
	// Settle waits until everything is delivered.
	Settle(ctx context.Context) error
	// Failed counts the tries that did not deliver.
	Failed() int
}

// follow does the steps of a script, waits until contactd at base has what
// came of them, and stays to show answers.
func (f platformFlags) follow(ctx context.Context, name, base string, steps []step, server delivering, do func(step) error) error {
	for _, each := range steps {
		if !pause(ctx, each.pause) {
			return nil
		}
		if err := do(each); err != nil {
			return usageError{fmt.Errorf("%s: line %d: %w", name, each.line, err)}
		}
	}
	drain, cancel := context.WithTimeout(ctx, f.Drain)
	defer cancel()
	if err := server.Settle(drain); err != nil && ctx.Err() == nil {
		return fmt.Errorf("%s: contactd at %s did not take everything that was delivered (%d tries failed)", name, base, server.Failed())
	}
	if f.Stay < 0 {
		<-ctx.Done()
		return nil
	}
	pause(ctx, f.Stay)
	return nil
}

func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// cast is who plays on a platform and what they have made; it shows what
// happens. One goroutine does the steps; others may tell what is received.
type cast struct {
	platform string
	labels   map[string]string // the platform's ids

	// A simulator tells of what is sent while it is locked itself, so none may
	// be called under mu.
	mu    sync.Mutex
	out   io.Writer
	names map[string]string // of people, by their ids
}

func newCast(platform string, out io.Writer) *cast {
	return &cast{platform: platform, out: out, labels: map[string]string{}, names: map[string]string{}}
}

// meet notes who has an id; known says that it was noted before.
func (c *cast) meet(id, name string) (known bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	known = c.names[id] != ""
	c.names[id] = name
	return known
}

// do does a step by act, which is told the id of what it is done to and
// returns that of what came of it, and shows it.
func (c *cast) do(each step, act func(on string) (made string, err error)) error {
	on := c.labels[each.on]
	if each.on != "" && on == "" {
		return fmt.Errorf("nothing before has the label %q", each.on)
	}
	made, err := act(on)
	if err != nil {
		return err
	}
	if each.label != "" && made != "" {
		c.labels[each.label] = made
	}
	c.show("%s %s %s", each.who, each.verb, each.text)
	return nil
}

// received shows what contactd sends to somebody.
func (c *cast) received(to, text string) {
	c.mu.Lock()
	name := c.names[to]
	c.mu.Unlock()
	if name == "" {
		name = to
	}
	c.show("%s receives %s", name, text)
}

func (c *cast) show(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, _ = fmt.Fprintf(c.out, "%s %-9s %s\n", time.Now().Format(time.TimeOnly), c.platform, strings.TrimSpace(fmt.Sprintf(format, args...)))
}

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

type demoCommand struct {
	Contactd string        `help:"The program." default:"contactd"`
	Dir      string        `help:"Where configuration and data go, a folder that exists. Default: a new one, removed at the end." type:"existingdir" placeholder:"DIR"`
	Listen   string        `help:"Where contactd says how it is." default:"127.0.0.1:8080"`
	Broker   string        `help:"Where the broker is that comes along." default:"127.0.0.1:9092"`
	Chat     string        `help:"Where the web chat is." default:"127.0.0.1:8090"`
	Hooks    string        `help:"Where contactd takes what platforms deliver." default:"127.0.0.1:8091"`
	Meta     string        `help:"Where the simulated Meta answers." default:"127.0.0.1:8095"`
	X        string        `help:"Where the simulated X answers." default:"127.0.0.1:8096"`
	Stay     time.Duration `help:"How long to go on after the scripts. Default: until interrupted." default:"-1s"`
}

// Help is shown below the usage.
func (demoCommand) Help() string {
	return `Starts contactd with a web chat, the broker that comes along, a Facebook page and an account on X, at a Meta and an X that are
played here; people write there, and the events are shown as they come. No account is needed anywhere.`
}

// Run starts everything and shows what happens.
func (c demoCommand) Run(ctx context.Context, out io.Writer) error {
	program, err := exec.LookPath(c.Contactd)
	if err == nil {
		program, err = filepath.Abs(program)
	}
	if err != nil {
		return usageError{fmt.Errorf("demo: find contactd: %w", err)}
	}
	dir := c.Dir
	if dir == "" {
		if dir, err = os.MkdirTemp("", "contactd-demo-"); err != nil {
			return fmt.Errorf("demo: %w", err)
		}
		defer func() { _ = os.RemoveAll(dir) }()
	}
	page := facebookCommand{Base: "http://" + c.Hooks, Path: "/facebook", Listen: c.Meta, Page: "100000000000001", platformFlags: platformFlags{Stay: c.Stay, Drain: time.Minute}}
	account := xCommand{Base: "http://" + c.Hooks, Path: "/twitter", Listen: c.X, User: "1000000000000000001", platformFlags: platformFlags{Stay: c.Stay, Drain: time.Minute}}
	if err := c.configure(dir, page, account); err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	ctx, cancel := context.WithCancel(ctx)
	together := &together{out: out}
	daemon, err := start(ctx, dir, program, together, "run")
	if err != nil {
		cancel()
		return err
	}
	up, ended := context.WithCancel(ctx)
	var running sync.WaitGroup
	running.Go(func() {
		_ = daemon.Wait()
		ended()
	})
	defer running.Wait()
	defer cancel()
	if err := c.awaitReady(up, dir); err != nil || ctx.Err() != nil {
		return unlessOver(ctx, err)
	}
	tail, err := start(ctx, dir, program, together, "tail")
	if err != nil {
		return err
	}
	defer func() { _ = tail.Wait() }()
	defer cancel()
	_, _ = fmt.Fprintf(together, "\nchat at http://%s/demo; answer with\n  %s --config %s/contactd.yaml reply CONVERSATION TEXT\n\n", c.Chat, program, dir)
	err = both(up, together, page, account)
	if up.Err() != nil {
		err = errors.Join(err, errors.New("demo: contactd has ended"))
	}
	return unlessOver(ctx, err)
}

// unlessOver is an error that was not made by the end of ctx.
func unlessOver(ctx context.Context, err error) error {
	select {
	case <-ctx.Done():
		return nil
	default:
		return err
	}
}

// both plays both platforms at once. When one fails the other ends too.
func both(ctx context.Context, out io.Writer, page facebookCommand, account xCommand) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	played := make(chan error, 1)
	go func() {
		err := account.Run(ctx, out)
		if err != nil {
			cancel()
		}
		played <- err
	}()
	err := page.Run(ctx, out)
	if err != nil {
		cancel()
	}
	return errors.Join(err, <-played)
}

// configure writes contactd.yaml into dir.
func (c demoCommand) configure(dir string, page facebookCommand, account xCommand) error {
	section, err := page.config(dir)
	if err != nil {
		return err
	}
	more, err := account.config(dir)
	if err != nil {
		return err
	}
	text := fmt.Sprintf("log: {level: error}\nhttp: {listen: %q}\nbroker: {address: %q}\nwebhooks: {listen: %q}\nchannels:\n  webchat: {demo: true, listen: %q}\n%s",
		c.Listen, c.Broker, c.Hooks, c.Chat, section+more)
	return os.WriteFile(filepath.Join(dir, "contactd.yaml"), []byte(text), 0o600)
}

// start runs contactd in dir until ctx ends, which asks it to stop. What a
// terminal sends does not meet it: a second signal would end it at once.
func start(ctx context.Context, dir, program string, out io.Writer, args ...string) (*exec.Cmd, error) {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, out, out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 40 * time.Second
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start contactd: %w", err)
	}
	return cmd, nil
}

// awaitReady waits until contactd takes what is delivered, or ctx ends. A
// channel may still find its platform missing: it is played later.
func (c demoCommand) awaitReady(ctx context.Context, dir string) error {
	client := &http.Client{Timeout: 2 * time.Second}
	for end := time.Now().Add(time.Minute); time.Now().Before(end); {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+c.Hooks+"/facebook?hub.mode=subscribe&hub.challenge=1&hub.verify_token="+simVerifyToken, nil)
		if err != nil {
			return usageError{fmt.Errorf("demo: --hooks: %w", err)}
		}
		if response, err := client.Do(request); err == nil {
			_ = response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return nil
			}
		}
		if !pause(ctx, 100*time.Millisecond) {
			break
		}
	}
	return errors.New("demo: contactd does not come up in " + dir)
}

// together lets several write to one place.
type together struct {
	mu  sync.Mutex
	out io.Writer
}

// Write implements io.Writer.
func (t *together) Write(text []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.out.Write(text)
}

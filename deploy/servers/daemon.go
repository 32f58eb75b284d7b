package servers

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// startWait bounds the time until a started server answers, or a killed one
// is gone.
const startWait = 20 * time.Second

// daemon is a test's own server: a process with its children, in a temporary
// folder that ends with the test.
type daemon struct {
	name      string // what a failing test calls it
	dir       string
	addresses []string // host:port of all that it listens on

	cmd    *exec.Cmd
	exited chan struct{}
}

// newDaemon gives a server its folder, open to the users that servers run as,
// and has it killed when the test ends.
func newDaemon(t testing.TB, name string) *daemon {
	t.Helper()
	// Not t.TempDir: its path is too long for sockets, and closed to others.
	dir, err := os.MkdirTemp("/tmp", "dc") //nolint:usetesting // see above
	must(t, err)
	must(t, os.Chmod(dir, 0o755))
	d := &daemon{name: name, dir: dir}
	t.Cleanup(func() {
		d.Kill(t)
		os.RemoveAll(dir)
	})
	return d
}

// listen adds a free address to those of the server.
func (d *daemon) listen(t testing.TB) string {
	t.Helper()
	address := FreeAddress(t)
	d.addresses = append(d.addresses, address)
	return address
}

// path is that of a file in the server's folder.
func (d *daemon) path(name string) string { return filepath.Join(d.dir, name) }

// write puts a file that every user may read into the server's folder.
func (d *daemon) write(t testing.TB, name, text string) {
	t.Helper()
	must(t, os.WriteFile(d.path(name), []byte(text), 0o644))
}

// start runs the program and returns when answers is true of a connection to
// each of the addresses.
func (d *daemon) start(t testing.TB, answers func(net.Conn) bool, addresses []string, program string, args ...string) {
	t.Helper()
	d.cmd = exec.Command(program, args...)
	// A group of its own, so that one signal meets all of its processes.
	d.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	output, err := os.OpenFile(d.path("output"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	must(t, err)
	defer output.Close()
	d.cmd.Stdout, d.cmd.Stderr = output, output
	must(t, d.cmd.Start())
	d.exited = make(chan struct{})
	go func(cmd *exec.Cmd, exited chan struct{}) { cmd.Wait(); close(exited) }(d.cmd, d.exited)
	for _, address := range addresses {
		d.awaitAnswer(t, address, answers)
	}
}

func (d *daemon) awaitAnswer(t testing.TB, address string, answers func(net.Conn) bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), startWait)
	defer cancel()
	retry := time.NewTicker(10 * time.Millisecond)
	defer retry.Stop()
	for {
		if conn, err := net.DialTimeout("tcp", address, time.Second); err == nil {
			conn.SetDeadline(time.Now().Add(5 * time.Second))
			answered := answers(conn)
			conn.Close()
			if answered {
				return
			}
		}
		select {
		case <-retry.C:
		case <-d.exited:
			t.Fatalf("start %s: it ended by itself:\n%s", d.name, d.Log())
		case <-ctx.Done():
			t.Fatalf("start %s: no answer from %s in %v:\n%s", d.name, address, startWait, d.Log())
		}
	}
}

// greets says whether the server spoke first, as mail servers do.
func greets(conn net.Conn) bool {
	line, _ := bufio.NewReader(conn).ReadString('\n')
	return line != ""
}

// Kill ends all of the server's processes at once (SIGKILL).
func (d *daemon) Kill(t testing.TB) {
	if d.cmd == nil {
		return
	}
	d.signal(t, syscall.SIGKILL)
	<-d.exited
	d.cmd = nil
	for _, address := range d.addresses {
		d.awaitRefusal(t, address)
	}
}

// awaitRefusal waits until nobody listens: the master's children hold its
// sockets until they have died too.
func (d *daemon) awaitRefusal(t testing.TB, address string) {
	ctx, cancel := context.WithTimeout(context.Background(), startWait)
	defer cancel()
	retry := time.NewTicker(2 * time.Millisecond)
	defer retry.Stop()
	for {
		conn, err := net.DialTimeout("tcp", address, time.Second)
		if err != nil {
			return
		}
		conn.Close()
		select {
		case <-retry.C:
		case <-ctx.Done():
			t.Fatalf("kill %s: %s is still answered", d.name, address)
		}
	}
}

// Freeze stops the server without closing a connection (SIGSTOP), as a dead
// network does; Thaw lets it run on.
func (d *daemon) Freeze(t testing.TB) { t.Helper(); d.signal(t, syscall.SIGSTOP) }

// Thaw ends Freeze.
func (d *daemon) Thaw(t testing.TB) { t.Helper(); d.signal(t, syscall.SIGCONT) }

// Log returns what the server logged and printed, for a failing test.
func (d *daemon) Log() string {
	var text string
	for _, name := range []string{"log", "output"} {
		part, _ := os.ReadFile(d.path(name))
		text += string(part)
	}
	return text
}

func (d *daemon) signal(t testing.TB, signal syscall.Signal) {
	t.Helper()
	if err := syscall.Kill(-d.cmd.Process.Pid, signal); err != nil {
		t.Fatalf("signal %s: %v", d.name, err)
	}
}

func port(address string) string {
	_, port, _ := net.SplitHostPort(address)
	return port
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(fmt.Errorf("prepare server: %w", err))
	}
}

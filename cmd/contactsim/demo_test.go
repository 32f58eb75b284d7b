package main

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// stubborn is a contactd that needs a moment to end, notes the signals that it
// gets, and opens nothing.
const stubborn = `#!/bin/sh
trap 'echo INT >> signals' INT
trap 'echo HUP >> signals' HUP
trap 'echo TERM >> signals; ended=1' TERM
[ "$1" = run ] || exit 0
echo up > up
while [ -z "$ended" ]; do sleep 0.05; done
`

func TestWhatATerminalSendsMeetsTheDemoAloneWhichEndsContactdInOrder(t *testing.T) {
	dir := t.TempDir()
	sim, daemon := filepath.Join(dir, "contactsim"), filepath.Join(dir, "stubborn")
	if said, err := exec.CommandContext(t.Context(), "go", "build", "-o", sim, ".").CombinedOutput(); err != nil {
		t.Fatalf("build contactsim: %v\n%s", err, said)
	}
	if err := os.WriteFile(daemon, []byte(stubborn), 0o700); err != nil {
		t.Fatal(err)
	}
	// Under nohup it would go on, as it should: who handles a signal starts
	// programs that do not ignore it.
	handled := make(chan os.Signal, 1)
	signal.Notify(handled, syscall.SIGHUP)
	defer signal.Stop(handled)
	for name, sent := range map[string]syscall.Signal{"interrupt": syscall.SIGINT, "closed": syscall.SIGHUP} {
		t.Run(name, func(t *testing.T) {
			state := t.TempDir()
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			defer cancel()
			demo := exec.CommandContext(ctx, sim, "demo", "--contactd", daemon, "--dir", state, "--hooks", "127.0.0.1:1")
			// A terminal sends to all of the group.
			demo.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
			demo.Cancel = func() error { return syscall.Kill(-demo.Process.Pid, syscall.SIGKILL) }
			if err := demo.Start(); err != nil {
				t.Fatal(err)
			}
			awaitFile(t, filepath.Join(state, "up"))
			if err := syscall.Kill(-demo.Process.Pid, sent); err != nil {
				t.Fatal(err)
			}
			_ = demo.Wait()
			if got := awaitFile(t, filepath.Join(state, "signals")); got != "TERM\n" {
				t.Errorf("contactd got %q", got)
			}
		})
	}
}

// awaitFile returns what is in a file once there is something.
func awaitFile(t *testing.T, name string) string {
	t.Helper()
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); <-look.C {
		if content, err := os.ReadFile(name); err == nil && len(content) > 0 {
			return string(content)
		}
	}
	t.Fatalf("nothing is in %s", name)
	return ""
}

func TestADemoWhoseContactdEndsEndsToo(t *testing.T) {
	dir := t.TempDir()
	daemon := filepath.Join(dir, "short")
	if err := os.WriteFile(daemon, []byte("#!/bin/sh\n[ \"$1\" = run ] || exit 0\nsleep 1\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	hooks := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer hooks.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	var out, complaints bytes.Buffer
	code := run(ctx, []string{"demo", "--contactd", daemon, "--hooks", hooks.Listener.Addr().String(), "--meta", "127.0.0.1:0", "--x", "127.0.0.1:0"}, &out, &complaints)
	if code != exitFailure || !strings.Contains(complaints.String(), "contactd has ended") || ctx.Err() != nil {
		t.Errorf("exit %d, said %q, %v", code, complaints.String(), ctx.Err())
	}
}

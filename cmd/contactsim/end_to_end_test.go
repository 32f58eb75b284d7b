package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"contactd/deploy/servers"
)

// TestVisitorsOfARunningContactdAreAnswered plays both ends of a chat of a real
// daemon with a broker of its own.
func TestVisitorsOfARunningContactdAreAnswered(t *testing.T) {
	dir, address := t.TempDir(), servers.FreeAddress(t)
	startContactd(t, dir, fmt.Sprintf("force: drill\nhttp: {listen: \"127.0.0.1:0\"}\nbroker: {address: \"127.0.0.1:0\"}\nchannels:\n  webchat: {listen: %q}\n", address))
	awaitServer(t, "http://"+address)

	var out, complaints bytes.Buffer
	code := run(t.Context(), []string{
		"chat", "--url", "http://" + address, "--data-dir", filepath.Join(dir, "data"), "--force", "drill",
		"--sessions", "3", "--rate", "20", "--duration", "1s", "--answer", "--json",
	}, &out, &complaints)
	if code != 0 {
		t.Fatalf("exit %d: %s", code, complaints.String())
	}
	var r report
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		t.Fatalf("%q: %v", out.String(), err)
	}
	if r.Sent != 20 || r.Tick.Count != 20 || r.Event.Count != 20 || r.Reply.Count != 20 || r.Unconfirmed != 0 || r.LastProblem != "" {
		t.Errorf("of 20 messages: %+v", r)
	}

	out.Reset()
	code = run(t.Context(), []string{
		"chat", "--url", "http://" + address, "--data-dir", filepath.Join(dir, "data"), "--force", "another",
		"--rate", "1", "--duration", "1s", "--answer", "--drain", "1s", "--json",
	}, &out, &complaints)
	if err := json.Unmarshal(out.Bytes(), &r); err != nil || code != 0 {
		t.Fatalf("exit %d, %q: %v", code, out.String(), err)
	}
	if r.Replies != 0 {
		t.Errorf("the handler of another force gave %d answers", r.Replies)
	}
	if want := `of force "drill", not "another"`; r.Event.Count != 1 || !strings.Contains(r.LastProblem, want) {
		t.Errorf("nobody says why: %+v", r)
	}
}

// startContactd builds contactd, and runs it with a configuration in dir until
// the test is over.
func startContactd(t *testing.T, dir, config string) {
	t.Helper()
	program := filepath.Join(t.TempDir(), "contactd")
	if said, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, "../contactd").CombinedOutput(); err != nil {
		t.Fatalf("build contactd: %v\n%s", err, said)
	}
	if err := os.WriteFile(filepath.Join(dir, "contactd.yaml"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	cmd := exec.Command(program, "run")
	cmd.Dir, cmd.Stderr = dir, &log
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		if err := cmd.Wait(); err != nil || t.Failed() {
			t.Errorf("contactd: %v; it logged:\n%s", err, log.String())
		}
	})
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		// The last line that it prints once everything runs.
		if strings.HasPrefix(strings.TrimSpace(lines.Text()), "status ") {
			go func() { _, _ = io.Copy(io.Discard, out) }()
			return
		}
	}
	t.Fatalf("contactd ended:\n%s", log.String())
}

// awaitServer returns when something answers at a URL.
func awaitServer(t *testing.T, url string) {
	t.Helper()
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); <-look.C {
		if response, err := http.Get(url); err == nil {
			_ = response.Body.Close()
			return
		}
	}
	t.Fatalf("nothing answers at %s", url)
}

package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"contactd/cmd/contactd/listener"
)

// asProgram makes the test binary be contactd itself, so that tests start,
// kill and restart the real program. Its children inherit it.
const asProgram = "CONTACTD_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) == "1" {
		main()
		return
	}
	os.Exit(m.Run())
}

// process is a running contactd.
type process struct {
	t    testing.TB
	cmd  *exec.Cmd
	url  string // of the listener
	dir  string
	mu   sync.Mutex
	log  bytes.Buffer
	says []string // lines of the standard output
}

// Write collects what the program logs.
func (p *process) Write(text []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.log.Write(text)
}

func (p *process) logged() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.log.String()
}

// command makes a contactd of the test binary, in dir.
func command(ctx context.Context, dir string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, os.Args[0], args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), asProgram+"=1")
	return cmd
}

// startProgram runs contactd in dir and returns when it says that it runs. It
// is killed with the test unless it was stopped before.
func startProgram(t testing.TB, dir string, args ...string) *process {
	t.Helper()
	return start(t, command(context.Background(), dir, args...))
}

// start is startProgram with a command of its own.
func start(t testing.TB, cmd *exec.Cmd) *process {
	t.Helper()
	p := &process{t: t, dir: cmd.Dir, cmd: cmd}
	p.cmd.Stderr = p
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if p.cmd.ProcessState == nil {
			_ = p.cmd.Process.Kill()
			_ = p.cmd.Wait()
		}
		if t.Failed() {
			t.Logf("contactd logged:\n%s", tailOf(p.logged(), 8000))
		}
	})
	started, ended := make(chan struct{}), make(chan struct{})
	go func() {
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			p.mu.Lock()
			p.says = append(p.says, lines.Text())
			p.mu.Unlock()
			if name, value, ok := strings.Cut(strings.TrimSpace(lines.Text()), "  "); ok && name == "status" {
				p.url = strings.TrimSuffix(strings.TrimSpace(value), "/readyz")
				close(started)
			}
		}
		_, _ = io.Copy(io.Discard, out)
		close(ended)
	}()
	select {
	case <-started:
	case <-ended:
		t.Fatalf("contactd ended:\n%s", p.logged())
	case <-time.After(30 * time.Second):
		t.Fatalf("contactd did not start in 30 s:\n%s", p.logged())
	}
	return p
}

func tailOf(text string, limit int) string {
	if len(text) > limit {
		return "…" + text[len(text)-limit:]
	}
	return text
}

// stop asks the program to end and returns its exit code.
func (p *process) stop() int {
	p.t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		p.t.Fatal(err)
	}
	timer := time.AfterFunc(40*time.Second, func() { _ = p.cmd.Process.Kill() })
	defer timer.Stop()
	_ = p.cmd.Wait()
	return p.cmd.ProcessState.ExitCode()
}

// kill ends it as a power cut would, as far as a process can.
func (p *process) kill() {
	p.t.Helper()
	if err := p.cmd.Process.Kill(); err != nil {
		p.t.Fatal(err)
	}
	_ = p.cmd.Wait()
}

// get fetches a path of the listener.
func (p *process) get(path string) (int, string) {
	p.t.Helper()
	client := http.Client{Timeout: 10 * time.Second}
	response, err := client.Get(p.url + path)
	if err != nil {
		p.t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

// awaitReady returns when everything is ready.
func (p *process) awaitReady() {
	p.t.Helper()
	var body string
	eventually(p.t, 60*time.Second, func() bool {
		var code int
		code, body = p.get("/readyz")
		return code == http.StatusOK
	}, func() string { return "not ready: " + body })
}

func (p *process) readiness() listener.Readiness {
	p.t.Helper()
	_, body := p.get("/readyz")
	var r listener.Readiness
	if err := json.Unmarshal([]byte(body), &r); err != nil {
		p.t.Fatal(err)
	}
	return r
}

// eventually asks until it is so.
func eventually(t testing.TB, limit time.Duration, so func() bool, why func() string) {
	t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	end := time.After(limit)
	for !so() {
		select {
		case <-tick.C:
		case <-end:
			t.Fatalf("not within %v: %s", limit, why())
		}
	}
}

// configure writes contactd.yaml into a new folder.
func configure(t testing.TB, text string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	writeConfig(t, dir, text)
	return dir
}

func writeConfig(t testing.TB, dir, text string) {
	t.Helper()
	text = "http: {listen: \"127.0.0.1:0\"}\n" + text
	if err := os.WriteFile(filepath.Join(dir, "contactd.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func mailboxConfig(name, address, caFile, user, password string) string {
	return fmt.Sprintf(`channels:
  email:
    accounts:
      - name: %s
        address: %s
        ca_file: %s
        server_name: localhost
        user: %s
        password: %q
`, name, address, caFile, user, password)
}

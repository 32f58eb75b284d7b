package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"contactd/contact"
	"contactd/deploy/servers"
)

// said is what a command has written so far.
type said struct {
	mu  sync.Mutex
	all bytes.Buffer
}

// Write implements io.Writer.
func (s *said) Write(text []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.all.Write(text)
}

func (s *said) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.all.String()
}

// TestTheDemonstrationShowsWhatPeopleDoOnAPage starts everything that a new
// user sees by "make demo", and answers one of the people.
func TestTheDemonstrationShowsWhatPeopleDoOnAPage(t *testing.T) {
	program := filepath.Join(t.TempDir(), "contactd")
	if text, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, "../contactd").CombinedOutput(); err != nil {
		t.Fatalf("build contactd: %v\n%s", err, text)
	}
	dir := t.TempDir()
	ctx, stop := context.WithCancel(t.Context())
	out, ended := &said{}, make(chan int, 1)
	go func() {
		ended <- run(ctx, []string{
			"demo", "--contactd", program, "--dir", dir, "--listen", "127.0.0.1:0", "--broker", "127.0.0.1:0",
			"--chat", servers.FreeAddress(t), "--hooks", servers.FreeAddress(t), "--meta", servers.FreeAddress(t), "--x", servers.FreeAddress(t),
		}, out, out)
	}()
	await := func(what string) string {
		t.Helper()
		wanted := regexp.MustCompile(what)
		for end := time.Now().Add(2 * time.Minute); ; time.Sleep(50 * time.Millisecond) {
			for line := range strings.Lines(out.String()) {
				if wanted.MatchString(line) {
					return line
				}
			}
			if time.Now().After(end) {
				t.Fatalf("nothing says %q:\n%s", what, out)
			}
		}
	}
	if line := await("he is in the next room and he has a knife"); !strings.Contains(line, "sam writes") {
		t.Errorf("said %s", line)
	}
	for _, want := range []string{
		`emergency  contact\.received\.v1  c-\w+  facebook_dm/town`,
		`emergency  contact\.received\.v1  c-\w+  facebook_comment/town`,
		`emergency  contact\.revised\.v1  c-\w+  facebook_comment/town`,
		`emergency  contact\.received\.v1  c-\w+  x_mention/town`,
		`emergency  contact\.received\.v1  c-\w+  x_dm/town`,
	} {
		await(want)
	}
	conversation := conversationOf(t, program, dir, "how do I report it")
	reply := exec.CommandContext(t.Context(), program, "reply", conversation, "What is the frame number?")
	reply.Dir = dir
	if text, err := reply.CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, text)
	}
	await(`jo receives What is the frame number\?`)
	stop()
	if code := <-ended; code != 0 {
		t.Errorf("exit %d:\n%s", code, out)
	}
}

// conversationOf looks on Kafka for the conversation in which somebody says some
// words. What an unreliable platform does not deliver is found by a look a
// minute later, or by the next when that fails.
func conversationOf(t *testing.T, program, dir, words string) string {
	t.Helper()
	tail := exec.CommandContext(t.Context(), program, "tail", "--json", "--from-beginning", "--timeout", "4m")
	tail.Dir = dir
	out, err := tail.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := tail.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tail.Process.Kill(); _ = tail.Wait() }()
	for lines := bufio.NewScanner(out); lines.Scan(); {
		var event contact.Event
		if bytes.Contains(lines.Bytes(), []byte(words)) && json.Unmarshal(lines.Bytes(), &event) == nil {
			return event.PartitionKey
		}
	}
	t.Fatalf("nobody says %q", words)
	return ""
}

func TestWhatIsWrongWithAScriptIsToldWithItsLine(t *testing.T) {
	for script, says := range map[string]string{
		"0s jo writes hello\n0s jo yodels x":    "line 2: nobody yodels on a page",
		"0s jo comments [a on b] x":             `line 1: nothing before has the label "b"`,
		"0s jo comments x":                      "line 1: want [LABEL on LABEL] of a post or comment",
		"0s jo edits [a] x":                     `line 1: nothing before has the label "a"`,
		"0s jo writes [a] x\n0s jo edits [a] y": `line 2: "a" is no post or comment`,
		"0s p posts [a] x\n0s p comments [b on a] x\n0s p comments [c on b] x\n0s p comments [d on c] x": "line 4: nobody answers an answer",
		"soon jo writes x": "line 1: want a pause",
	} {
		file := filepath.Join(t.TempDir(), "script.txt")
		if err := os.WriteFile(file, []byte(script), 0o600); err != nil {
			t.Fatal(err)
		}
		var out, complaints bytes.Buffer
		code := run(t.Context(), []string{"facebook", "--script", file, "--listen", "127.0.0.1:0", "--base", "http://" + servers.FreeAddress(t)}, &out, &complaints)
		if code != exitUsage || !strings.Contains(complaints.String(), says) {
			t.Errorf("%q: exit %d, %s; want %q", script, code, complaints.String(), says)
		}
	}
}

func TestAContactdThatTakesNothingIsNamed(t *testing.T) {
	file := filepath.Join(t.TempDir(), "script.txt")
	if err := os.WriteFile(file, []byte("0s jo writes hello\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	base := "http://" + servers.FreeAddress(t)
	var out, complaints bytes.Buffer
	code := run(t.Context(), []string{"facebook", "--script", file, "--listen", "127.0.0.1:0", "--base", base, "--drain", "100ms"}, &out, &complaints)
	if want := fmt.Sprintf("contactd at %s did not take everything", base); code != exitFailure || !strings.Contains(complaints.String(), want) {
		t.Errorf("exit %d, %s", code, complaints.String())
	}
}

func TestTheSetUpIsWhatContactdTakes(t *testing.T) {
	dir := t.TempDir()
	var out, complaints bytes.Buffer
	if code := run(t.Context(), []string{"facebook", "--set-up", dir}, &out, &complaints); code != 0 {
		t.Fatalf("exit %d, %s", code, complaints.String())
	}
	for _, want := range []string{"channels:\n  facebook:\n    graph_url: http://127.0.0.1:8095\n", "app_secret_file: " + dir + "/facebook.secret", `id: "100000000000001"`} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("printed %s, without %s", out.String(), want)
		}
	}
	if secret, err := os.ReadFile(filepath.Join(dir, "facebook.secret")); err != nil || len(secret) == 0 {
		t.Errorf("%q, %v", secret, err)
	}
}

package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"contactd/deploy/servers"
)

// TestAnAccountOnXIsPlayedAgainstContactd runs contactd and the script of X
// over an unreliable X, and answers one of the people.
func TestAnAccountOnXIsPlayedAgainstContactd(t *testing.T) {
	program := filepath.Join(t.TempDir(), "contactd")
	if text, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, "../contactd").CombinedOutput(); err != nil {
		t.Fatalf("build contactd: %v\n%s", err, text)
	}
	dir, hooks, api := t.TempDir(), servers.FreeAddress(t), servers.FreeAddress(t)
	var section, complaints bytes.Buffer
	if code := run(t.Context(), []string{"x", "--set-up", dir, "--listen", api}, &section, &complaints); code != 0 {
		t.Fatalf("set up: %s", complaints.String())
	}
	config := fmt.Sprintf("http: {listen: \"127.0.0.1:0\"}\nbroker: {address: \"127.0.0.1:0\"}\nwebhooks: {listen: %q}\n%s", hooks, section.String())
	if err := os.WriteFile(filepath.Join(dir, "contactd.yaml"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	logged := &said{}
	daemon, err := start(ctx, dir, program, logged, "run")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { stop(); _ = daemon.Wait() }()
	awaitHook(t, "http://"+hooks+"/twitter?crc_token=token", logged)
	out, ended := &said{}, make(chan int, 1)
	go func() {
		ended <- run(ctx, []string{"x", "--listen", api, "--base", "http://" + hooks, "--trouble", "0.3"}, out, out)
	}()
	conversation := conversationOf(t, program, dir, "how do I report it")
	reply := exec.CommandContext(t.Context(), program, "reply", "--wait", "0", conversation, "What is the frame number?")
	reply.Dir = dir
	if text, err := reply.CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, text)
	}
	for end := time.Now().Add(3 * time.Minute); !strings.Contains(out.String(), "jo receives What is the frame number?"); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("the answer did not come:\n%s\n%s", out, logged)
		}
	}
	for _, words := range []string{"with a machete", "she is not moving", "he has a knife", "read and answer it in the X app"} {
		conversationOf(t, program, dir, words)
	}
	stop()
	if code := <-ended; code != 0 {
		t.Errorf("exit %d:\n%s", code, out)
	}
	if n := strings.Count(out.String(), "jo receives What is the frame number?"); n != 1 {
		t.Errorf("the answer came %d times:\n%s", n, out)
	}
}

// awaitHook waits until contactd answers X's question, the last thing that it
// opens.
func awaitHook(t *testing.T, url string, logged fmt.Stringer) {
	t.Helper()
	for end := time.Now().Add(2 * time.Minute); ; time.Sleep(50 * time.Millisecond) {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		if response, err := http.DefaultClient.Do(request); err == nil {
			_ = response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return
			}
		}
		if time.Now().After(end) {
			t.Fatalf("contactd does not come up:\n%s", logged)
		}
	}
}

func TestWhatIsWrongWithAScriptForXIsToldWithItsLine(t *testing.T) {
	for script, says := range map[string]string{
		"0s jo writes hello\n0s jo yodels x":        "line 2: nobody yodels on X",
		"0s jo replies [a on b] x":                  `line 1: nothing before has the label "b"`,
		"0s jo replies x":                           "line 1: want [LABEL on LABEL] of a post",
		"0s jo edits [a] x":                         `line 1: nothing before has the label "a"`,
		"0s jo writes [a] x\n0s jo deletes [a]":     `line 2: "a" is no post`,
		"0s jo writes [a] x\n0s jo quotes [on a] y": "line 2: want [LABEL on LABEL] of a post",
	} {
		file := filepath.Join(t.TempDir(), "script.txt")
		if err := os.WriteFile(file, []byte(script), 0o600); err != nil {
			t.Fatal(err)
		}
		var out, complaints bytes.Buffer
		code := run(t.Context(), []string{"x", "--script", file, "--listen", "127.0.0.1:0", "--base", "http://" + servers.FreeAddress(t)}, &out, &complaints)
		if code != exitUsage || !strings.Contains(complaints.String(), says) {
			t.Errorf("%q: exit %d, %s; want %q", script, code, complaints.String(), says)
		}
	}
}

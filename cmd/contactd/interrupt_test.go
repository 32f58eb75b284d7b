package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"contactd/cmd/contactd/texts"
	"contactd/deploy/servers"
)

// full is a disk without room.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, syscall.ENOSPC }

func TestOutputThatCannotBeWrittenIsAFailure(t *testing.T) {
	for _, args := range [][]string{{"sample"}, {"schema"}, {"version"}, {"grade", "help"}, {"check"}} {
		var told strings.Builder
		p := &program{in: strings.NewReader(""), out: full{}, err: &told, getenv: noEnvironment}
		if code := p.run(t.Context(), args); code != 1 || !strings.Contains(told.String(), "no space left") {
			t.Errorf("%v: exit %d, %s", args, code, told.String())
		}
	}
}

func TestAnInterruptEndsACommandThatWaitsForATerminal(t *testing.T) {
	terminal, _ := io.Pipe() // nobody types anything
	for _, args := range [][]string{{"grade"}, {"grade", "--json"}, {"reply", "c-3lnpdfsib5r34hnaib72u7ipcb"}} {
		ctx, interrupt := context.WithCancel(t.Context())
		var told strings.Builder
		p := &program{in: terminal, out: io.Discard, err: &told, getenv: noEnvironment}
		ended := make(chan int)
		go func() { ended <- p.run(ctx, args) }()
		interrupt()
		if code := <-ended; code != 1 || !strings.Contains(told.String(), "interrupted") {
			t.Errorf("%v: exit %d, %s", args, code, told.String())
		}
	}
}

func TestAnInterruptEndsTrainingAndMeasuring(t *testing.T) {
	dir := t.TempDir()
	data, out := filepath.Join(dir, "data.csv"), filepath.Join(dir, "weights.bin")
	rows := []byte("id,channel,text,grade,category\n")
	for id := range 20000 {
		rows = fmt.Appendf(rows, "%d,email,he has a knife and is trying to get in,emergency,violence\n", id)
	}
	if err := os.WriteFile(data, rows, 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, interrupt := context.WithCancel(t.Context())
	interrupt()
	for _, args := range [][]string{{"train", "--data", data, "--out", out}, {"eval", "--data", data}, {"eval", "--data", data, "--label", "grade"}} {
		var told strings.Builder
		p := &program{in: strings.NewReader(""), out: io.Discard, err: &told, getenv: noEnvironment}
		if code := p.run(ctx, args); code != 1 || !strings.Contains(told.String(), "interrupted") {
			t.Errorf("%v: exit %d, %s", args, code, told.String())
		}
	}
	if _, err := os.Stat(out); err == nil {
		t.Error("an interrupted training wrote a model")
	}
}

func TestAnInterruptedCheckCallsNothingAFailureThatWasNotTried(t *testing.T) {
	t.Chdir(configure(t, "kafka: {brokers: [\"127.0.0.1:1\"]}\nchannels: {email: {accounts: [{name: a, address: \"127.0.0.1:1\", user: a, password: secret}]}}\n"))
	ctx, interrupt := context.WithCancel(t.Context())
	interrupt()
	var told, out strings.Builder
	p := &program{in: strings.NewReader(""), out: &out, err: &told, getenv: noEnvironment}
	if code := p.run(ctx, []string{"check"}); code != 1 || out.Len() > 0 || told.String() != "contactd: interrupted\n" {
		t.Errorf("exit %d: %s%s", code, out.String(), told.String())
	}
}

func TestAClosedTerminalStopsTheDaemonInOrder(t *testing.T) {
	// Under nohup the daemon would go on, as it should: who handles a signal
	// starts programs that do not ignore it.
	handled := make(chan os.Signal, 1)
	signal.Notify(handled, syscall.SIGHUP)
	defer signal.Stop(handled)
	p := startProgram(t, configure(t, ownBroker), "run")
	p.awaitReady()
	if err := p.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Wait(); err != nil || !strings.Contains(p.logged(), "stopping") {
		t.Errorf("%v: %s", err, p.logged())
	}
}

func TestADaemonOutlivesWhoReadsItsLog(t *testing.T) {
	address := servers.FreeAddress(t)
	dir := t.TempDir()
	if err := os.WriteFile(dir+"/contactd.yaml", []byte("http: {listen: \""+address+"\"}\n"+ownBroker), 0o600); err != nil {
		t.Fatal(err)
	}
	reader, log, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	_ = reader.Close()
	cmd := command(t.Context(), dir, "run")
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_ = log.Close()
	eventually(t, time.Minute, func() bool {
		response, err := http.Get("http://" + address + "/readyz")
		if err == nil {
			_ = response.Body.Close()
		}
		return err == nil && response.StatusCode == http.StatusOK
	}, func() string { return "it is never ready" })
	if err := errors.Join(cmd.Process.Signal(syscall.SIGTERM), cmd.Wait()); err != nil {
		t.Error(err)
	}
}

func TestToldToStopWhileItStartsIsNoFailure(t *testing.T) {
	t.Chdir(configure(t, "kafka: {brokers: [\"127.0.0.1:1\"]}\n"))
	ctx, stop := context.WithCancel(t.Context())
	stop()
	var told, out strings.Builder
	p := &program{in: strings.NewReader(""), out: &out, err: &told, getenv: func(name string) (string, bool) {
		value, ok := map[string]string{"GOGC": "100"}[name]
		return value, ok
	}}
	if code := p.run(ctx, []string{"run"}); code != 0 || out.Len() > 0 || strings.Contains(told.String(), "contactd: ") {
		t.Errorf("exit %d: %s%s", code, out.String(), told.String())
	}
}

func TestAnInterruptedTailIsNoFailureAlthoughTheBrokerIsAway(t *testing.T) {
	t.Chdir(configure(t, "kafka: {brokers: [\"127.0.0.1:1\"]}\n"))
	for _, args := range [][]string{{"tail"}, {"tail", "--timeout", "1m", "--count", "1"}} {
		ctx, interrupt := context.WithCancel(t.Context())
		interrupt()
		var told strings.Builder
		p := &program{in: strings.NewReader(""), out: io.Discard, err: &told, getenv: noEnvironment}
		if code := p.run(ctx, args); code != 0 || told.Len() > 0 {
			t.Errorf("%v: exit %d, %s", args, code, told.String())
		}
	}
}

// broken is an input that cannot be read.
type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, syscall.EIO }

func TestAnErrorOfTwoCausesIsToldOnOneLine(t *testing.T) {
	var told strings.Builder
	p := &program{in: broken{}, out: io.Discard, err: &told, getenv: noEnvironment}
	if code := p.run(t.Context(), []string{"grade", "--json"}); code != 1 || told.String() != "contactd: read line: input/output error\n" {
		t.Errorf("exit %d: %q", code, told.String())
	}
}

func TestATextThatIsTooLongIsRefusedAndNotCut(t *testing.T) {
	for _, args := range [][]string{{"reply", "c-3lnpdfsib5r34hnaib72u7ipcb"}, {"grade"}} {
		seen := contactd(t, strings.Repeat("a", texts.Limit+1), args...)
		if seen.code != 1 || !strings.Contains(seen.err, "read standard input: longer than") {
			t.Errorf("%v: exit %d: %s%s", args, seen.code, seen.out, seen.err)
		}
	}
}

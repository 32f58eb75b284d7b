package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// outcome is what a user sees of a command.
type outcome struct {
	out, err string
	code     int
}

// contactd runs the program as a user would, with the given standard input.
func contactd(t *testing.T, in string, args ...string) outcome {
	t.Helper()
	return contactdIn(t, nil, in, args...)
}

// contactdIn does so with environment variables.
func contactdIn(t *testing.T, environment map[string]string, in string, args ...string) outcome {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Minute) // training takes its time
	defer cancel()
	var out, err bytes.Buffer
	p := &program{in: strings.NewReader(in), out: &out, err: &err, getenv: func(name string) (string, bool) {
		value, ok := environment[name]
		return value, ok
	}}
	code := p.run(ctx, args)
	return outcome{out: out.String(), err: err.String(), code: code}
}

// golden compares what the user saw with testdata/<name>/want.txt. replace
// holds pairs of what changes from run to run and what stands for it.
func golden(t *testing.T, name string, args []string, seen outcome, replace ...string) {
	t.Helper()
	text := fmt.Sprintf("$ contactd %s\n", strings.Join(args, " "))
	if seen.out != "" {
		text += "--- standard output\n" + seen.out
	}
	if seen.err != "" {
		text += "--- standard error\n" + seen.err
	}
	text += fmt.Sprintf("--- exit %d\n", seen.code)
	text = strings.NewReplacer(replace...).Replace(text)
	file := filepath.Join("testdata", name, "want.txt")
	if *update {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if text != string(want) {
		t.Errorf("the user sees\n%s\nwant\n%s", text, want)
	}
}

func TestWrongArgumentsAreExplained(t *testing.T) {
	for name, args := range map[string][]string{
		"unknown_command": {"rum"},
		"unknown_flag":    {"grade", "--jsn"},
		"no_command":      {},
		"unknown_schema":  {"schema", "xml"},
		"missing_config":  {"grade", "--config", "nowhere.yaml", "help"},
	} {
		t.Run(name, func(t *testing.T) { golden(t, name, args, contactd(t, "", args...)) })
	}
}

func TestHelpAndVersionAreFoundWherePeopleLookForThem(t *testing.T) {
	for _, args := range [][]string{{"help"}, {"help", "tail"}, {"help", "quarantine", "show"}, {"--version"}} {
		if seen := contactd(t, "", args...); seen.code != 0 || !strings.Contains(seen.out, "contactd") || seen.err != "" {
			t.Errorf("%v: %+v", args, seen)
		}
	}
	if seen := contactd(t, "", "help", "rum"); seen.code != 2 {
		t.Errorf("help for nothing: %+v", seen)
	}
}

func TestAnUnknownConfigurationKeyIsExplained(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "contactd.yaml")
	if err := os.WriteFile(file, []byte("data_dirr: /var/lib/contactd\nhttp:\n  listen: 127.0.0.1:8080\n  token_file: t\nlog:\n  level: debug\n  levl: info\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{"grade", "--config", file, "help"}
	golden(t, "unknown_key", args, contactd(t, "", args...), dir, "$DIR")
}

func TestTheFirstStartWithoutAConfigurationSaysHowToMakeOne(t *testing.T) {
	var out bytes.Buffer
	p := &program{out: &out}
	p.tellNext("")
	golden(t, "no_config", []string{"run"}, outcome{out: out.String()})
}

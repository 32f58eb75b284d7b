package main

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestAFileThatCannotBeWrittenWholeLeavesTheOneThatWasThere(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "weights.bin")
	is := func(want string) {
		t.Helper()
		if got, err := os.ReadFile(name); err != nil || string(got) != want {
			t.Errorf("%q, %v, want %q", got, err, want)
		}
		if left, _ := os.ReadDir(dir); len(left) != 1 {
			t.Errorf("left behind: %v", left)
		}
	}
	write := func(text string, fails error) func(io.Writer) error {
		return func(w io.Writer) error {
			_, err := io.WriteString(w, text)
			return errors.Join(err, fails)
		}
	}
	if err := replaceFile(name, write("the first", nil)); err != nil {
		t.Fatal(err)
	}
	is("the first")
	full := errors.New("no space left on device")
	if err := replaceFile(name, write("half of the sec", full)); !errors.Is(err, full) {
		t.Errorf("got %v", err)
	}
	is("the first")
	if err := replaceFile(name, write("the second", nil)); err != nil {
		t.Fatal(err)
	}
	is("the second")
}

func TestADeviceIsNotReplacedByAFile(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe") // as /dev/null, which root could replace
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := replaceFile(pipe, func(io.Writer) error { return nil }); err == nil {
		t.Error("it was replaced")
	}
	if info, err := os.Stat(pipe); err != nil || info.Mode().IsRegular() {
		t.Errorf("%v, %v", info, err)
	}
}

func TestAResultThatCannotBeWrittenIsToldBeforeTheWork(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for out, args := range map[string][]string{
		filepath.Join(dir, "nowhere", "weights.bin"): {"train", "--data", "nothing.csv", "--out"},
		filepath.Join(dir, "nowhere", "labels.csv"):  {"labels", "export", "--out"},
		filepath.Join(file, "plots"):                 {"eval", "--data", "nothing.csv", "--plots"},
	} {
		seen := contactd(t, "", append(args, out)...)
		if seen.code != 1 || !strings.Contains(seen.err, dir) || strings.Contains(seen.err, ".contactd-") {
			t.Errorf("%v: %+v", args, seen)
		}
	}
	if left, _ := os.ReadDir(dir); len(left) != 1 {
		t.Errorf("left behind: %v", left)
	}
}

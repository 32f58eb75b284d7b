package main

import (
	"errors"
	"io"
	"os"
	"path/filepath"
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

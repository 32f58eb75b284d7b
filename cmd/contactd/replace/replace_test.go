package replace_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"contactd/cmd/contactd/replace"
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
	if err := replace.File(name, write("the first", nil)); err != nil {
		t.Fatal(err)
	}
	is("the first")
	full := errors.New("no space left on device")
	if err := replace.File(name, write("half of the sec", full)); !errors.Is(err, full) {
		t.Errorf("got %v", err)
	}
	is("the first")
	if err := replace.File(name, write("the second", nil)); err != nil {
		t.Fatal(err)
	}
	is("the second")
}

func TestADeviceIsNotReplacedByAFile(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe") // as /dev/null, which root could replace
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := replace.File(pipe, func(io.Writer) error { return nil }); err == nil {
		t.Error("it was replaced")
	}
	if info, err := os.Stat(pipe); err != nil || info.Mode().IsRegular() {
		t.Errorf("%v, %v", info, err)
	}
}

func TestToTryLeavesNothingAndNamesWhatWasAskedFor(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "weights.bin")
	if err := replace.Try(name); err != nil {
		t.Error(err)
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	nowhere := filepath.Join(dir, "nowhere", "weights.bin")
	if err := replace.Try(nowhere); err == nil || err.Error() != nowhere+" cannot be written: no such file or directory" {
		t.Errorf("%v", err)
	}
	if err := replace.Try(dir); err == nil || err.Error() != dir+" is there and is no file" {
		t.Errorf("%v", err)
	}
}

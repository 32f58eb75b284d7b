package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

func TestTheServiceIsInstalledAsItSays(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "deploy", "contactd.service"))
	if err != nil {
		t.Fatal(err)
	}
	dir, target := t.TempDir(), t.TempDir()
	for _, name := range []string{"bin", "usr/local/bin", "etc"} { // of a clone, and of every machine
		if err := errors.Join(os.MkdirAll(filepath.Join(dir, name), 0o700), os.MkdirAll(filepath.Join(target, name), 0o700)); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"bin/contactd", "contactd.yaml"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	elsewhere := strings.NewReplacer(" /", " "+target+"/", "-g contactd", "-g "+strconv.Itoa(os.Getegid()))
	for line := range strings.Lines(string(text)) {
		command, is := strings.CutPrefix(strings.TrimSpace(line), "# install ")
		if !is {
			continue
		}
		command, _, _ = strings.Cut(command, "   ") // what follows is for a person
		install := exec.CommandContext(t.Context(), "sh", "-c", "install "+elsewhere.Replace(command))
		install.Dir = dir
		if said, err := install.CombinedOutput(); err != nil {
			t.Errorf("install %s: %v\n%s", command, err, said)
		}
	}
	for _, name := range []string{"usr/local/bin/contactd", "etc/contactd/contactd.yaml"} {
		if _, err := os.Stat(filepath.Join(target, name)); err != nil {
			t.Error(err)
		}
	}
}

func TestTheServiceIsStartedAgainForEver(t *testing.T) {
	file := filepath.Join(root, "deploy", "contactd.service")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	unit, service, _ := strings.Cut(string(text), "\n[Service]\n")
	if !strings.Contains(unit, "\nStartLimitIntervalSec=0\n") || !strings.Contains(service, "\nRestart=always\n") {
		t.Error("systemd gives up after some starts")
	}
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		return // its words are checked where systemd is
	}
	// It only misses the program, which is installed elsewhere.
	said, _ := exec.CommandContext(t.Context(), analyze, "verify", file).CombinedOutput()
	for line := range strings.Lines(string(said)) {
		if strings.Contains(line, "contactd.service:") && !strings.Contains(line, "is not executable") {
			t.Error(line)
		}
	}
}

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

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

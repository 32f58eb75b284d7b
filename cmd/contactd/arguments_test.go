package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestArgumentsThatMakeNoSenseAreNamedWithTheWayOut(t *testing.T) {
	data := labelledFile(t, "1,email,he has a knife,emergency,violence,type=plain\n")
	for want, args := range map[string][]string{
		"--topic: want a topic such as contact.events":                                                  {"tail", "--topic", ""},
		"--since: it is not over yet; for what was accepted while the clock was ahead give --until too": {"replay", "--since", "2999-01-01"},
		"--since: is not before --until":                                                                {"replay", "--since", "1h", "--until", "2h"},
		"--calm goes with --cross":                                                                      {"eval", "--data", data, "--calm", data},
		"--folds goes with --cross or --label":                                                          {"eval", "--data", data, "--folds", "3"},
		"--kept goes with --label":                                                                      {"eval", "--data", data, "--kept", data},
		"--model goes without --cross":                                                                  {"eval", "--data", data, "--cross", "--model", "shipped"},
	} {
		if seen := contactd(t, "", args...); seen.code != exitUsage || !strings.Contains(seen.err, want) {
			t.Errorf("%v: %+v, want %s", args, seen, want)
		}
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

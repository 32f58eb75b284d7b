package main

import (
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

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// labelledFile writes rows below the header of labelled messages.
func labelledFile(t *testing.T, rows string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "own.csv")
	if err := os.WriteFile(file, []byte("id,channel,text,grade,category,notes\n"+rows), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestNothingIsAskedForInPlaceOfTheGate(t *testing.T) {
	data := labelledFile(t, "1,email,he has a knife,emergency,violence,type=plain\n")
	for _, with := range [][]string{{"--disguises"}, {"--label", "grade"}, {"--json"}} {
		seen := contactd(t, "", append([]string{"eval", "--data", data, "--against", "shipped"}, with...)...)
		if seen.code != 2 || !strings.Contains(seen.err, "--against") || !strings.Contains(seen.err, with[0]) {
			t.Errorf("%v: %+v", with, seen)
		}
	}
}

func TestAFlagThatWouldChangeNothingIsRefused(t *testing.T) {
	data := labelledFile(t, "1,email,he has a knife,emergency,violence,type=plain\n")
	for _, args := range [][]string{
		{"--json", "--misses"}, {"--json", "--slowest"}, {"--json", "--signposts"}, {"--disguises", "--json"}, {"--disguises", "--misses"}, {"--disguises", "--plots", t.TempDir()},
	} {
		if seen := contactd(t, "", append([]string{"eval", "--data", data}, args...)...); seen.code != 2 || !strings.Contains(seen.err, args[0]) || !strings.Contains(seen.err, args[1]) {
			t.Errorf("%v: %+v", args, seen)
		}
	}
}

func TestATextThatWasJudgedWronglyDoesNotSteerTheTerminal(t *testing.T) {
	data := labelledFile(t, "1\x1b[2J,email,\"Thank you,\nthat is all.\x1b[2J\r\u009b1m\",emergency,non_police/council\x1b[2J,type=plain\x1b[2J\n")
	seen := contactd(t, "", "eval", "--data", data, "--misses", "--signposts", "--slowest", "--model", calmModel(t), "--against", "shipped")
	if strings.Count(seen.out, "Thank you, / that is all.") != 2 || strings.ContainsAny(seen.out, "\x1b\r\u009b") {
		t.Errorf("%q", seen.out)
	}
}

func TestTheShippedModelIsMeasuredWhateverIsConfigured(t *testing.T) {
	data := labelledFile(t, "1,email,he has a knife,emergency,violence,type=plain\n")
	t.Chdir(configure(t, "classifiers: {linear: {file: "+calmModel(t)+"}}\n"))
	seen := contactd(t, "", "eval", "--data", data, "--model", "shipped", "--against", "shipped")
	if seen.code != 0 || !strings.Contains(seen.out, ": 0 emergencies lost, 0 found") {
		t.Errorf("%+v", seen)
	}
}

func TestAGateWithoutEmergenciesLetsNothingPass(t *testing.T) {
	data := labelledFile(t, "1,email,thank you,resolution,none,type=plain\n2,email,he has my bike,priority,theft,type=plain\n")
	seen := contactd(t, "", "eval", "--data", data, "--against", "shipped")
	if seen.code != 1 || !strings.Contains(seen.err, "eval --against: no message is labelled emergency") {
		t.Errorf("%+v", seen)
	}
}

func TestEachFileIsJudgedByAModelOfTheOthers(t *testing.T) {
	one := labelledFile(t, "1,email,he has a knife,emergency,violence,type=plain\n2,email,thank you,resolution,none,type=plain\n")
	args := []string{"eval", "--cross", "--json", "--data", one}
	for _, author := range []string{"b.csv", "c.csv"} {
		other := filepath.Join(filepath.Dir(one), author)
		if err := os.Link(one, other); err != nil {
			t.Fatal(err)
		}
		args = append(args, "--data", other)
	}
	for _, more := range [][]string{nil, {"--folds", "2"}, {"--calm", one}} {
		if seen := contactd(t, "", append(args, more...)...); seen.code != 0 || !strings.HasPrefix(seen.out, `[{"of":"all","messages":6,"emergency_flagged":1,`) {
			t.Errorf("%v: %+v", more, seen)
		}
	}
	if seen := contactd(t, "", append(args, "--folds", "1")...); seen.code != 2 || !strings.Contains(seen.err, "eval --cross: want at least two files") {
		t.Errorf("%+v", seen)
	}
	if seen := contactd(t, "", "eval", "--cross", "--disguises", "--data", one); seen.code != 2 || !strings.HasPrefix(seen.out, "  ") {
		t.Errorf("%+v", seen)
	}
}

package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// ownData are the arguments that name labelled messages of this repository,
// one file for each author; all that models learn from when none is named.
func ownData(t *testing.T, names ...string) []string {
	t.Helper()
	files, err := filepath.Glob("../../classifiers/linear/testdata/uk-contact/*.csv")
	if err != nil || len(files) < 7 {
		t.Fatalf("labelled messages: %v, %v", files, err)
	}
	var args []string
	for _, file := range files {
		if len(names) == 0 || slices.Contains(names, strings.TrimSuffix(filepath.Base(file), ".csv")) {
			args = append(args, "--data", file)
		}
	}
	return args
}

func TestTrainingTwiceGivesTheSameBytesAndEvalTakesThem(t *testing.T) {
	data := ownData(t)[:4]
	dir := t.TempDir()
	var models [2][]byte
	for i, name := range []string{"a.bin", "b.bin"} {
		out := filepath.Join(dir, name)
		if seen := contactd(t, "", slices.Concat([]string{"train", "--out", out}, data)...); seen.code != 0 {
			t.Fatalf("train: %s", seen.err)
		}
		content, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		models[i] = content
	}
	if !bytes.Equal(models[0], models[1]) {
		t.Error("the two models differ")
	}
	model := []string{"eval", "--model", filepath.Join(dir, "a.bin")}
	seen := contactd(t, "", slices.Concat(model, []string{"--misses", "--slowest", "--plots", dir}, data)...)
	if seen.code != 0 || !strings.Contains(seen.out, "macro F1") || !strings.Contains(seen.out, "slow uk") {
		t.Errorf("eval: exit %d: %s%s", seen.code, seen.out, seen.err)
	}
	for _, name := range []string{"precision_recall.svg", "calibration.svg"} {
		if drawn, err := os.ReadFile(filepath.Join(dir, name)); err != nil || !bytes.Contains(drawn, []byte("<path")) {
			t.Errorf("%s: %v, %d bytes", name, err, len(drawn))
		}
	}
	if seen := contactd(t, "", slices.Concat(model, []string{"--against", filepath.Join(dir, "b.bin")}, data)...); seen.code != 0 || !strings.Contains(seen.out, "0 emergencies lost") {
		t.Errorf("against its twin: exit %d: %s%s", seen.code, seen.out, seen.err)
	}
}

func TestAModelThatLosesEmergenciesDoesNotPassTheGate(t *testing.T) {
	poor := calmModel(t)
	seen := contactd(t, "", slices.Concat([]string{"eval", "--model", poor, "--against", "shipped"}, ownData(t))...)
	if seen.code != 1 || !strings.Contains(seen.out, "lost uk") || !strings.Contains(seen.err, "misses emergencies") {
		t.Errorf("exit %d: %s%s", seen.code, seen.out, seen.err)
	}
}

func TestAQuestionOfAnotherSetIsAsked(t *testing.T) {
	file := filepath.Join(t.TempDir(), "fires.csv")
	rows := "message,fire\n"
	for n := range 60 {
		rows += fmt.Sprintf("it burns in number %d,1\nthe shop opens at %d,0\n", n, n)
	}
	if err := os.WriteFile(file, []byte(rows), 0o600); err != nil {
		t.Fatal(err)
	}
	ask := []string{"eval", "--data", file, "--text", "message", "--label", "fire"}
	if seen := contactd(t, "", ask...); seen.code != 0 || !strings.Contains(seen.out, "120 texts, 60 of them fire") || !strings.Contains(seen.out, "F1 1.000") {
		t.Errorf("%+v", seen)
	}
	if seen := contactd(t, "", append(ask, "--json")...); seen.code != 0 || !strings.Contains(seen.out, `"f1":1`) {
		t.Errorf("%+v", seen)
	}
	if seen := contactd(t, "", append(ask, "--kept", file)...); seen.code != 0 || !strings.Contains(seen.out, "120 texts, 60 of them fire; answered by 120 others") {
		t.Errorf("%+v", seen)
	}
	if seen := contactd(t, "", append(ask, "--folds", "2")...); seen.code != 2 {
		t.Errorf("%+v", seen)
	}
	if seen := contactd(t, "", "eval", "--data", file, "--label", "fire"); seen.code != 1 || !strings.Contains(seen.err, `no column "text"`) {
		t.Errorf("%+v", seen)
	}
	if seen := contactd(t, "", "eval", "--data", file, "--text", "fire", "--label", "message"); seen.code != 1 || !strings.Contains(seen.err, "line 2: message: want 1 or 0") {
		t.Errorf("%+v", seen)
	}
}

func TestALabelThatCannotBeReadIsNamed(t *testing.T) {
	file := filepath.Join(t.TempDir(), "bad.csv")
	if err := os.WriteFile(file, []byte("id,channel,text,grade,category\n1,email,hello,Urgent!,x\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	seen := contactd(t, "", "eval", "--data", file)
	if seen.code != 1 || !strings.Contains(seen.err, "line 2") || !strings.Contains(seen.err, "bad.csv") {
		t.Errorf("exit %d: %s", seen.code, seen.err)
	}
	if seen := contactd(t, "", "eval", "--cross", "--data", "../../classifiers/linear/testdata/uk-contact/messages.csv"); seen.code != 2 {
		t.Errorf("one file: exit %d: %s", seen.code, seen.err)
	}
}

func TestWhatTheLearnedClassifierAddsIsTold(t *testing.T) {
	seen := contactd(t, "", "grade", "he has a knife and is trying to get in")
	if !strings.Contains(seen.out, "judged by rules@") || !strings.Contains(seen.out, "linear@") {
		t.Errorf("%s", seen.out)
	}
}

func TestAModelIsNotWrittenOverLabelledMessages(t *testing.T) {
	data := filepath.Join(t.TempDir(), "own.csv")
	const rows = "id,channel,text,grade,category\n1,email,he has a knife,emergency,violence\n2,email,thank you,resolution,none\n"
	if err := os.WriteFile(data, []byte(rows), 0o600); err != nil {
		t.Fatal(err)
	}
	if seen := contactd(t, "", "train", "--data", data, "--out", data); seen.code != 2 || !strings.Contains(seen.err, "own.csv is there and is no model") {
		t.Errorf("%+v", seen)
	}
	if kept, err := os.ReadFile(data); err != nil || string(kept) != rows {
		t.Errorf("the messages are %q, %v", kept, err)
	}
	model := filepath.Join(filepath.Dir(data), "model")
	for range 2 { // a model is written over a model
		if seen := contactd(t, "", "train", "--data", data, "--out", model); seen.code != 0 {
			t.Errorf("%+v", seen)
		}
	}
	empty := filepath.Join(filepath.Dir(data), "empty.csv")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if seen := contactd(t, "", "eval", "--data", empty); seen.code != 1 || !strings.Contains(seen.err, "empty.csv: it is empty; want a header with id") {
		t.Errorf("%+v", seen)
	}
}

func TestCurvesAreDrawnBesideFiguresAsJSON(t *testing.T) {
	dir := t.TempDir()
	data := filepath.Join(dir, "own.csv")
	if err := os.WriteFile(data, []byte("id,channel,text,grade,category\n1,email,he has a knife,emergency,violence\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	seen := contactd(t, "", "eval", "--data", data, "--json", "--plots", filepath.Join(dir, "plots"))
	if _, err := os.Stat(filepath.Join(dir, "plots", "calibration.svg")); seen.code != 0 || !strings.HasPrefix(seen.out, "[{") || err != nil {
		t.Errorf("%+v, %v", seen, err)
	}
}

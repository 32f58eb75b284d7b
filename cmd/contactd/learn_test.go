package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"contactd/classifiers/linear"
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

// crossFigures judges each of five parts of the files by a model trained on the
// others, without the ordinary talk that the shipped model also learned from.
func crossFigures(t *testing.T, data []string) (all []figures, of map[string]figures) {
	t.Helper()
	seen := contactd(t, "", append([]string{"eval", "--cross", "--folds", "5", "--json"}, data...)...)
	if err := json.Unmarshal([]byte(seen.out), &all); err != nil {
		t.Fatalf("%v: %s", err, seen.err)
	}
	of = map[string]figures{}
	for _, f := range all {
		of[f.Of] = f
	}
	return all, of
}

func atLeast(t *testing.T, what string, got *float64, want float64) {
	t.Helper()
	if got == nil || *got < want {
		t.Errorf("%s: %s, want at least %.2f", what, written(got), want)
	}
}

// TestMessagesByAnAuthorWhoWasNotLearnedFrom holds all classifiers together to
// floors on named files, each judged by what others teach. The first seven
// are by authors who knew no model, train-g holds what a model on those misses,
// the messages of train-h to train-m are slyer; the drills o to q, ca to cd,
// dd, de and dl to dp teach.
func TestMessagesByAnAuthorWhoWasNotLearnedFrom(t *testing.T) {
	t.Parallel() // with what waits more than it works
	all, of := crossFigures(t, ownData(t))
	whole := together(all, "messages", "train-a", "train-b", "train-c", "train-d", "train-e", "train-f")
	atLeast(t, "emergency flagged", whole.EmergencyFlagged, 0.975)
	atLeast(t, "emergency graded", whole.EmergencyGraded, 0.90)
	atLeast(t, "priority flagged", whole.PriorityFlagged, 0.87)
	atLeast(t, "what others miss", of["train-g"].EmergencyFlagged, 0.90)
	if *whole.LowFlagged > 0.20 || *whole.LowEmergency > 0.06 || whole.MacroF1 < 0.78 {
		t.Errorf("low flagged %.3f, graded emergency %.3f, macro F1 %.3f", *whole.LowFlagged, *whole.LowEmergency, whole.MacroF1)
	}
	later := together(all, "train-h", "train-i", "train-j", "train-k", "train-l", "train-m")
	atLeast(t, "emergency flagged of later authors", later.EmergencyFlagged, 0.95)
	atLeast(t, "emergency graded of later authors", later.EmergencyGraded, 0.83)
	atLeast(t, "priority flagged of later authors", later.PriorityFlagged, 0.87)
	if *later.LowFlagged > 0.25 || *later.LowEmergency > 0.07 || later.MacroF1 < 0.73 {
		t.Errorf("later authors: low flagged %.3f, graded emergency %.3f, macro F1 %.3f", *later.LowFlagged, *later.LowEmergency, later.MacroF1)
	}
	atLeast(t, "plain", of["type plain"].EmergencyFlagged, 0.97)
	atLeast(t, "obfuscated", of["type obfuscated"].EmergencyFlagged, 0.95)
	atLeast(t, "other languages", of["type lang"].EmergencyFlagged, 0.97)
	atLeast(t, "injection", of["type injection"].EmergencyFlagged, 0.95)
	atLeast(t, "covert", of["type covert"].EmergencyFlagged, 0.93)
	if of["all"].Calibration > 0.03 || of["all"].MacroF1 < 0.76 {
		t.Errorf("calibration error %.3f, macro F1 %.3f", of["all"].Calibration, of["all"].MacroF1)
	}
}

// together are the shares of several files as if they were one.
func together(all []figures, files ...string) figures {
	var rows []judgedRow
	for _, f := range all {
		if !slices.Contains(files, f.Of) {
			continue
		}
		for pair, n := range f.Confusion {
			want, got, _ := strings.Cut(pair, " as ")
			var row judgedRow
			_ = row.Grade.UnmarshalText([]byte(want))
			_ = row.grade.UnmarshalText([]byte(got))
			row.chances = []linear.Chance{{}}
			rows = append(rows, slices.Repeat([]judgedRow{row}, n)...)
		}
	}
	return figuresOf("together", rows)
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

package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

func TestNoErrorAboutAColumnRepeatsAMessageThatStandsInIt(t *testing.T) {
	file := filepath.Join(t.TempDir(), "shifted.csv")
	if err := os.WriteFile(file, []byte("id,channel,text,grade,category\n1,email,violence,he has a knife,\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for want, args := range map[string][]string{
		"line 2: read grade: want emergency, ":             {"eval", "--data", file},
		"line 2: grade: want 1 or 0, got something longer": {"eval", "--data", file, "--label", "grade"},
	} {
		if seen := contactd(t, "", args...); seen.code != 1 || !strings.Contains(seen.err, want) || strings.Contains(seen.err, "knife") {
			t.Errorf("%v: %+v", args, seen)
		}
	}
}

func TestAMessageThatIsThereTwiceIsRefused(t *testing.T) {
	dir := t.TempDir()
	write := func(name, ids string) string {
		content := "id,channel,text,grade,category\n"
		for id := range strings.FieldsSeq(ids) {
			content += id + ",x,\"hello\nthere\",priority,fire\n"
		}
		name = filepath.Join(dir, name)
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	twice, once, other := write("twice.csv", "1 2 1"), write("once.csv", "1 2"), write("other.csv", "2 3")
	for _, command := range [][]string{{"eval"}, {"train", "--out", filepath.Join(dir, "model")}} {
		seen := contactd(t, "", append(command, "--data", other, "--data", twice)...)
		if want := twice + `: line 6: id "1" is that of line 2 already`; seen.code != 1 || !strings.Contains(seen.err, want) {
			t.Errorf("%v: no %s in %+v", command, want, seen)
		}
		seen = contactd(t, "", append(command, "--data", once, "--data", once)...)
		if want := once + " is named twice"; seen.code != 1 || !strings.Contains(seen.err, want) {
			t.Errorf("%v: no %s in %+v", command, want, seen)
		}
	}
}

func TestAFileMayHaveACommaInItsName(t *testing.T) {
	for _, args := range [][]string{{"eval", "--data", "a,b.csv"}, {"train", "--out", "new.bin", "--data", "a,b.csv"}} {
		if seen := contactd(t, "", args...); !strings.Contains(seen.err, "open a,b.csv: ") {
			t.Errorf("%v: %+v", args, seen)
		}
	}
	var c commands
	parser, err := kong.New(&c)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parser.Parse([]string{"reply", "c-1", "--file", "a,b.pdf", "--file", "c.pdf"}); err != nil || !slices.Equal(c.Reply.File, []string{"a,b.pdf", "c.pdf"}) {
		t.Errorf("%q, %v", c.Reply.File, err)
	}
}

func TestTheOtherModelIsLookedAtBeforeTheMessages(t *testing.T) {
	seen := contactd(t, "", "eval", "--data", "nowhere.csv", "--against", "no.bin")
	if seen.code != 1 || !strings.Contains(seen.err, "no.bin") {
		t.Errorf("%+v", seen)
	}
}

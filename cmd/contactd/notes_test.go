package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestGradeShowsWhereItIs(t *testing.T) {
	text := "he has a knife and is trying to get in, 12 Mill Lane, Beverley"
	if seen := contactd(t, "", "grade", text); !strings.Contains(seen.out, `address "12 Mill Lane, Beverley"`) {
		t.Errorf("to a person: %s", seen.out)
	}
	if seen := contactd(t, "", "grade", "--json", text); !strings.Contains(seen.out, `"form":"address","value":"12 Mill Lane, Beverley"`) {
		t.Errorf("as JSON: %s", seen.out)
	}
}

func TestGradeShowsWhoElseHelps(t *testing.T) {
	if seen := contactd(t, "", "grade", "the neighbours are playing loud music again, who do i ring"); !strings.Contains(seen.out, "signpost   noise: the local council") {
		t.Errorf("%s", seen.out)
	}
	if seen := contactd(t, "", "grade", "loud music next door and now he has a knife"); strings.Contains(seen.out, "signpost") {
		t.Errorf("an emergency: %s", seen.out)
	}
}

func TestGradeShowsWhoIsVulnerableAndHowToAnswer(t *testing.T) {
	text := "my mum, 84, has dementia. dont ring me he checks my phone, reply only after 6 pm. cant talk"
	seen := contactd(t, "", "grade", text).out
	for _, want := range []string{
		`marker     dementia (parent) "dementia"`, `covert     cannot_speak "cant talk"`, "reply      safe: no", `asks       only_at "reply only after 6 pm"`,
		"thrive     Vulnerability: an older person; dementia or confusion",
	} {
		if !strings.Contains(seen, want) {
			t.Errorf("no %q in %s", want, seen)
		}
	}
	seen = contactd(t, "", "grade", "--json", text).out
	for _, want := range []string{`"markers":[{"code":"older_person","of":"parent"`, `"covert":{"signs":[`, `"safeToReply":{"safe":"no"`, `"thrive":{"headings":[`} {
		if !strings.Contains(seen, want) {
			t.Errorf("no %s in %s", want, seen)
		}
	}
}

func TestASampleOfEachFileCanBeUsedAsItIs(t *testing.T) {
	dir := t.TempDir()
	config := "classifiers:\n"
	for key, of := range map[string]string{"markers: {file": "markers", "thrive: {form": "thrive", "signpost: {file": "signposts"} {
		file := filepath.Join(dir, of+".yaml")
		if err := os.WriteFile(file, []byte(contactd(t, "", "sample", of).out), 0o600); err != nil {
			t.Fatal(err)
		}
		config += "  " + key + ": " + file + "}\n"
	}
	file := filepath.Join(dir, "contactd.yaml")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	if seen := contactd(t, "", "grade", "--config", file, "my mum, 84, has dementia"); seen.code != 0 || !strings.Contains(seen.out, "dementia or confusion") {
		t.Errorf("%+v", seen)
	}
}

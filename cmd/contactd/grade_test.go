package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"contactd/cmd/contactd/texts"
	"contactd/contact"
)

func TestGradeAnswersEveryLineInOrder(t *testing.T) {
	in := `{"id":"1","channel":"email","text":"he has a knife and is trying to get in"}
{"id":"2","channel":"webchat","text":"what time does the front desk open"}

{"id":"3","text":""}
`
	seen := contactd(t, in, "grade", "--json")
	if seen.code != 0 {
		t.Fatalf("exit %d: %s", seen.code, seen.err)
	}
	lines := strings.Split(strings.TrimSpace(seen.out), "\n")
	if len(lines) != 3 {
		t.Fatalf("%d answers:\n%s", len(lines), seen.out)
	}
	var answers [3]map[string]any
	for i, line := range lines {
		if err := json.Unmarshal([]byte(line), &answers[i]); err != nil {
			t.Fatal(err)
		}
		for _, key := range []string{"id", "grade", "categories", "reasons", "judged_by"} {
			if answers[i][key] == nil {
				t.Errorf("answer %d has no %s: %s", i, key, line)
			}
		}
		if answers[i]["id"] != fmt.Sprint(i+1) {
			t.Errorf("answer %d is for %v", i, answers[i]["id"])
		}
	}
	if answers[0]["grade"] != "emergency" || answers[2]["grade"] != "unknown" {
		t.Errorf("grades: %v, %v", answers[0]["grade"], answers[2]["grade"])
	}
}

func TestTheSpansOfAGradeCutTheQuoteOutOfTheText(t *testing.T) {
	text := "señor 😀 hurry he has a knife and is trying to get in"
	in, err := json.Marshal(texts.Text{ID: "1", Text: text})
	if err != nil {
		t.Fatal(err)
	}
	var answer struct{ Reasons []contact.Reason }
	if err := json.Unmarshal([]byte(contactd(t, string(in)+"\n", "grade", "--json").out), &answer); err != nil {
		t.Fatal(err)
	}
	spans := 0
	for _, reason := range answer.Reasons {
		for _, span := range reason.Spans {
			spans++
			if got := string([]rune(text)[span.Start:span.End]); got != span.Quote {
				t.Errorf("span %d-%d is %q, quoted as %q", span.Start, span.End, got, span.Quote)
			}
		}
	}
	if spans == 0 {
		t.Error("no spans")
	}
}

func TestALineThatCannotBeReadIsUnknownAndDoesNotStopTheOthers(t *testing.T) {
	long := `{"id":"2","text":"` + strings.Repeat("x", texts.Limit) + `"}`
	seen := contactd(t, "{\"id\":\n"+long+"\n{\"id\":\"3\",\"text\":\"hello\"}", "grade", "--json")
	lines := strings.Split(strings.TrimSpace(seen.out), "\n")
	if seen.code != 1 || len(lines) != 3 {
		t.Fatalf("exit %d, %d answers: %.300s %s", seen.code, len(lines), seen.out, seen.err)
	}
	for i, want := range []string{`"error":"line 1: `, `"error":"line 2: longer than`, `"id":"3"`} {
		if !strings.Contains(lines[i], want) {
			t.Errorf("answer %d: %s", i, lines[i])
		}
	}
	if !strings.Contains(lines[0], `"grade":"unknown"`) {
		t.Errorf("answer 0: %s", lines[0])
	}
}

func TestALineOfAWrongTypeSaysWhatIsWanted(t *testing.T) {
	seen := contactd(t, "\ufeff{\"id\":\"1\",\"text\":\"hello\"}\r\n{\"id\":2,\"text\":\"hello\"}\r\n[]\n", "grade", "--json")
	lines := strings.Split(strings.TrimSpace(seen.out), "\n")
	if seen.code != 1 || len(lines) != 3 {
		t.Fatalf("%+v", seen)
	}
	for i, want := range []string{`"id":"1","grade":"resolution"`, `line 2: id: want a text in quotes, got number`, `line 3: want an object {id, channel, text}, got array`} {
		if !strings.Contains(lines[i], want) {
			t.Errorf("answer %d: %s, want %s", i, lines[i], want)
		}
	}
}

func TestGradeTellsAPersonWhatItSaw(t *testing.T) {
	for name, seen := range map[string]outcome{
		"as argument":       contactd(t, "", "grade", "he has a knife and is trying to get in"),
		"as standard input": contactd(t, "he has a knife and is trying to get in\n", "grade"),
	} {
		if !strings.HasPrefix(seen.out, "emergency") || !strings.Contains(seen.out, "knife") || !strings.Contains(seen.out, "judged by rules@") {
			t.Errorf("%s: %s", name, seen.out)
		}
	}
	if seen := contactd(t, "", "grade", "--json", "hello"); strings.Count(seen.out, "\n") != 1 || !json.Valid([]byte(seen.out)) {
		t.Errorf("--json TEXT: %s", seen.out)
	}
}

func TestTheContractIsPrinted(t *testing.T) {
	if seen := contactd(t, "", "schema"); !strings.Contains(seen.out, `"$schema": "https://json-schema.org/draft/2020-12/schema"`) {
		t.Errorf("%.100s", seen.out)
	}
	if seen := contactd(t, "", "schema", "asyncapi"); !strings.HasPrefix(seen.out, "asyncapi: 3.0.0") {
		t.Errorf("%.100s", seen.out)
	}
	if seen := contactd(t, "", "version"); !strings.HasPrefix(seen.out, "contactd ") || seen.code != 0 {
		t.Errorf("%v", seen)
	}
}

func TestAnEmptyTextIsJudgedAndNotTakenFromElsewhere(t *testing.T) {
	for _, args := range [][]string{{"grade", ""}, {"grade", "--json", ""}} {
		seen := contactd(t, "he has a knife\n", args...)
		if seen.code != 0 || !strings.Contains(seen.out, "the message has no text") || strings.Contains(seen.out, "knife") {
			t.Errorf("%q: %+v", args, seen)
		}
	}
}

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

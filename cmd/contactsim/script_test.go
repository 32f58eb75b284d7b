package main

import (
	"bytes"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestAScriptIsReadLineByLine(t *testing.T) {
	got, err := readScript(strings.NewReader("\n# nothing\n  2s  jo   comments  [gate on news]  it is [still] open \n0s page posts [news] x\n1m sam writes\n0s jo likes [on gate]\n"))
	want := []step{
		{line: 3, pause: 2 * time.Second, who: "jo", verb: "comments", label: "gate", on: "news", text: "it is [still] open"},
		{line: 4, who: "page", verb: "posts", label: "news", text: "x"},
		{line: 5, pause: time.Minute, who: "sam", verb: "writes"},
		{line: 6, who: "jo", verb: "likes", on: "gate"},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("read as %+v, %v", got, err)
	}
	for script, says := range map[string]string{
		"jo writes hello":          `line 1: want a pause such as 0s or 2s first, got "jo"`,
		"\n-1s jo writes hello":    `line 2: want a pause`,
		"0s":                       "line 1: want PAUSE WHO VERB",
		"0s jo [a] writes":         "line 1: want PAUSE WHO VERB",
		"0s jo posts [a b c d] x":  "got [a b c d]",
		"0s jo posts [] x":         "got []",
		strings.Repeat("x", 2<<20): "read script",
	} {
		if _, err := readScript(strings.NewReader(script)); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%.40q: %v; want %q", script, err, says)
		}
	}
}

func TestTheScriptThatComesAlongCanBePlayed(t *testing.T) {
	steps, err := readScript(bytes.NewReader(facebookScript))
	if err != nil || len(steps) < 10 {
		t.Errorf("%d steps, %v", len(steps), err)
	}
}

func FuzzScript(f *testing.F) {
	f.Add(string(facebookScript))
	f.Add("0s jo posts [a on b] text\n1h x y [ ]")
	f.Fuzz(func(t *testing.T, script string) {
		steps, err := readScript(strings.NewReader(script))
		if err != nil {
			return
		}
		for _, each := range steps {
			if each.pause < 0 || each.who == "" || each.verb == "" || each.line < 1 {
				t.Errorf("%q holds the step %+v", script, each)
			}
		}
	})
}

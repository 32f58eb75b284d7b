package markers_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"contactd/classifiers/markers"
	"contactd/contact"
)

var update = flag.Bool("update", false, "rewrite testdata/*/want.json")

// TestCases reads testdata/<case>/message.json, a contact.Message in Go's own
// words, and wants the notes of want.json.
func TestCases(t *testing.T) {
	cases, err := filepath.Glob("testdata/*/message.json")
	if err != nil || len(cases) == 0 {
		t.Fatalf("cases: %v, %v", cases, err)
	}
	for _, file := range cases {
		t.Run(filepath.Base(filepath.Dir(file)), func(t *testing.T) {
			content, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var message contact.Message
			if err := json.Unmarshal(content, &message); err != nil {
				t.Fatal(err)
			}
			got, err := json.MarshalIndent(noted(t, markers.Config{}, message, contact.Assessment{}), "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			want := filepath.Join(filepath.Dir(file), "want.json")
			if *update {
				if err := os.WriteFile(want, append(got, '\n'), 0o600); err != nil {
					t.Fatal(err)
				}
				return
			}
			wanted, err := os.ReadFile(want)
			if err != nil {
				t.Fatal(err)
			}
			if string(got)+"\n" != string(wanted) {
				t.Errorf("got\n%s\nwant\n%s", got, wanted)
			}
		})
	}
}

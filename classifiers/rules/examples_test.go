package rules_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"contactd/classifiers/rules"
	"contactd/contact"
)

// TestOwnExamples holds the rules to floors on messages that were written for
// this test, one a line. A line that is missed is printed: it tells where the
// rules are thin.
func TestOwnExamples(t *testing.T) {
	c := newRules(t, rules.Config{})
	is := func(want contact.Grade) func(contact.Grade) bool {
		return func(got contact.Grade) bool { return got == want }
	}
	calm := func(got contact.Grade) bool { return !flagged(got) }
	for _, floor := range []struct {
		file   string
		right  func(contact.Grade) bool
		what   string
		atBest float64
	}{
		{"emergency", is(contact.Emergency), "graded emergency", 0.95},
		{"disguised", is(contact.Emergency), "graded emergency", 0.85},
		{"injected", flagged, "flagged", 1},
		{"priority", flagged, "flagged", 0.90},
		{"scheduled", is(contact.Scheduled), "graded scheduled", 0.90},
		{"calm", calm, "left calm", 0.95},
		{"foreign", flagged, "flagged", 1},
		{"tongues", is(contact.Emergency), "graded emergency", 0.90},
		{"foreign_calm", func(got contact.Grade) bool { return got != contact.Emergency }, "not graded emergency", 1},
	} {
		content, err := os.ReadFile(filepath.Join("testdata", "examples", floor.file+".txt"))
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSpace(string(content)), "\n")
		right := 0
		for _, line := range lines {
			got := grade(t, c, line)
			if floor.right(got.Grade) {
				right++
			} else {
				t.Logf("%s: %v: %s %+v", floor.file, got.Grade, line, got.Reasons)
			}
		}
		share := float64(right) / float64(len(lines))
		t.Logf("%-10s %3d lines, %s %.2f", floor.file, len(lines), floor.what, share)
		if share < floor.atBest {
			t.Errorf("%s: %.2f %s, must be at least %.2f", floor.file, share, floor.what, floor.atBest)
		}
	}
}

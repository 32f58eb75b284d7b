package panel

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"contactd/classifiers"
	"contactd/contact"
)

// TestNoFrameTalksAMessageDown wraps plain emergencies in text that is addressed
// to a machine: orders, notes of a system, answers played, parts to act. The
// phrases of the rules were written with an eye on the first file; the second
// was kept to measure.
func TestNoFrameTalksAMessageDown(t *testing.T) {
	panel, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	cries := linesOf(t, "../../../classifiers/rules/testdata/examples/emergency.txt")
	for _, file := range []string{"written_for", "kept"} {
		flagged, all := 0, 0
		for i, frame := range linesOf(t, "testdata/frames/"+file+".txt") {
			for k := i % 5; k < len(cries); k += 5 {
				text := strings.ReplaceAll(frame, "{}", cries[k])
				all++
				if raised(assess(panel, text)) {
					flagged++
				} else {
					t.Logf("not flagged: %s", text)
				}
			}
		}
		if share := float64(flagged) / float64(all); share < 0.98 {
			t.Errorf("%s: %.3f of %d flagged, must be at least 0.98", file, share, all)
		}
	}
}

// TestTalkAboutMachinesIsNoFrame: most of what is said about robots, rules and
// instructions is harmless.
func TestTalkAboutMachinesIsNoFrame(t *testing.T) {
	panel, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	flagged, lines := 0, linesOf(t, "testdata/frames/harmless.txt")
	for _, line := range lines {
		if raised(assess(panel, line)) {
			t.Logf("flagged: %s", line)
			flagged++
		}
	}
	if share := float64(flagged) / float64(len(lines)); share > 0.15 {
		t.Errorf("%.2f of %d flagged, must be at most 0.15", share, len(lines))
	}
}

func assess(panel classifiers.Assessor, text string) contact.Grade {
	return panel.Assess(context.Background(), contact.Message{Text: text, Authored: text, Channel: contact.Channel{Kind: "webchat"}}).Grade
}

func linesOf(t *testing.T, file string) []string {
	t.Helper()
	content, err := os.ReadFile(filepath.Clean(file))
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSpace(string(content)), "\n")
}

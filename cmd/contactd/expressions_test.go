package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// tells are the metrics that a daemon tells, each with its labels.
type tells map[string][]string

// check reports what an expression of Prometheus, and the text that names its
// results, ask for and contactd does not tell. It returns how many metrics that
// are.
func (there tells) check(t *testing.T, who, expression, legend string) (looked int) {
	t.Helper()
	labels := []string{"job", "instance"} // which Prometheus adds
	part := regexp.MustCompile(`_(bucket|sum|count)$`)
	for _, name := range regexp.MustCompile(`\b(contactd|process)_[a-z_]+`).FindAllString(expression, -1) {
		looked++
		family := part.ReplaceAllString(name, "")
		own, whole := there[name]
		if !whole && family != name {
			own, whole = there[family]
			labels = append(labels, "le")
		}
		if !whole {
			t.Errorf("%s looks at %s, which contactd does not tell", who, name)
		}
		labels = append(labels, own...)
	}
	for _, label := range labelsIn(expression, legend) {
		if !slices.Contains(labels, label) {
			t.Errorf("%s wants the label %q; there are %v", who, label, labels)
		}
	}
	return looked
}

// labelsIn are the labels that an expression groups or selects by, and those
// that a text shows.
func labelsIn(expression, text string) (labels []string) {
	for _, list := range regexp.MustCompile(`\b(?:by|without|on) \(([^)]*)\)`).FindAllStringSubmatch(expression, -1) {
		labels = append(labels, strings.Split(strings.ReplaceAll(list[1], " ", ""), ",")...)
	}
	selected := regexp.MustCompile(`[{,] *([a-z_]+) *[=!]`).FindAllStringSubmatch(expression, -1)
	shown := regexp.MustCompile(`{{ *(?:\$labels\.)?([a-z_]+) *}}`).FindAllStringSubmatch(text, -1)
	for _, found := range slices.Concat(selected, shown) {
		labels = append(labels, found[1])
	}
	return labels
}

// checkSyntax lets Prometheus' own tool read the expressions, where it is
// installed.
func checkSyntax(t *testing.T, expressions []string) {
	t.Helper()
	promtool, err := exec.LookPath("promtool")
	if err != nil {
		return
	}
	rules := make([]map[string]string, len(expressions))
	for i, each := range expressions {
		rules[i] = map[string]string{"record": "expression:" + strconv.Itoa(i), "expr": each}
	}
	text, err := yaml.Marshal(map[string]any{"groups": []any{map[string]any{"name": "all", "rules": rules}}})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "rules.yaml")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	if said, err := exec.CommandContext(t.Context(), promtool, "check", "rules", file).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, said)
	}
}

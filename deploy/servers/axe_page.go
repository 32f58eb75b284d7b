package servers

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// Axe returns the script of axe-core, which defines the global axe in a page.
// Where `make up` has not fetched it, the test is skipped, or fails when CI is
// "true".
func Axe(t testing.TB) string {
	t.Helper()
	path, err := axePath()
	must(t, err)
	script, err := os.ReadFile(path)
	if err != nil {
		skipOrFail(t, "axe-core is not there: fetch it with `make up` (needs npm)")
	}
	return string(script)
}

// AxeFault is one rule that a page breaks.
type AxeFault struct {
	// ID names the rule ("button-name"), Impact is minor, moderate, serious or
	// critical, and Help says what the rule asks.
	ID, Impact, Help string
	// Elements are the HTML of the elements at fault.
	Elements []string
}

// String is one line per element at fault, for a failing test.
func (f AxeFault) String() string {
	return fmt.Sprintf("%s (%s): %s\n\t%s", f.ID, f.Impact, f.Help, strings.Join(f.Elements, "\n\t"))
}

// axeRun gives the faults alone. What axe cannot decide ("incomplete") is
// left out; open shadow roots are looked into.
const axeRun = `axe.run().then(found => found.violations.map(rule => ({
	ID: rule.id, Impact: rule.impact, Help: rule.help, Elements: rule.nodes.map(node => node.html),
})))`

// AxeFaults runs every rule of axe-core on the page as it is now in the tab,
// whatever the page's content security policy. Frames are not looked into:
// open their page by itself.
func AxeFaults(tab context.Context, t testing.TB) []AxeFault {
	t.Helper()
	if _, err := chromedp.Run(tab, chromedp.Evaluate[chromedp.Void](Axe(t))); err != nil {
		t.Fatalf("load axe-core: %v", err)
	}
	faults, err := chromedp.Run(tab, chromedp.Evaluate[[]AxeFault](axeRun, chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatalf("run axe-core: %v", err)
	}
	return faults
}

package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// shownPanel is what of a panel of Grafana is checked.
type shownPanel struct {
	ID                       int
	Type, Title, Description string
	Datasource               struct{ UID string }
	GridPos                  struct{ H, W, X, Y int }
	Targets                  []struct{ Expr, LegendFormat string }
}

func readDashboard(t *testing.T) []shownPanel {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(root, "deploy", "dashboard.json"))
	if err != nil {
		t.Fatal(err)
	}
	var dashboard struct {
		Panels     []shownPanel
		Templating struct {
			List []struct{ Name, Type, Query string }
		}
	}
	if err := json.Unmarshal(content, &dashboard); err != nil {
		t.Fatal(err)
	}
	variables := dashboard.Templating.List
	if len(variables) != 1 || variables[0].Name != "prometheus" || variables[0].Type != "datasource" || variables[0].Query != "prometheus" {
		t.Errorf("the variables are %+v", variables)
	}
	return dashboard.Panels
}

func TestTheDashboardLooksAtWhatIsThereAndSaysWhatIsNormal(t *testing.T) {
	there, looked := metricsOfADaemon(t), 0
	var expressions []string
	for _, p := range readDashboard(t) {
		if p.Type == "row" {
			continue
		}
		if !strings.Contains(p.Description, "ormal") || p.Datasource.UID != "${prometheus}" || len(p.Targets) == 0 {
			t.Errorf("%q does not say what is normal, or asks another Prometheus, or nothing", p.Title)
		}
		for _, target := range p.Targets {
			looked += there.check(t, p.Title, target.Expr, target.LegendFormat)
			expressions = append(expressions, strings.ReplaceAll(target.Expr, "$__rate_interval", "1m"))
		}
	}
	if looked < 25 {
		t.Errorf("only %d metrics found", looked)
	}
	checkSyntax(t, expressions)
}

func TestThePanelsOfTheDashboardLieSideBySide(t *testing.T) {
	titles, ids, taken := map[string]bool{}, map[int]bool{}, map[[2]int]string{}
	for _, p := range readDashboard(t) {
		if p.Title == "" || titles[p.Title] || ids[p.ID] {
			t.Errorf("panel %d has a title or number that is missing or another's: %q", p.ID, p.Title)
		}
		titles[p.Title], ids[p.ID] = true, true
		at := p.GridPos
		if at.W < 1 || at.H < 1 || at.X+at.W > 24 {
			t.Errorf("%q lies outside: %+v", p.Title, at)
		}
		for x := at.X; x < at.X+at.W; x++ {
			for y := at.Y; y < at.Y+at.H; y++ {
				if other := taken[[2]int{x, y}]; other != "" {
					t.Fatalf("%q lies on %q", p.Title, other)
				}
				taken[[2]int{x, y}] = p.Title
			}
		}
	}
}

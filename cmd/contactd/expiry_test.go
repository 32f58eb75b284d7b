package main

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"contactd/classifiers/rules"
)

// ends are parts of a pack that a test plays.
type ends []rules.Expiry

func (e ends) Expiries() []rules.Expiry { return e }

func TestTheEndOfARuleIsToldOnceADayForSomeDays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now := time.Now()
		pack := ends{{Ends: now.AddDate(1, 0, 0)}, {Rule: "own.lantern", Ends: now.AddDate(0, 0, 20)}}
		var log bytes.Buffer
		registry := prometheus.NewRegistry()
		ctx, cancel := context.WithCancel(t.Context())
		go watchPack(ctx, pack, slog.New(slog.NewTextHandler(&log, nil)), registry)
		time.Sleep(100*24*time.Hour + time.Hour)
		cancel()
		synctest.Wait()
		soon, ended := strings.Count(log.String(), "when=soon part=\"rule own.lantern until"), strings.Count(log.String(), "when=ended")
		if soon != 14 || ended != 31 || strings.Count(log.String(), "\n") != 45 {
			t.Errorf("%d times before, %d after, of %d", soon, ended, strings.Count(log.String(), "\n"))
		}
		want := fmt.Sprintf("# HELP contactd_rules_end_timestamp_seconds When a rule of the force's pack stops firing, of all of it with rule \"*\".\n"+
			"# TYPE contactd_rules_end_timestamp_seconds gauge\n"+
			"contactd_rules_end_timestamp_seconds{rule=\"*\"} %v\ncontactd_rules_end_timestamp_seconds{rule=\"own.lantern\"} %v\n",
			float64(pack[0].Ends.Unix()), float64(pack[1].Ends.Unix()))
		if err := testutil.GatherAndCompare(registry, strings.NewReader(want)); err != nil {
			t.Error(err)
		}
	})
}

func TestCheckTellsWhatEndsInTheRulePack(t *testing.T) {
	dir := t.TempDir()
	day := func(days int) string { return time.Now().AddDate(0, 0, days).Format(time.DateOnly) }
	content := "version: force-3\nexpires: " + day(300) + "\nrules:\n"
	for id, days := range map[string]int{"own.soon": 3, "own.gone": -3, "own.late": 100, "own.old": -100} {
		content += fmt.Sprintf("  - {id: %s, expires: %s, grade: priority, text: t, phrases: [blue pineapple]}\n", id, day(days))
	}
	own := filepath.Join(dir, "own.yaml")
	if err := os.WriteFile(own, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	writeConfig(t, dir, ownBroker+"classifiers: {rules: {file: "+own+"}}\n")
	seen := contactd(t, "", "-c", filepath.Join(dir, "contactd.yaml"), "check")
	if seen.code != 0 || !strings.Contains(seen.out, "ends soon: rule own.soon until "+day(3)) || !strings.Contains(seen.out, "no longer fires: rule own.gone until "+day(-3)) ||
		!strings.Contains(seen.out, "+force-3") || strings.Contains(seen.out, "own.late") || strings.Contains(seen.out, "own.old") {
		t.Errorf("%+v", seen)
	}
	if err := os.WriteFile(own, []byte("version: 1\nexpired: 2026-12-31\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if seen := contactd(t, "", "-c", filepath.Join(dir, "contactd.yaml"), "check"); seen.code != 1 || !strings.Contains(seen.out, `own.yaml:2:1: unknown field "expired"`) {
		t.Errorf("%+v", seen)
	}
}

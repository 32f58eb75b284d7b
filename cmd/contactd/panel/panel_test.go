package panel

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"contactd/classifiers/linear"
	"contactd/classifiers/llm"
	"contactd/contact"
)

func TestNobodyIsAskedAgainWhenNoModelIsConfigured(t *testing.T) {
	if model, err := Second(Config{}, llm.Deps{}); model != nil || err != nil {
		t.Errorf("%v, %v", model, err)
	}
}

func TestEveryClassifierThatIsSeatedIsNamed(t *testing.T) {
	seated, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	by := strings.Join(seated.Assess(t.Context(), contact.Message{Text: "hello", Authored: "hello"}).JudgedBy, " ")
	for _, name := range []string{"rules@", "language@", Learned + "@"} {
		if !strings.Contains(by, name) {
			t.Errorf("no %s in %s", name, by)
		}
	}
	if ends := seated.Expiries(); len(ends) > 0 {
		t.Errorf("without a pack of the force there end %v", ends)
	}
}

func TestACandidateIsComparedAndCountsForNothing(t *testing.T) {
	seated, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&log, nil))
	if got := Shadowed(seated, linear.Config{}, logger, prometheus.NewRegistry()); got != seated || log.Len() > 0 {
		t.Errorf("without one: %T, %s", got, &log)
	}
	if got := Shadowed(seated, linear.Config{Shadow: "/nowhere/model.bin"}, logger, prometheus.NewRegistry()); got != seated || !strings.Contains(log.String(), "candidate is not tried") {
		t.Errorf("one that is not there: %T, %s", got, &log)
	}
	metrics := prometheus.NewRegistry()
	shadowed := Shadowed(seated, linear.Config{Shadow: "../../../classifiers/linear/weights.bin"}, logger, metrics)
	message := contact.Message{Text: "he has a knife", Authored: "he has a knife"}
	got, want := shadowed.Assess(t.Context(), message), seated.Assess(t.Context(), message)
	if got.Grade != want.Grade || got.Shadow == nil || len(got.JudgedBy) != len(want.JudgedBy) {
		t.Errorf("%+v, alone %+v", got, want)
	}
	if n, err := testutil.GatherAndCount(metrics, "contactd_shadow_total"); n != 1 || err != nil {
		t.Errorf("counted %d, %v", n, err)
	}
}

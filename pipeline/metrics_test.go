package pipeline

import (
	"log/slog"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"contactd/channels"
)

func TestTheFirstEmergencyOfAChannelIsAnIncrease(t *testing.T) {
	registry := prometheus.NewRegistry()
	_, err := New(Config{}, Deps{Readers: map[string]channels.Reader{"webchat": nil}, Log: slog.New(slog.DiscardHandler), Metrics: registry})
	if err != nil {
		t.Fatal(err)
	}
	want := `# HELP contactd_graded_total Messages published, by channel and grade.
# TYPE contactd_graded_total counter
contactd_graded_total{channel="webchat",grade="emergency"} 0
contactd_graded_total{channel="webchat",grade="priority"} 0
contactd_graded_total{channel="webchat",grade="resolution"} 0
contactd_graded_total{channel="webchat",grade="scheduled"} 0
contactd_graded_total{channel="webchat",grade="unknown"} 0
`
	if err := testutil.GatherAndCompare(registry, strings.NewReader(want), "contactd_graded_total"); err != nil {
		t.Error(err)
	}
}

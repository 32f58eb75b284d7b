package pipeline

import (
	"context"
	"log/slog"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"contactd/channels"
	"contactd/contact"
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

func TestTheFirstSecondOpinionThatRaisesIsAnIncrease(t *testing.T) {
	registry := prometheus.NewRegistry()
	_, err := New(Config{}, Deps{Second: SecondDeps{Judge: nobody{}}, Log: slog.New(slog.DiscardHandler), Metrics: registry})
	if err != nil {
		t.Fatal(err)
	}
	if n, err := testutil.GatherAndCount(registry, "contactd_second_opinions_total"); n != 5 || err != nil {
		t.Errorf("%d outcomes, %v", n, err)
	}
}

// nobody judges nothing.
type nobody struct{}

func (nobody) Grade(context.Context, contact.Message) (contact.Opinion, error) {
	return contact.Opinion{}, nil
}

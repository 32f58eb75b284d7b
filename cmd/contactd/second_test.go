package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"contactd/contact"
	"contactd/contact/contacttest"
	"contactd/deploy/servers"
)

// house is a language model in the house: it takes what the program asks, and
// reads danger in whatever speaks of a lodger.
func house(t *testing.T, away *atomic.Bool) string {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if away.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		says := `{"grade":"resolution","evidence":[]}`
		if strings.Contains(string(body), "lodger") {
			says = `{"grade":"emergency","evidence":[{"quote":"The lodger is being odd","category":"covert"}]}`
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"choices": []any{
			map[string]any{"finish_reason": "stop", "message": map[string]string{"role": "assistant", "content": says}},
		}})
	}))
	t.Cleanup(server.Close)
	return server.URL + "/v1"
}

func TestALanguageModelRaisesWhatWasPublishedAndItsOutageStopsNothing(t *testing.T) {
	var away atomic.Bool
	away.Store(true)
	address := servers.FreeAddress(t)
	dir := configure(t, ownBroker+fmt.Sprintf(`channels:
  webchat: {listen: %q, demo: true, abandon_after: 10m}
classifiers:
  llm: {endpoint: %q, model: house}
`, address, house(t, &away)))
	p := startProgram(t, dir, "run")
	c := &chatter{t: t, url: "http://" + address}
	c.await()
	say := func(id, text string) {
		t.Helper()
		if err := c.write(id, text); err != nil {
			t.Fatal(err)
		}
		c.until("message")
	}
	say("first-message", "The lodger is being odd about parking permits")
	p.tail("--from-beginning", "--count", "1", "--timeout", "30s", "--json")
	metric := func(outcome string) bool {
		_, metrics := p.get("/metrics")
		return strings.Contains(metrics, `contactd_second_opinions_total{outcome="`+outcome+`"} 1`)
	}
	eventually(t, 30*time.Second, func() bool { return metric("failed") }, func() string { return "the outage was not noticed" })
	away.Store(false)
	say("second-message", "The lodger is being odd about parking permits again")

	var lines []string
	eventually(t, 60*time.Second, func() bool {
		lines = strings.Split(strings.TrimSpace(string(p.tail("--from-beginning", "--timeout", "2s", "--json"))), "\n")
		return len(lines) == 3
	}, func() string { return fmt.Sprintf("%d events", len(lines)) })
	var event contact.Event
	contacttest.Valid(t, []byte(lines[2]))
	if err := json.Unmarshal([]byte(lines[2]), &event); err != nil {
		t.Fatal(err)
	}
	var data contact.Assessed
	if err := json.Unmarshal(event.Data, &data); err != nil {
		t.Fatal(err)
	}
	if event.Type != contact.AssessedV1 || *event.Grade != contact.Emergency || event.Sequence != "3" || !metric("raised") {
		t.Errorf("%+v", event)
	}
	if reason := data.Classification.Reasons[0]; reason.Rule != "llm.emergency" || reason.Spans[0].Quote != "The lodger is being odd" {
		t.Errorf("%+v", reason)
	}
}

func TestAWrongLanguageModelIsNamedWithItsKey(t *testing.T) {
	file := filepath.Join(configure(t, "classifiers: {llm: {endpoint: nowhere, model: m}}\n"), "contactd.yaml")
	if seen := contactd(t, "", "-c", file, "check"); seen.code == 0 || !strings.Contains(seen.err+seen.out, "classifiers.llm.endpoint") {
		t.Errorf("%+v", seen)
	}
}

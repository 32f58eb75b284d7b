package pipeline

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"contactd/channels"
	"contactd/contact"
	"contactd/contact/contacttest"
)

var errTest = errors.New("dial mailbox: connection refused")

func TestAChannelThatFailsForLongIsToldOnceAndSoIsItsReturn(t *testing.T) {
	now := noon
	h := NewHealth(Config{DegradedAfter: time.Minute}, nil, func() time.Time { return now })
	s := testSealer()
	h.Working("email", "contact")

	h.Failing("email", "contact", errTest)
	now = now.Add(59 * time.Second)
	if events := h.due(s); len(events) != 0 {
		t.Fatalf("told %d events before the time", len(events))
	}
	now = now.Add(time.Second)
	events := h.due(s)
	if len(events) != 1 || events[0].Type != contact.DegradedV1 {
		t.Fatalf("told %+v, want one degraded event", events)
	}
	contacttest.Valid(t, mustJSON(t, events[0], nil))
	if events := h.due(s); len(events) != 0 {
		t.Error("told twice")
	}

	now = now.Add(time.Hour)
	h.Working("email", "contact")
	h.Failing("email", "contact", errTest) // at once again: both must be told
	events = h.due(s)
	if len(events) != 1 || events[0].Type != contact.RestoredV1 {
		t.Fatalf("told %+v, want one restored event", events)
	}
	contacttest.Valid(t, mustJSON(t, events[0], nil))
	var data contact.ChannelState
	if err := json.Unmarshal(events[0].Data, &data); err != nil {
		t.Fatal(err)
	}
	if !data.Since.Equal(noon) || data.Until == nil || !data.Until.Equal(now) {
		t.Errorf("the gap was told as %v to %v", data.Since, data.Until)
	}
	if data.Error != "" {
		t.Errorf("what works again has the error of the next failure: %s", data.Error)
	}
	now = now.Add(time.Minute)
	if events := h.due(s); len(events) != 1 || events[0].Type != contact.DegradedV1 {
		t.Errorf("told %+v, want the second failure", events)
	}
}

// As when somebody puts a password right in the configuration.
func TestAFailureThatEndsWithARestartIsToldToBeOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inbox := cursors{}
		began := time.Now()
		run := func(do func(h *Health), want ...string) {
			p, _, out := testPipeline(t, nil)
			h := NewHealth(Config{DegradedAfter: time.Minute}, nil, time.Now)
			h.Expect("email", "contact")
			ctx, stop := context.WithCancel(t.Context())
			go h.Announce(ctx, p, inbox)
			do(h)
			<-time.After(2 * time.Minute)
			stop()
			synctest.Wait()
			close(out.records)
			var told []string
			for record := range out.records {
				var event contact.Event
				var data contact.ChannelState
				if err := errors.Join(json.Unmarshal(record.Payload, &event), json.Unmarshal(event.Data, &data)); err != nil {
					t.Fatal(err)
				}
				if !data.Since.Equal(began) {
					t.Errorf("%s since %v, want %v", event.Type, data.Since, began)
				}
				told = append(told, event.Type)
			}
			if !slices.Equal(told, want) {
				t.Errorf("told %q, want %q", told, want)
			}
		}
		fails := func(h *Health) { h.Failing("email", "contact", errTest) }
		works := func(h *Health) { h.Working("email", "contact") }
		run(fails, contact.DegradedV1)
		run(fails) // it was told
		run(works, contact.RestoredV1)
		run(works)
	})
}

// cursors is an inbox that keeps cursors.
type cursors map[string]string

func (c cursors) Accept(_ context.Context, _ []channels.Original, cursor channels.Cursor) error {
	c[cursor.Name] = cursor.Value
	return nil
}

func (c cursors) Cursor(_ context.Context, name string) (channels.Cursor, error) {
	return channels.Cursor{Name: name, Value: c[name]}, nil
}

func TestAnAccountHasMetricsFromTheStart(t *testing.T) {
	registry := prometheus.NewRegistry()
	h := NewHealth(Config{}, registry, func() time.Time { return noon })
	is := func(what string, last, down int64) {
		t.Helper()
		want := fmt.Sprintf(`# HELP contactd_channel_down_since_timestamp_seconds Since when the platform is not reached, Unix time; 0 while it is.
# TYPE contactd_channel_down_since_timestamp_seconds gauge
contactd_channel_down_since_timestamp_seconds{account="contact",channel="email"} %d
# HELP contactd_channel_last_success_timestamp_seconds When the platform was last reached, Unix time; 0 for never.
# TYPE contactd_channel_last_success_timestamp_seconds gauge
contactd_channel_last_success_timestamp_seconds{account="contact",channel="email"} %d
`, down, last)
		if err := testutil.GatherAndCompare(registry, strings.NewReader(want)); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	h.Expect("email", "contact")
	is("expected", 0, 0)
	h.Failing("email", "contact", errTest)
	is("failing", 0, noon.Unix())
	h.Working("email", "contact")
	is("working", noon.Unix(), 0)
}

func TestAnAccountIsKnownBeforeItWasEverReached(t *testing.T) {
	h := NewHealth(Config{}, nil, time.Now)
	h.Expect("email", "contact")
	if states := h.States(); len(states) != 1 || !states[0].LastGood.IsZero() {
		t.Errorf("states are %+v", states)
	}
}

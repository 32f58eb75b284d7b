package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"
)

// times gathers how long things took. It is safe for concurrent use.
type times struct {
	mu    sync.Mutex
	taken []time.Duration
}

func (t *times) add(d time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.taken = append(t.taken, d)
}

func (t *times) count() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.taken)
}

func (t *times) summary() summary {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.taken) == 0 {
		return summary{}
	}
	slices.Sort(t.taken)
	at := func(quantile float64) float64 {
		return float64(t.taken[int(quantile*float64(len(t.taken)-1))].Microseconds()) / 1000
	}
	return summary{Count: len(t.taken), P50: at(.5), P99: at(.99), Max: at(1)}
}

// summary is of one kind of time, in milliseconds.
type summary struct {
	Count int     `json:"count"`
	P50   float64 `json:"p50Ms"`
	P99   float64 `json:"p99Ms"`
	Max   float64 `json:"maxMs"`
}

// report is what a run of visitors came to.
type report struct {
	Sessions    int    `json:"sessions"`
	Sent        int    `json:"sent"`
	Unconfirmed int    `json:"unconfirmed"`
	Reconnects  int    `json:"reconnects"`
	Refused     int    `json:"refused"`
	Queued      int    `json:"queued"`
	Replies     int    `json:"replies"`
	LastProblem string `json:"lastProblem,omitempty"`
	// Tick is from sending a message to the server's word that it is durable,
	// Event to its event on Kafka, Reply from a handler's command to the text
	// on the visitor's side.
	Tick  summary `json:"tick"`
	Event summary `json:"event"`
	Reply summary `json:"reply"`
}

func (r report) write(w io.Writer, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(w).Encode(r)
	}
	_, err := fmt.Fprintf(w, "%d sessions, %d messages sent, %d not confirmed, %d queued, %d refused, %d reconnects, %d answers read\n",
		r.Sessions, r.Sent, r.Unconfirmed, r.Queued, r.Refused, r.Reconnects, r.Replies)
	for _, each := range []struct {
		what string
		summary
	}{
		{"message -> durable (one tick)", r.Tick},
		{"message -> event on Kafka", r.Event},
		{"answer on Kafka -> visitor", r.Reply},
	} {
		if each.Count > 0 && err == nil {
			_, err = fmt.Fprintf(w, "  %-30s p50 %.1f ms, p99 %.1f ms, max %.1f ms of %d\n", each.what, each.P50, each.P99, each.Max, each.Count)
		}
	}
	if r.LastProblem != "" && err == nil {
		_, err = fmt.Fprintf(w, "  last problem: %s\n", r.LastProblem)
	}
	return err
}

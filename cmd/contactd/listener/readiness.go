package listener

import (
	"encoding/json"
	"net/http"
	"time"
)

// Readiness says what is ready. Its JSON is the body of /readyz.
type Readiness struct {
	// Ready is the whole: false while one of the parts is not.
	Ready   bool `json:"ready"`
	Journal Part `json:"journal"`
	Broker  Part `json:"broker"`
	// Publishing is the way from the one to the other.
	Publishing Part `json:"publishing"`
	// Listeners are those that are open to others, by their section.
	Listeners map[string]Part `json:"listeners"`
	Channels  []Account       `json:"channels"`
	// Warnings are of what still works and must be mended soon. They make
	// nothing unready.
	Warnings []string `json:"warnings,omitempty"`
}

// Part is a part of contactd that is ready or not.
type Part struct {
	Ready bool `json:"ready"`
	// Detail says what it is, such as the address of the broker and what it
	// guarantees.
	Detail string `json:"detail,omitempty"`
	// Error says why it is not ready; it holds no secret.
	Error string `json:"error,omitempty"`
}

// Account is one account of a channel.
type Account struct {
	Channel string `json:"channel"`
	Account string `json:"account"`
	Ready   bool   `json:"ready"`
	// LastSuccess is when the platform was last reached, absent for never.
	LastSuccess *time.Time `json:"last_success,omitempty"`
	// FailingSince is absent while it works.
	FailingSince *time.Time `json:"failing_since,omitempty"`
	Error        string     `json:"error,omitempty"`
}

// Judged returns r with Ready set from its parts.
func (r Readiness) Judged() Readiness {
	r.Ready = r.Journal.Ready && r.Broker.Ready && r.Publishing.Ready
	for _, part := range r.Listeners {
		r.Ready = r.Ready && part.Ready
	}
	for _, account := range r.Channels {
		r.Ready = r.Ready && account.Ready
	}
	if r.Listeners == nil {
		r.Listeners = map[string]Part{}
	}
	if r.Channels == nil {
		r.Channels = []Account{}
	}
	return r
}

// writeReadiness tells strangers the whole only, insiders the parts too.
func writeReadiness(w http.ResponseWriter, r Readiness, insider bool) {
	r = r.Judged()
	var body any = r
	if !insider {
		body = struct {
			Ready bool `json:"ready"`
		}{r.Ready}
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	if !r.Ready {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	write := json.NewEncoder(w)
	write.SetEscapeHTML(false) // errors have "->" in them, and people read this
	write.SetIndent("", "  ")
	_ = write.Encode(body)
}

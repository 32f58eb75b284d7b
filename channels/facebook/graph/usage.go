package graph

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"time"
)

// The parts of the allowance, in percent, at which reading slows down and at
// which it stops, so that the rest is left for answers.
const (
	slowAt = 75
	stopAt = 90
)

// The pauses after a refusal that names no time, and the longest of all.
const (
	firstPause = time.Minute
	longest    = time.Hour
)

// forget is how long a figure counts: Meta's windows are an hour, but every
// answer tells the figure anew.
const forget = 5 * time.Minute

// usage is what the headers of the last answers said.
type usage struct {
	now  func() time.Time
	slow time.Duration // per percent

	mutex sync.Mutex
	busy  int
	at    time.Time            // when busy was told
	until map[string]time.Time // throttled until, by use; of all under ""
	pause time.Duration
}

// The uses of a page of which Meta counts the calls apart (Business Use Case
// rate limits): one that is used up leaves the other alone.
const (
	pages     = "pages"
	messenger = "messenger"
)

// useOf is the use that a call belongs to.
func useOf(path string) string {
	switch path[strings.LastIndex(path, "/")+1:] {
	case "messages", "conversations", "take_thread_control":
		return messenger
	default:
		return pages
	}
}

// useBy is the use that a refusal is about, empty for all.
func useBy(code int) string {
	switch code {
	case 80001:
		return pages
	case 80006:
		return messenger
	default:
		return ""
	}
}

// hold has nothing called of a use until a moment. The caller holds mutex.
func (u *usage) hold(use string, until time.Time) {
	if use != pages && use != messenger {
		use = ""
	}
	if u.until == nil {
		u.until = map[string]time.Time{}
	}
	u.until[use] = later(u.until[use], until)
}

// load is one figure of a header. The time is in minutes.
type load struct {
	Type    string `json:"type"`
	Calls   int    `json:"call_count"`
	CPU     int    `json:"total_cputime"`
	Time    int    `json:"total_time"`
	Regains int    `json:"estimated_time_to_regain_access"`
}

// told reads X-App-Usage and X-Business-Use-Case-Usage.
func (u *usage) told(header http.Header) {
	var all []load
	var app load
	if text := header.Get("X-App-Usage"); text != "" && json.Unmarshal([]byte(text), &app) == nil {
		all = append(all, app)
	}
	var business map[string][]load
	if text := header.Get("X-Business-Use-Case-Usage"); text != "" && json.Unmarshal([]byte(text), &business) == nil {
		for _, loads := range business {
			all = append(all, loads...)
		}
	}
	if len(all) == 0 {
		return
	}
	u.mutex.Lock()
	defer u.mutex.Unlock()
	u.busy, u.at = 0, u.now()
	for _, each := range all {
		u.busy = max(u.busy, each.Calls, each.CPU, each.Time)
		if each.Regains > 0 {
			u.hold(each.Type, u.now().Add(min(time.Duration(each.Regains)*time.Minute, 24*longest)))
		}
	}
}

// failed notes that the platform asked to be left alone.
func (u *usage) failed(e *Error) {
	if e.Kind != Throttled {
		return
	}
	u.mutex.Lock()
	defer u.mutex.Unlock()
	now, use := u.now(), useBy(e.Code)
	if !u.until[use].After(now) {
		if u.pause == 0 {
			u.pause = firstPause
		}
		u.hold(use, now.Add(u.pause))
		u.pause = min(2*u.pause, longest)
	}
	e.Wait = u.until[use].Sub(now)
}

func (u *usage) worked() {
	u.mutex.Lock()
	defer u.mutex.Unlock()
	u.pause = 0
}

// throttled is how long nothing of a use must be called: calls while throttled
// lengthen it.
func (u *usage) throttled(use string) time.Duration {
	u.mutex.Lock()
	defer u.mutex.Unlock()
	return max(0, later(u.until[""], u.until[use]).Sub(u.now()))
}

func (u *usage) percent() int {
	u.mutex.Lock()
	defer u.mutex.Unlock()
	if u.now().Sub(u.at) > forget {
		return 0
	}
	return u.busy
}

// beforeReading waits as long as the allowance asks for.
func (u *usage) beforeReading(ctx context.Context, use string) error {
	for {
		wait := u.throttled(use)
		busy := u.percent()
		if wait == 0 && busy >= stopAt {
			wait = forget
		}
		if wait > 0 { // the caller does better to come back than to hang
			return &Error{Op: "get", Kind: Throttled, Wait: wait, Certain: true}
		}
		if busy < slowAt {
			return nil
		}
		pause := time.NewTimer(time.Duration(busy-slowAt+1) * u.slow)
		select {
		case <-pause.C:
			return nil
		case <-ctx.Done():
			pause.Stop()
			return ctx.Err()
		}
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

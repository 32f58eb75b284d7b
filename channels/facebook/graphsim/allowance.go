package graphsim

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"
)

// Allowance is how many calls are taken. The zero value takes all.
type Allowance struct {
	// Calls of all kinds are taken Per a time. Every answer tells how many per
	// cent are used; above 100 calls are refused, and each that comes all the
	// same makes it last a minute longer.
	Calls int
	Per   time.Duration
	// Conversations is how often a second they can be read, with three at once.
	Conversations float64
}

// allowance is what is left of one.
type allowance struct {
	Allowance
	began   time.Time // the time for which used counts
	used    int
	until   time.Time // refused until
	tokens  float64   // of reading conversations
	at      time.Time // when they were counted
	refused int
}

const burst = 3

// The refusals, as Meta words them.
var (
	tooMany   = problem{status: 400, code: 80001, message: "There have been too many calls to this Page account. Wait a bit and try again."}
	tooQuick  = problem{status: 400, code: 613, message: "Calls to this api have exceeded the rate limit."}
	loadOfOne = object{"type": "pages", "total_cputime": 1, "total_time": 1}
)

// Allow sets how many calls are taken from now on.
func (s *Server) Allow(a Allowance) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.allowance = &allowance{Allowance: a, began: s.Now(), at: s.Now(), tokens: burst}
}

// Refused counts the calls that were more than is allowed.
func (s *Server) Refused() int {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.allowance == nil {
		return 0
	}
	return s.allowance.refused
}

// spend counts a call, writes the header that tells how many are left, and says
// whether it is refused.
func (s *Server) spend(w http.ResponseWriter, r *http.Request) *problem {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	a, now := s.allowance, s.Now()
	if a == nil {
		return nil
	}
	if a.Calls > 0 {
		if refusal := a.count(w, now); refusal != nil {
			return refusal
		}
	}
	edge := r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]
	if a.Conversations > 0 && r.Method == http.MethodGet && (edge == "conversations" || edge == "messages") {
		a.tokens = min(burst, a.tokens+now.Sub(a.at).Seconds()*a.Conversations)
		a.at = now
		if a.tokens < 1 {
			a.refused++
			return &tooQuick
		}
		a.tokens--
	}
	return nil
}

func (a *allowance) count(w http.ResponseWriter, now time.Time) *problem {
	if now.Sub(a.began) >= a.Per && !now.Before(a.until) {
		a.began, a.used = now, 0
	}
	load := map[string]any{}
	for key, value := range loadOfOne {
		load[key] = value
	}
	refused := now.Before(a.until) || a.used >= a.Calls
	if refused {
		a.refused++
		if a.until.Before(a.began.Add(a.Per)) {
			a.until = a.began.Add(a.Per)
		}
		a.until = a.until.Add(time.Minute)
		load["estimated_time_to_regain_access"] = int(a.until.Sub(now).Minutes()) + 1
	} else {
		a.used++
	}
	load["call_count"] = a.used * 100 / a.Calls
	header, _ := json.Marshal(object{"app": []object{load}})
	w.Header().Set("X-Business-Use-Case-Usage", string(header))
	if refused {
		return &tooMany
	}
	return nil
}

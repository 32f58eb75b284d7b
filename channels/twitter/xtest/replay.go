package xtest

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// tried is a delivery that was at least tried; only those can be replayed.
type tried struct {
	At   time.Time       `json:"at"`
	Body json.RawMessage `json:"body"`
}

// mostTried bounds what is kept of them.
const mostTried = 20_000

// replaying is what X knows of jobs.
type replaying struct {
	allowed bool        // by the plan
	fail    int         // jobs that deliver half and say so
	jobs    []Job       // asked for
	began   []time.Time // of jobs of account activity in 15 minutes
}

// Job is one that was asked for.
type Job struct {
	ID          string
	From, Until time.Time
	Activity    bool // of account activity alone
}

// Replays lets the plan have X deliver again, or not, as a new server's.
func (s *Server) Replays(allowed bool) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.replaying.allowed = allowed
}

// FailReplays makes the next jobs deliver half of it and say so.
func (s *Server) FailReplays(jobs int) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.replaying.fail = jobs
}

// Jobs returns the jobs so far.
func (s *Server) Jobs() []Job {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return slices.Clone(s.replaying.jobs)
}

// note keeps a delivery. The caller holds mutex.
func (s *Server) note(body []byte) {
	s.state.Tried = append(s.state.Tried, tried{s.Now(), body})
	if n := len(s.state.Tried); n > mostTried {
		s.state.Tried = slices.Delete(s.state.Tried, 0, n-mostTried)
	}
}

func invalid(detail string) answer {
	return problem(http.StatusBadRequest, "https://api.twitter.com/2/problems/invalid-request", "Invalid Request", detail)
}

// replay answers POST /2/webhooks/replay: a day, no future, and a webhook that
// answers the challenge. The caller holds mutex.
func (s *Server) replay(q request) answer {
	var body struct {
		Webhook string `json:"webhook_id"`
		From    string `json:"from_date"`
		Until   string `json:"to_date"`
	}
	if !s.replaying.allowed {
		return problem(http.StatusForbidden, "https://api.twitter.com/2/problems/client-forbidden", "Client Forbidden", "This package has no replay.")
	}
	if !strictly(q.body, &body) || s.state.Hook == nil || body.Webhook != s.state.Hook.ID {
		return invalid("webhook_id")
	}
	job, ok := s.span(body.From, body.Until)
	if !ok || job.From.Before(s.Now().Add(-24*time.Hour)) || job.Until.After(s.Now()) {
		return invalid("from_date, to_date")
	}
	return s.run(job, http.StatusOK)
}

// replayActivity answers the older call: five days, at least 31 and 10 minutes
// old, five jobs in 15 minutes. The caller holds mutex.
func (s *Server) replayActivity(q request) answer {
	r := &s.replaying
	if !r.allowed {
		return problem(http.StatusForbidden, "https://api.twitter.com/2/problems/client-forbidden", "Client Forbidden", "This package has no replay.")
	}
	if s.state.Hook == nil || q.parts[4] != s.state.Hook.ID {
		return problem(http.StatusNotFound, "about:blank", "Not Found", "")
	}
	r.began = slices.DeleteFunc(r.began, func(at time.Time) bool { return s.Now().Sub(at) > windowLength })
	if len(r.began) >= 5 {
		return problem(http.StatusTooManyRequests, "about:blank", "Too Many Requests", "Too Many Requests")
	}
	job, ok := s.span(q.query.Get("from_date"), q.query.Get("to_date"))
	now := s.Now()
	if !ok || job.From.Before(now.Add(-5*24*time.Hour)) || job.From.After(now.Add(-31*time.Minute)) || job.Until.After(now.Add(-10*time.Minute)) {
		return invalid("from_date, to_date")
	}
	job.Activity = true
	r.began = append(r.began, now)
	return s.run(job, http.StatusAccepted)
}

// span reads a job's minutes, in UTC.
func (s *Server) span(from, until string) (Job, bool) {
	a, err1 := time.Parse("200601021504", from)
	b, err2 := time.Parse("200601021504", until)
	return Job{ID: s.id(), From: a, Until: b}, err1 == nil && err2 == nil && a.Before(b)
}

// run delivers what a job asks for; that it has ended comes out of turn.
func (s *Server) run(job Job, status int) answer {
	if !s.challenged(s.state.Hook.URL) {
		return problem(http.StatusBadRequest, "about:blank", "CrcValidationFailed", "CRC GET request failed")
	}
	s.replaying.jobs = append(s.replaying.jobs, job)
	var bodies [][]byte
	for _, each := range s.state.Tried {
		var body map[string]json.RawMessage
		if each.At.Before(job.From) || !each.At.Before(job.Until) || json.Unmarshal(each.Body, &body) != nil || job.Activity && body["for_user_id"] == nil {
			continue
		}
		body["meta"] = json.RawMessage(`{"replay":true}`)
		bodies = append(bodies, mustJSON(body))
	}
	state := "Complete"
	if s.replaying.fail > 0 {
		s.replaying.fail--
		state, bodies = "Incomplete", bodies[:len(bodies)/2]
	}
	s.Put(mustJSON(object{"replay_job_status": object{
		"webhook_id": s.state.Hook.ID, "job_state": state, "job_state_description": strconv.Itoa(len(bodies)) + " events", "job_id": job.ID,
	}}))
	for _, body := range bodies {
		s.Put(body)
	}
	return answer{status, object{"job_id": job.ID, "created_at": s.Now().Format(time.RFC3339)}}
}

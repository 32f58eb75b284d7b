package xtest

import (
	"net/http"
	"slices"
	"strings"
)

// hook is the webhook that the application has at X.
type hook struct {
	ID, URL string
	Valid   bool
	// Accounts are subscribed to account activity; Events, "user event", to the
	// activity API.
	Accounts, Events []string
}

// StopDelivering switches the webhook off, as X does without a word.
func (s *Server) StopDelivering() {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.state.Hook != nil {
		s.state.Hook.Valid = false
	}
}

// Unsubscribe ends an account's subscriptions.
func (s *Server) Unsubscribe() {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.state.Hook != nil {
		s.state.Hook.Accounts, s.state.Hook.Events = nil, nil
	}
}

// Delivers reports whether the webhook stands and an account is subscribed.
func (s *Server) Delivers(account string) bool {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	h := s.state.Hook
	return h != nil && h.Valid && (slices.Contains(h.Accounts, account) || slices.Contains(h.Events, account+" dm.received"))
}

// answerApp answers what concerns the application. The caller holds mutex;
// account is nil when the call is in the application's name.
func (s *Server) answerApp(q request) (answer, bool) {
	app := q.account == nil
	h := s.state.Hook
	forbidden := problem(http.StatusForbidden, "https://api.twitter.com/2/problems/unsupported-authentication", "Unsupported Authentication", "")
	switch {
	case q.path == "/2/usage/tweets" && app:
		return answer{http.StatusOK, object{"data": object{"project_usage": "1204", "project_cap": "3000000", "cap_reset_day": 14}}}, true
	case q.path == "/2/webhooks" && q.method == http.MethodGet && app:
		if h == nil {
			return answer{http.StatusOK, object{"meta": object{"result_count": 0}}}, true
		}
		return answer{http.StatusOK, object{"data": []object{{"id": h.ID, "url": h.URL, "valid": h.Valid, "created_at": "2026-11-03T21:14:10.000Z"}}}}, true
	case q.path == "/2/webhooks" && q.method == http.MethodPost && app:
		return s.makeHook(q), true
	case len(q.parts) == 3 && q.parts[1] == "webhooks" && q.method == http.MethodPut && app:
		if h == nil || h.ID != q.parts[2] {
			return problem(http.StatusNotFound, "about:blank", "Not Found", ""), true
		}
		h.Valid = s.challenged(h.URL)
		return answer{http.StatusOK, object{"data": object{"attempted": true}}}, true
	case q.path == "/2/webhooks/replay" && q.method == http.MethodPost && app:
		return s.replay(q), true
	case len(q.parts) == 7 && q.parts[2] == "replay" && q.method == http.MethodPost && app:
		return s.replayActivity(q), true
	case q.path == "/2/activity/subscriptions" && q.method == http.MethodGet && app:
		data := []object{}
		if h != nil {
			for _, each := range h.Events {
				user, event, _ := strings.Cut(each, " ")
				data = append(data, object{"subscription_id": "1", "event_type": event, "filter": object{"user_id": user}, "webhook_id": h.ID})
			}
		}
		return answer{http.StatusOK, object{"data": data}}, true
	case q.path == "/2/tweets/search/stream/rules" && app:
		return s.answerRules(q), true
	case app:
		return forbidden, true
	case q.path == "/2/activity/subscriptions" && q.method == http.MethodPost:
		return s.subscribeTo(q), true
	case len(q.parts) == 6 && q.parts[1] == "account_activity":
		if h == nil || h.ID != q.parts[3] {
			return problem(http.StatusNotFound, "about:blank", "Not Found", ""), true
		}
		if q.method == http.MethodPost && !slices.Contains(h.Accounts, q.account.User) {
			h.Accounts = append(h.Accounts, q.account.User)
		}
		return answer{http.StatusOK, object{"data": object{"subscribed": slices.Contains(h.Accounts, q.account.User)}}}, true
	default:
		return answer{}, false
	}
}

// makeHook makes the webhook, if the address answers the challenge.
func (s *Server) makeHook(q request) answer {
	var body struct {
		URL string `json:"url"`
	}
	if !strictly(q.body, &body) || body.URL == "" {
		return problem(http.StatusBadRequest, "https://api.twitter.com/2/problems/invalid-request", "Invalid Request", "url")
	}
	if s.state.Hook != nil {
		return problem(http.StatusForbidden, "about:blank", "Forbidden", "only 1 webhook")
	}
	if !s.challenged(body.URL) {
		return problem(http.StatusBadRequest, "about:blank", "CrcValidationFailed", "CRC GET request failed")
	}
	s.state.Hook = &hook{ID: s.id(), URL: body.URL, Valid: true}
	s.Callback(body.URL)
	return answer{http.StatusOK, object{"data": object{"id": s.state.Hook.ID, "url": body.URL, "valid": true, "created_at": "2026-11-03T21:14:10.000Z"}}}
}

// challenged asks an address whether it is ours. Its channel answers without
// calling back, so mutex may be held.
func (s *Server) challenged(address string) bool {
	return s.challenge(s.Context(), address, "Y3JjLXRva2Vu") == nil
}

func (s *Server) subscribeTo(q request) answer {
	var body struct {
		Event  string `json:"event_type"`
		Filter struct {
			User string `json:"user_id"`
		} `json:"filter"`
		Tag     string `json:"tag"`
		Webhook string `json:"webhook_id"`
	}
	if !strictly(q.body, &body) || body.Webhook != "" && (s.state.Hook == nil || body.Webhook != s.state.Hook.ID) ||
		body.Event == "" || body.Filter.User != q.account.User {
		return problem(http.StatusBadRequest, "https://api.twitter.com/2/problems/invalid-request", "Invalid Request", "")
	}
	if s.state.Hook == nil {
		s.state.Hook = &hook{ID: s.id()} // a stand-in: the stream is subscribed
	}
	s.state.Hook.Events = append(s.state.Hook.Events, body.Filter.User+" "+body.Event)
	return answer{http.StatusOK, object{"data": object{"subscription": object{"subscription_id": s.id(), "event_type": body.Event}}}}
}

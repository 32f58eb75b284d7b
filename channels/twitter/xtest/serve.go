package xtest

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// object is a JSON object.
type object = map[string]any

// answer is what a call gets.
type answer struct {
	status int
	body   any
}

// request is a call with what is known of it.
type request struct {
	method, path string
	parts        []string // of the path
	query        url.Values
	form         url.Values
	body         []byte
	account      *Account
}

// whole reports calls that are answered piece by piece.
func whole(r *http.Request) bool { return isStream(r) || isMedia(r.URL.Path) }

func isStream(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, "/stream") }

// answerCall answers a file, a stream, or a call of the API.
func (s *Server) answerCall(w http.ResponseWriter, r *http.Request, body []byte) {
	switch {
	case isMedia(r.URL.Path):
		s.serveMedia(w, r)
	case isStream(r):
		s.serveStream(w, r)
	default:
		write(w, s.answer(r, body, w.Header()))
	}
}

func write(w http.ResponseWriter, a answer) {
	raw, err := json.Marshal(a.body)
	if err != nil {
		panic(err)
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(a.status)
	_, _ = w.Write(raw)
}

// answer does a call.
func (s *Server) answer(r *http.Request, body []byte, header http.Header) answer {
	if _, between := s.Page(); between != nil && (r.URL.Query().Get("pagination_token") != "" || r.URL.Query().Get("cursor") != "") {
		between()
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	form, _ := url.ParseQuery(string(body))
	q := request{
		method: r.Method, path: r.URL.Path, parts: strings.Split(strings.Trim(r.URL.Path, "/"), "/"),
		query: r.URL.Query(), form: form, body: body,
	}
	if q.path == "/2/oauth2/token" {
		return s.token(r, q)
	}
	app := s.options.Bearer != "" && r.Header.Get("Authorization") == "Bearer "+s.options.Bearer
	if q.account = s.signer(r, body); q.account == nil && !app {
		return problem(http.StatusUnauthorized, "about:blank", "Unauthorized", "Unauthorized")
	}
	if v1 := q.parts[0] == "1.1"; v1 && s.closed1 {
		return answer{http.StatusForbidden, object{"errors": []object{{"code": 453, "message": "You currently have access to a subset of X API V2 endpoints"}}}}
	} else if !v1 && s.closed2 {
		return problem(http.StatusForbidden, "https://api.twitter.com/2/problems/client-forbidden", "Client Forbidden", "When authenticating requests to the Twitter API v2 endpoints, you must use keys from a Project.")
	}
	if got, known := s.answerApp(q); known {
		return got
	}
	if q.account.Capped && q.method == http.MethodGet && q.path != "/2/users/me" {
		return problem(http.StatusTooManyRequests, "https://api.x.com/2/problems/usage-capped", "UsageCapExceeded", "Usage cap exceeded: Monthly product cap")
	}
	if !s.within(q, header) {
		if q.parts[0] == "1.1" {
			return answer{http.StatusTooManyRequests, object{"errors": []object{{"code": 88, "message": "Rate limit exceeded"}}}}
		}
		return problem(http.StatusTooManyRequests, "about:blank", "Too Many Requests", "Too Many Requests")
	}
	if q.parts[0] == "1.1" {
		return s.answerV1(q)
	}
	return s.answerV2(q)
}

// nameOf names a call without ids.
func nameOf(q request) string {
	parts := append([]string(nil), q.parts...)
	for i, part := range parts[1:] {
		if strings.Trim(part, "0123456789-") == "" {
			parts[i+1] = ":id"
		}
	}
	return q.method + " /" + strings.Join(parts, "/")
}

// within counts a call in its window and writes the headers.
func (s *Server) within(q request, header http.Header) bool {
	name := nameOf(q)
	limit, limited := s.limits[name]
	if !limited {
		return true
	}
	key := q.account.User + " " + name
	w := s.windows[key]
	if w == nil || s.Now().Sub(w.began) >= windowLength {
		w = &window{began: s.Now()}
		s.windows[key] = w
	}
	w.used++
	header.Set("x-rate-limit-limit", strconv.Itoa(limit))
	header.Set("x-rate-limit-remaining", strconv.Itoa(max(0, limit-w.used)))
	// Whole seconds, never before the window's end.
	header.Set("x-rate-limit-reset", strconv.FormatInt(w.began.Add(windowLength).Unix()+1, 10))
	return w.used <= limit
}

func problem(status int, kind, title, detail string) answer {
	return answer{status, object{"type": kind, "title": title, "detail": detail, "status": status}}
}

// token renews a token of OAuth 2.0. An old refresh token is dead.
func (s *Server) token(r *http.Request, q request) answer {
	client, _, basic := r.BasicAuth()
	if !basic {
		client = q.form.Get("client_id")
	}
	for _, a := range s.state.Accounts {
		if client != "" && q.form.Get("grant_type") == "refresh_token" && a.Refresh != "" && q.form.Get("refresh_token") == a.Refresh {
			access := "access-" + s.id()
			a.Refresh = "refresh-" + s.id()
			a.Access = map[string]time.Time{access: s.Now().Add(2 * time.Hour)}
			return answer{http.StatusOK, object{"token_type": "bearer", "expires_in": 7200, "access_token": access, "refresh_token": a.Refresh, "scope": "tweet.read dm.read"}}
		}
	}
	return answer{http.StatusBadRequest, object{"error": "invalid_request", "error_description": "Value passed for the token was invalid."}}
}

package webchat

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"contactd/channels/webchat/store"
	"contactd/channels/webchat/widget"
)

// routes are all paths of the server, guarded.
func (r *running) routes() (http.Handler, error) {
	mux := http.NewServeMux()
	if err := r.mountWidget(mux); err != nil {
		return nil, err
	}
	mux.HandleFunc("GET /chat/v1/site", r.showSite)
	mux.HandleFunc("POST /chat/v1/sessions", r.postSession)
	mux.HandleFunc("POST /chat/v1/tickets", r.postTicket)
	mux.HandleFunc("GET /chat/v1/socket", r.openSocket)
	mux.HandleFunc("GET /chat/v1/events", r.openEvents)
	mux.HandleFunc("POST /chat/v1/frames", r.postFrame)
	mux.HandleFunc("POST /chat/v1/files", r.postFile)
	mux.HandleFunc("GET /chat/v1/files/{file}", r.getFile)
	mux.HandleFunc("POST "+byePath, r.postBye)
	all := http.NewServeMux()
	all.Handle("/forms/", r.serveForms())
	all.Handle("/", r.guard(mux))
	return all, nil
}

func (r *running) mountWidget(mux *http.ServeMux) error {
	sites := make([]widget.Site, len(r.config.Sites))
	for i, s := range r.config.Sites {
		sites[i] = widget.Site{Name: s.Name, ExitURL: s.ExitURL, FormURL: s.FormURL, Phone: s.Phone}
	}
	w, err := widget.New(widget.Config{Languages: r.config.LanguagesDir, Demo: r.config.Demo, Sites: sites})
	if err != nil {
		return err
	}
	w.Register(mux)
	r.languages = w.Languages()
	return nil
}

// guard is in front of every path: it sets the headers that make a browser do
// nothing with an answer, and sends pages away that may not talk to the chat.
func (r *running) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; sandbox")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		// With no-referrer a form of our own pages would come from origin null.
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		h.Set("X-Frame-Options", "DENY")
		if r.proxies.Scheme(req) == "https" {
			h.Set("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
		}
		h.Add("Vary", "Origin")
		r.noticeProxy(req)
		if code, message := r.turnAway(req); code != "" {
			r.fail(w, http.StatusForbidden, code, message)
			return
		}
		if !r.limiter.request(r.deps.Now(), r.proxies.Client(req)) {
			r.fail(w, http.StatusTooManyRequests, "too_many", "too many requests from this address; try again in a moment")
			return
		}
		if origin := req.Header.Get("Origin"); origin != "" {
			h.Set("Access-Control-Allow-Origin", origin)
		}
		if req.Method == http.MethodOptions {
			h.Set("Access-Control-Allow-Methods", "GET, POST")
			h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, X-File-Name")
			h.Set("Access-Control-Max-Age", "600")
			w.WriteHeader(http.StatusNoContent)
			return
		}
		if strings.HasPrefix(req.URL.Path, "/chat/v1/") && doubled(req) {
			r.fail(w, http.StatusBadRequest, "bad_request", "a parameter or header stands there twice")
			return
		}
		next.ServeHTTP(w, req)
	})
}

// turnAway says why a page may not ask this, or nothing.
func (r *running) turnAway(req *http.Request) (code, message string) {
	given := req.Header.Values("Origin")
	switch {
	case len(given) > 1:
		return "origin", "more than one origin"
	case len(given) == 1 && given[0] == "null" && req.URL.Path == byePath:
		return "", "" // what a beacon says under Referrer-Policy no-referrer; the token in its body speaks for it
	case len(given) == 1 && !r.origins.allowed(strings.ToLower(given[0]), req):
		return "origin", "this page may not use the chat; list its origin under sites"
	case len(given) == 1 || !strings.HasPrefix(req.URL.Path, "/chat/v1/"):
		return "", ""
	case req.Method != http.MethodGet && req.Method != http.MethodHead, req.Header.Get("Upgrade") != "":
		return "origin", "no origin" // every browser says it here
	}
	if site := req.Header.Get("Sec-Fetch-Site"); site != "" && site != "same-origin" && site != "none" {
		return "origin", "a page of another origin asks without saying so"
	}
	return "", ""
}

// doubled reports whether different readers might believe different values.
func doubled(req *http.Request) bool {
	for _, values := range req.URL.Query() {
		if len(values) > 1 {
			return true
		}
	}
	for _, name := range []string{"Authorization", "X-File-Name", "Content-Type"} {
		if len(req.Header.Values(name)) > 1 {
			return true
		}
	}
	return strings.ContainsAny(req.URL.RawQuery, ";")
}

// fail answers with an error.
func (r *running) fail(w http.ResponseWriter, status int, code, message string) {
	r.metrics.refused.WithLabelValues(code).Inc()
	if status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "5")
	}
	type body struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	}
	answer(w, status, map[string]body{"error": {code, message}})
}

func answer(w http.ResponseWriter, status int, v any) {
	text, err := json.Marshal(v)
	if err != nil {
		status, text = http.StatusInternalServerError, []byte(`{"error":{"code":"internal","message":"this is our fault"}}`)
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(len(text)))
	w.WriteHeader(status)
	_, _ = w.Write(text)
}

// unavailable answers when the store cannot be asked.
func (r *running) unavailable(w http.ResponseWriter, err error) {
	r.deps.Log.Warn("chat cannot be served now", "err", err)
	r.fail(w, http.StatusServiceUnavailable, "unavailable", "this cannot be done now; try again in a moment")
}

// body reads a small body.
func body(w http.ResponseWriter, req *http.Request, limit int64) ([]byte, error) {
	return io.ReadAll(http.MaxBytesReader(w, req.Body, limit))
}

// authorized returns the session of the request's token; false when it was
// answered.
func (r *running) authorized(w http.ResponseWriter, req *http.Request) (store.Session, bool) {
	token, ok := strings.CutPrefix(req.Header.Get("Authorization"), "Bearer ")
	if !ok || token == "" || len(token) > 100 {
		r.fail(w, http.StatusUnauthorized, "token", "no token")
		return store.Session{}, false
	}
	session, err := r.store.ByToken(req.Context(), token)
	switch {
	case errors.Is(err, store.ErrUnknown):
		r.fail(w, http.StatusUnauthorized, "token", "this chat is not known any more")
	case err != nil:
		r.unavailable(w, err)
	default:
		return session, true
	}
	return store.Session{}, false
}

// siteInfo is what the widget knows before anybody writes.
type siteInfo struct {
	Site        string     `json:"site"`
	Languages   []string   `json:"languages"`
	Open        bool       `json:"open"`
	Handlers    *int       `json:"handlers"`
	WaitSeconds int        `json:"waitSeconds"`
	Hours       hoursInfo  `json:"hours"`
	Promise     string     `json:"promise"`
	ExitURL     string     `json:"exitUrl"`
	Limits      limitsInfo `json:"limits"`
	Transcript  bool       `json:"transcript"`
	Phone       string     `json:"phone"`
}

type hoursInfo struct {
	Text    string     `json:"text"`
	OpensAt *time.Time `json:"opensAt,omitempty"`
}

type limitsInfo struct {
	TextBytes  int      `json:"textBytes"`
	Files      int      `json:"files"`
	FileBytes  int64    `json:"fileBytes"`
	MediaTypes []string `json:"mediaTypes"`
}

func (r *running) showSite(w http.ResponseWriter, req *http.Request) {
	site, ok := r.site(req.URL.Query().Get("site"))
	if !ok {
		r.fail(w, http.StatusNotFound, "site", "there is no such site")
		return
	}
	if origin := req.Header.Get("Origin"); origin != "" && !r.origins.allows(site, strings.ToLower(origin), req) {
		r.fail(w, http.StatusForbidden, "origin", "this page may not use the chat of this site; list its origin there")
		return
	}
	language := languageTag(req.URL.Query().Get("lang"))
	presence := r.desk.state(site.Name).frame("")
	info := siteInfo{
		Site: site.Name, Languages: r.languages,
		Open: presence.Open, Handlers: presence.Handlers, WaitSeconds: presence.WaitSeconds,
		Hours: hoursInfo{Text: r.desk.reads(site.Name, language)}, Promise: site.promise(language),
		ExitURL: site.ExitURL, Transcript: r.deps.Mailer != nil, Phone: site.Phone,
		Limits: limitsInfo{
			TextBytes: r.config.Limits.TextBytes, Files: r.config.Uploads.FilesPerMessage,
			FileBytes: r.config.Uploads.FileBytes, MediaTypes: r.config.Uploads.MediaTypes,
		},
	}
	if opens := r.desk.at(site.Name).NextOpening(r.deps.Now()); !opens.IsZero() {
		info.Hours.OpensAt = &opens
	}
	answer(w, http.StatusOK, info)
}

package forms

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"

	"contactd/channels"
)

// pagePolicy lets a page use our style sheet and our script, send to us, and
// nothing else.
const pagePolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// server answers requests with an inbox at hand.
type server struct {
	*Forms
	inbox channels.Inbox
}

// Handler serves everything under /forms/; inbox takes what is sent.
func (f *Forms) Handler(inbox channels.Inbox) http.Handler {
	s := &server{f, inbox}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /forms/form.css", showAsset(s.pages.style, "text/css; charset=utf-8"))
	mux.HandleFunc("GET /forms/exit.js", showAsset(s.pages.exit, "text/javascript; charset=utf-8"))
	mux.HandleFunc("GET /forms/{name}", s.showForm)
	mux.HandleFunc("POST /forms/{name}", s.takeForm)
	mux.HandleFunc("OPTIONS /forms/{name}", s.preflight)
	mux.HandleFunc("GET /forms/", s.missing)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Content-Security-Policy", pagePolicy)
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Cross-Origin-Opener-Policy", "same-origin")
		header.Set("Permissions-Policy", "geolocation=(), camera=(), microphone=()")
		// Not even the browser's memory of the page shall outlive it. What that
		// keeps for the way back all the same, the exit makes it drop.
		header.Set("Cache-Control", "no-store")
		// Not no-referrer: pages then send "Origin: null", and older browsers
		// nothing else by which they are known for ours.
		header.Set("Referrer-Policy", "same-origin")
		mux.ServeHTTP(w, r)
	})
}

func showAsset(body []byte, mediaType string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		header := w.Header()
		header.Set("Content-Type", mediaType)
		header.Set("Cache-Control", "max-age=300")
		_, _ = w.Write(body) // whoever asked is gone
	}
}

func (s *server) showForm(w http.ResponseWriter, r *http.Request) {
	form := s.byName[r.PathValue("name")]
	if form == nil {
		s.missing(w, r)
		return
	}
	lang := form.pick(r.URL.Query().Get("lang"), r)
	s.render(w, http.StatusOK, s.pages.form, s.view(form, lang, &submission{id: freshID()}, nil))
}

func (s *server) missing(w http.ResponseWriter, r *http.Request) {
	every := Form{Title: everyLanguage("skip")}
	s.trouble(w, r, nil, every.pick(r.URL.Query().Get("lang"), r), &fault{http.StatusNotFound, "not_found", "there is no such form"})
}

// takeForm is the way of everything that is sent.
func (s *server) takeForm(w http.ResponseWriter, r *http.Request) {
	form := s.byName[r.PathValue("name")]
	if form == nil {
		s.missing(w, r)
		return
	}
	lang := form.pick(r.URL.Query().Get("lang"), r)
	if err := form.verifyOrigin(r); err != nil {
		s.deps.Log.Warn("form refused", "form", form.Name, "err", err)
		s.trouble(w, r, form, lang, &fault{http.StatusForbidden, "foreign", "this origin may not send"})
		return
	}
	form.allowOrigin(w, r)
	sent, asked, err := s.receive(w, r, form)
	// What came took its time, and so may its receipt: the server's own limit
	// counts from the beginning.
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(longestPause + longestDelay)) // a test's connection has none
	if asked != "" {
		lang = form.pick(asked, r)
	}
	if err != nil {
		var bad *fault
		if !errors.As(err, &bad) {
			bad = &fault{http.StatusBadRequest, "unreadable", "the request cannot be read"}
		}
		s.trouble(w, r, form, lang, bad)
		return
	}
	s.bringBack(form, sent)
	s.take(w, r, form, lang, sent)
}

// receive reads the body by its type, and the language it asks for.
func (s *server) receive(w http.ResponseWriter, r *http.Request, form *form) (sent *submission, lang string, err error) {
	mediaType, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		mediaType = ""
	}
	body := &patient{r: r.Body, control: http.NewResponseController(w), end: time.Now().Add(longestUpload)}
	limited := http.MaxBytesReader(w, body.closer(r.Body), s.bodyLimit())
	switch mediaType {
	case "application/json":
		return readJSON(limited, r.Header.Get("Idempotency-Key"))
	case "application/x-www-form-urlencoded":
		sent, err = readPage(limited)
		return sent, "", err
	case "multipart/form-data":
		address := s.limits.of(s.deps.Address(r))
		reader := fileReader{
			form: form, taker: &s.files, most: s.config.Uploads.PerMessage,
			allowed: func() bool { return address.file(s.deps.Now()) },
			source:  &rememberedError{r: limited}, received: newSubmission(),
		}
		sent, err = reader.read(r.Context(), params["boundary"])
		return sent, "", err
	default:
		return nil, "", &fault{http.StatusUnsupportedMediaType, "unreadable", "want application/json, application/x-www-form-urlencoded or multipart/form-data"}
	}
}

// bodyLimit is how much of a body with files is read. It is more than is kept,
// so that whoever chose a film that is too large gets an answer and not a
// broken connection.
func (f *Forms) bodyLimit() int64 {
	return max(64<<20, bodyLimit+4*int64(f.config.Uploads.PerMessage)*f.config.Uploads.FileBytes)
}

// How long a body may come: it must go on all the time, and end.
const (
	longestPause  = 30 * time.Second
	longestUpload = 15 * time.Minute
)

// patient moves the deadline of reading on as long as something comes, so that
// a large file gets through a thin line and a silent one is cut off.
type patient struct {
	r       io.Reader
	control *http.ResponseController
	end     time.Time // by the clock of the connection
}

// Read implements io.Reader.
func (p *patient) Read(b []byte) (int, error) {
	until := time.Now().Add(longestPause)
	if until.After(p.end) {
		until = p.end
	}
	_ = p.control.SetReadDeadline(until) // a test's connection has none
	return p.r.Read(b)
}

func (p *patient) closer(c io.Closer) io.ReadCloser {
	return struct {
		io.Reader
		io.Closer
	}{p, c}
}

// verifyOrigin refuses what a page of somebody else sends in the person's name. Old
// browsers say where a page comes from by Referer alone; what says nothing at
// all is no browser.
func (f *form) verifyOrigin(r *http.Request) error {
	if err := f.guard.Check(r); err != nil {
		return err
	}
	if referer := r.Header.Get("Referer"); referer != "" && r.Header.Get("Origin") == "" && r.Header.Get("Sec-Fetch-Site") == "" {
		from, err := url.Parse(referer)
		if err != nil || from.Host != r.Host && !f.trusts(from.Scheme+"://"+from.Host) {
			return errors.New("cross-origin request, by its Referer")
		}
	}
	return nil
}

func (f *form) trusts(origin string) bool {
	for _, each := range f.site.Origins {
		if strings.EqualFold(each, origin) {
			return true
		}
	}
	return false
}

// allowOrigin lets a page of the site read the answer. Cookies are none.
func (f *form) allowOrigin(w http.ResponseWriter, r *http.Request) {
	w.Header().Add("Vary", "Origin")
	if origin := r.Header.Get("Origin"); f.trusts(origin) {
		w.Header().Set("Access-Control-Allow-Origin", origin)
		w.Header().Set("Cross-Origin-Resource-Policy", "cross-origin")
	}
}

// preflight answers a browser that asks whether a page may send JSON.
func (s *server) preflight(w http.ResponseWriter, r *http.Request) {
	form := s.byName[r.PathValue("name")]
	if form == nil || !form.trusts(r.Header.Get("Origin")) {
		w.WriteHeader(http.StatusForbidden)
		return
	}
	form.allowOrigin(w, r)
	header := w.Header()
	header.Set("Access-Control-Allow-Methods", "POST")
	header.Set("Access-Control-Allow-Headers", "Content-Type, Idempotency-Key")
	header.Set("Access-Control-Max-Age", "600")
	w.WriteHeader(http.StatusNoContent)
}

// wantsJSON reports whether the answer is for a program.
func wantsJSON(r *http.Request) bool {
	mediaType, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	accept := r.Header.Get("Accept")
	return mediaType == "application/json" || strings.Contains(accept, "application/json") && !strings.Contains(accept, "text/html")
}

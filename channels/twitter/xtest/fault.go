package xtest

import (
	"net/http"
	"strings"
	"time"
)

// Fault makes calls of the API fail.
type Fault struct {
	// Call is the method and the end of the path, such as "POST /2/tweets";
	// empty for every call.
	Call string
	// Times is how many calls fail; 0 for one, negative for all.
	Times int
	// After lets the call do its work before it fails.
	After bool
	// Status, Body and Header are answered instead; without Status the
	// connection breaks, in the middle of the answer when Half is set.
	Status int
	Body   string
	Header map[string]string
	Half   bool
	// Delay comes first.
	Delay time.Duration
}

// Call is one call of the API.
type Call struct{ Method, Path, Query, Body string }

// Fail adds a fault. Faults are tried in order.
func (s *Server) Fail(f Fault) {
	if f.Times == 0 {
		f.Times = 1
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.faults = append(s.faults, &f)
}

// Mend removes all faults.
func (s *Server) Mend() {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.faults = nil
}

// Silent makes the API take calls and answer nothing, or answer again.
func (s *Server) Silent(silent bool) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	switch {
	case silent && s.silent == nil:
		s.silent = make(chan struct{})
	case !silent && s.silent != nil:
		close(s.silent)
		s.silent = nil
	}
}

// Pages sets how many things a page has at most, and what happens between two
// pages.
func (s *Server) Pages(size int, between func()) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.page, s.paged = size, between
}

// Newer switches to the dialect in which posts are called posts.
func (s *Server) Newer(newer bool) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.newer = newer
}

// Plan closes versions of the API to the application.
func (s *Server) Plan(v1, v2 bool) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.closed1, s.closed2 = !v1, !v2
}

// Form sets how deliveries are written.
func (s *Server) Form(form Form) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.form = form
}

// Calls returns the calls so far.
func (s *Server) Calls() []Call {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return append([]Call(nil), s.calls...)
}

// fault returns the fault that a call meets, or nil.
func (s *Server) fault(method, path string) *Fault {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	for _, f := range s.faults {
		want, end, _ := strings.Cut(f.Call, " ")
		if f.Times == 0 || f.Call != "" && (want != method || !strings.HasSuffix(path, end)) {
			continue
		}
		if f.Times > 0 {
			f.Times--
		}
		met := *f
		return &met
	}
	return nil
}

// breakOff ends the connection, perhaps in the middle of an answer.
func breakOff(w http.ResponseWriter, half bool) {
	if half {
		w.Header().Set("Content-Length", "1000")
		_, _ = w.Write([]byte(`{"data":[`))
		if flusher, ok := w.(http.Flusher); ok {
			flusher.Flush()
		}
	}
	panic(http.ErrAbortHandler)
}

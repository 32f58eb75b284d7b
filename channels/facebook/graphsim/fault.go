package graphsim

import (
	"net/http"
	"strings"
	"time"
)

// Fault makes calls of the Graph API fail.
type Fault struct {
	// Call is the method and the end of the path, such as "POST messages";
	// empty for every call.
	Call string
	// Times is how many calls fail; 0 for one, negative for all.
	Times int
	// After lets the call do its work before it fails.
	After bool
	// Status and Body are answered instead; without Status the connection
	// breaks, in the middle of the answer when Half is set.
	Status int
	Body   string
	Half   bool
	// Delay comes first.
	Delay time.Duration
}

// Call is one call of the Graph API.
type Call struct {
	Method, Path, Query, Body string
	Status                    int
}

// Echo is when the webhook of something sent comes.
type Echo int

// The times of an echo.
const (
	EchoAfter  Echo = iota // the answer
	EchoBefore             // the answer
	EchoNever
)

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

// Usage sets the header X-Business-Use-Case-Usage; empty for none.
func (s *Server) Usage(header string) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.usage = header
}

// Echoes sets when echoes come.
func (s *Server) Echoes(when Echo) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.echo = when
}

// Lag hides what is sent from now on: no echo tells of it and no list shows it,
// as if Meta were slow. Without lag everything shows.
func (s *Server) Lag(lag bool) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.lag = lag; lag {
		return
	}
	for _, t := range s.state.Threads {
		for i := range t.Messages {
			t.Messages[i].Unseen = false
		}
	}
	for _, e := range s.lagging {
		s.deliver(e)
	}
	s.lagging = nil
}

// Pages sets how many elements a page of a list has, and what happens between
// two pages.
func (s *Server) Pages(size int, between func()) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.page, s.paged = size, between
}

// ExpireCursors makes every cursor that was given invalid.
func (s *Server) ExpireCursors() {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.state.Expired = s.serial()
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
		return f
	}
	return nil
}

// misfortune is the fault that the weather brings a call, or nil.
func (s *Server) misfortune() *Fault {
	d := s.waiting
	d.mutex.Lock()
	defer d.mutex.Unlock()
	if d.random.Float64() >= d.sky.Calls {
		return nil
	}
	transient := `{"error":{"message":"An unexpected error has occurred. Please retry your request later.","code":2,"is_transient":true}}`
	faults := []Fault{
		{Status: http.StatusInternalServerError, Body: transient},
		{Status: http.StatusInternalServerError, Body: transient, After: true},
		{Status: http.StatusBadGateway, Body: "<html>bad gateway</html>"},
		{},
		{After: true},
		{Half: true, After: true},
		{Delay: 50 * time.Millisecond},
	}
	return &faults[d.random.IntN(len(faults))]
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

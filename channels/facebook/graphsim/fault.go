package graphsim

import (
	"net/http"
	"time"
)

// Echo is when the webhook of something sent comes.
type Echo int

// The times of an echo.
const (
	EchoAfter  Echo = iota // the answer
	EchoBefore             // the answer
	EchoNever
)

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

// ExpireCursors makes every cursor that was given invalid.
func (s *Server) ExpireCursors() {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.state.Expired = s.serial()
}

// misfortunes are the ways in which calls do fail: with an error of Meta's or of a
// proxy, by a connection that breaks, before or after the call has done its
// work, or late.
func misfortunes() []Fault {
	transient := `{"error":{"message":"An unexpected error has occurred. Please retry your request later.","code":2,"is_transient":true}}`
	return []Fault{
		{Status: http.StatusInternalServerError, Body: transient},
		{Status: http.StatusInternalServerError, Body: transient, After: true},
		{Status: http.StatusBadGateway, Body: "<html>bad gateway</html>"},
		{},
		{After: true},
		{Half: true, After: true},
		{Delay: 50 * time.Millisecond},
	}
}

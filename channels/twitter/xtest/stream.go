package xtest

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"
)

// rule is one of the stream's.
type rule struct {
	ID    string `json:"id"`
	Value string `json:"value"`
	Tag   string `json:"tag"`
}

// connection is an open stream.
type connection struct {
	path  string
	lines chan []byte
	ended chan struct{}
	mute  chan struct{} // closed when it says nothing any more
}

// heartbeat is how often a quiet stream says a blank line; X's is 20 s.
const heartbeat = 20 * time.Millisecond

// serveStream answers a stream until somebody ends it.
func (s *Server) serveStream(w http.ResponseWriter, r *http.Request) {
	s.mutex.Lock()
	if r.Header.Get("Authorization") != "Bearer "+s.options.Bearer {
		s.mutex.Unlock()
		write(w, problem(http.StatusUnauthorized, "about:blank", "Unauthorized", ""))
		return
	}
	if len(s.streams) > 0 {
		s.mutex.Unlock()
		write(w, answer{http.StatusTooManyRequests, object{"title": "ConnectionException", "connection_issue": "TooManyConnections", "detail": "This stream is currently at the maximum allowed connection limit."}})
		return
	}
	c := &connection{path: r.URL.Path, lines: make(chan []byte, 10_000), ended: make(chan struct{}), mute: make(chan struct{})}
	s.streams = append(s.streams, c)
	s.opened++
	s.mutex.Unlock()
	defer func() {
		s.mutex.Lock()
		defer s.mutex.Unlock()
		s.streams = slices.DeleteFunc(s.streams, func(each *connection) bool { return each == c })
	}()
	flusher, _ := w.(http.Flusher)
	w.WriteHeader(http.StatusOK)
	flusher.Flush()
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	mute := false
	for {
		select {
		case line := <-c.lines:
			// In two pieces, perhaps in the middle of a character.
			half := len(line) / 2
			for _, piece := range [][]byte{line[:half], line[half:], []byte("\r\n")} {
				_, _ = w.Write(piece)
				flusher.Flush()
			}
		case <-beat.C:
			if !mute {
				_, _ = w.Write([]byte("\r\n"))
				flusher.Flush()
			}
		case <-c.mute:
			mute, c.mute = true, nil
		case <-c.ended:
			return
		case <-r.Context().Done():
			return
		case <-s.Done():
			return
		}
	}
}

// Streams is how often a stream was opened, and how many are open.
func (s *Server) Streams() (opened, open int) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.opened, len(s.streams)
}

// EndStreams ends them, after a line of X's own if it is not empty.
func (s *Server) EndStreams(line string) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	for _, c := range s.streams {
		if line != "" {
			c.lines <- []byte(line)
			continue
		}
		close(c.ended)
	}
	if line == "" {
		s.streams = nil
	}
}

// MuteStreams lets them say nothing any more, not even blank lines.
func (s *Server) MuteStreams() {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	for _, c := range s.streams {
		if c.mute != nil {
			close(c.mute)
		}
	}
}

// streamPost says a post to the stream if a rule fits. The caller holds mutex.
func (s *Server) streamPost(p *Post) {
	var matching []object
	for _, each := range s.state.Rules {
		handle := strings.TrimPrefix(strings.Fields(each.Value)[0], "@")
		if strings.Contains(p.Text, "@"+handle) {
			matching = append(matching, object{"id": each.ID, "tag": each.Tag})
		}
	}
	if matching == nil {
		return
	}
	s.say("/2/tweets/search/stream", mustJSON(object{"data": s.v2Post(p), "includes": object{"users": []any{s.v2User(p.User)}}, "matching_rules": matching}))
}

// say says a line to a stream. The caller holds mutex.
func (s *Server) say(path string, line []byte) {
	for _, c := range s.streams {
		if c.path == path {
			c.lines <- line
		}
	}
}

// answerRules answers what concerns the rules. The caller holds mutex.
func (s *Server) answerRules(q request) answer {
	if q.method == http.MethodPost {
		var body struct {
			Add    []rule `json:"add"`
			Delete struct {
				IDs []string `json:"ids"`
			} `json:"delete"`
		}
		if json.Unmarshal(q.body, &body) != nil {
			return problem(http.StatusBadRequest, "about:blank", "Invalid Request", "")
		}
		s.state.Rules = slices.DeleteFunc(s.state.Rules, func(r rule) bool { return slices.Contains(body.Delete.IDs, r.ID) })
		for _, each := range body.Add {
			if slices.ContainsFunc(s.state.Rules, func(r rule) bool { return r.Value == each.Value }) {
				return duplicateRule(each)
			}
			each.ID = s.id()
			s.state.Rules = append(s.state.Rules, each)
		}
	}
	return answer{http.StatusOK, object{"data": s.state.Rules, "meta": object{"sent": "now"}}}
}

// duplicateRule is what X says to a rule whose value it has already, whatever
// its tag: in an answer of success.
func duplicateRule(r rule) answer {
	return answer{http.StatusOK, object{
		"meta": object{"sent": "now", "summary": object{"created": 0, "not_created": 1, "valid": 0, "invalid": 1}},
		"errors": []object{{
			"type": "https://api.twitter.com/2/problems/duplicate-rules", "title": "DuplicateRule", "value": r.Value,
			"details": []string{"Rule already exists: " + r.Value},
		}},
	}}
}

// AddRule adds a rule to the stream, as another program of the application
// would.
func (s *Server) AddRule(value, tag string) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.state.Rules = append(s.state.Rules, rule{ID: s.id(), Value: value, Tag: tag})
}

// DropRules removes all rules.
func (s *Server) DropRules() {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.state.Rules = nil
}

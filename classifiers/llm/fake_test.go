package llm

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// fake is an endpoint that plays one scene after the other, the last for ever.
// It enforces what a real one does: the path, the key, a system message first,
// a schema that is asked for, and counts the tokens of what it is sent.
type fake struct {
	*httptest.Server
	t      testing.TB
	mu     sync.Mutex
	scenes []scene
	asked  []string // the last user message of every call
	heat   []float64
}

// scene is how one call is answered. The zero value gives an empty answer.
type scene struct {
	status  int
	content string
	refusal string
	finish  string
	raw     string        // the whole body, in place of a completion
	hang    time.Duration // until the caller goes away
}

const fakeKey = "sk-planted-secret"

func newFake(t testing.TB, scenes ...scene) *fake {
	f := &fake{t: t, scenes: scenes}
	f.Server = httptest.NewServer(http.HandlerFunc(f.complete))
	t.Cleanup(f.Close)
	return f
}

func (f *fake) complete(w http.ResponseWriter, r *http.Request) {
	var ask struct {
		Model       string
		Temperature float64
		Messages    []struct{ Role, Content string }
		Format      struct {
			Type   string
			Schema struct{ Strict bool } `json:"json_schema"`
		} `json:"response_format"`
	}
	body, _ := io.ReadAll(r.Body)
	switch err := json.Unmarshal(body, &ask); {
	case r.URL.Path != "/v1/chat/completions" || r.Method != http.MethodPost:
		w.WriteHeader(http.StatusNotFound)
		return
	case r.Header.Get("Authorization") != "Bearer "+fakeKey:
		w.WriteHeader(http.StatusUnauthorized)
		return
	case err != nil, ask.Model == "", len(ask.Messages) < 2, ask.Messages[0].Role != "system", ask.Format.Type != "json_schema", !ask.Format.Schema.Strict:
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	f.mu.Lock()
	s := f.scenes[0]
	if len(f.scenes) > 1 {
		f.scenes = f.scenes[1:]
	}
	f.asked = append(f.asked, ask.Messages[len(ask.Messages)-1].Content)
	f.heat = append(f.heat, ask.Temperature)
	f.mu.Unlock()
	if s.hang > 0 {
		select {
		case <-r.Context().Done():
		case <-time.After(s.hang):
		}
		return
	}
	w.Header().Set("Content-Type", "application/json")
	if s.status != 0 {
		w.WriteHeader(s.status)
		_, _ = io.WriteString(w, `{"error":{"message":"you said: `+strings.ReplaceAll(ask.Messages[len(ask.Messages)-1].Content, `"`, "")+`","type":"x"}}`)
		return
	}
	if s.raw != "" {
		_, _ = io.WriteString(w, s.raw)
		return
	}
	if s.finish == "" {
		s.finish = "stop"
	}
	_ = json.NewEncoder(w).Encode(map[string]any{
		"choices": []any{map[string]any{
			"finish_reason": s.finish,
			"message":       map[string]any{"role": "assistant", "content": s.content, "refusal": s.refusal},
		}},
		"usage": map[string]int{"total_tokens": len(body) / 4},
	})
}

func (f *fake) calls() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.asked)
}

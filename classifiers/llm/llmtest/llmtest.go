// Package llmtest plays an endpoint of the OpenAI form for tests: it holds
// callers to what they promise, takes the message out of the question as a
// model would, and answers, or fails, as the test says.
package llmtest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// Model is the only one that the endpoint has, Key the token that it wants.
const (
	Model = "played-model"
	Key   = "sk-played"
)

// Question is what the endpoint was asked.
type Question struct {
	// Time counts the questions, from 1; Again those about the same text.
	Time, Again int
	// Channel, Subject, Text and End are the message as it was shown.
	Channel, Subject, Text, End string
	// Body is the whole request.
	Body string
}

// Act is how the endpoint behaves at one question.
type Act func(http.ResponseWriter, *http.Request)

// Endpoint is a running endpoint. Its methods may be called concurrently.
type Endpoint struct {
	// URL is the base to configure.
	URL string

	t      testing.TB
	mu     sync.Mutex
	play   func(Question) Act
	asked  []Question
	again  map[string]int
	inside int
	most   int
}

// Start runs an endpoint until the test ends. play says what it does; it may be
// called concurrently.
func Start(t testing.TB, play func(Question) Act) *Endpoint {
	t.Helper()
	e := &Endpoint{t: t, play: play, again: map[string]int{}}
	server := httptest.NewServer(e)
	t.Cleanup(server.CloseClientConnections)
	t.Cleanup(server.Close)
	e.URL = server.URL + "/v1"
	return e
}

// Play changes what the endpoint does.
func (e *Endpoint) Play(play func(Question) Act) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.play = play
}

// Asked gives all questions so far.
func (e *Endpoint) Asked() []Question {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append([]Question(nil), e.asked...)
}

// Most is how many questions it had in hand at a time.
func (e *Endpoint) Most() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.most
}

// ServeHTTP implements http.Handler.
func (e *Endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 4<<20))
	if err != nil {
		return // the caller has gone
	}
	q, err := read(r, body)
	if err != nil {
		e.t.Errorf("endpoint: the question breaks its promises: %v\n%s", err, body)
		Status(http.StatusBadRequest)(w, r)
		return
	}
	e.mu.Lock()
	e.again[q.Text]++
	q.Time, q.Again = len(e.asked)+1, e.again[q.Text]
	e.asked = append(e.asked, q)
	e.inside++
	e.most = max(e.most, e.inside)
	play := e.play
	e.mu.Unlock()
	defer func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.inside--
	}()
	play(q)(w, r)
}

// request is what the endpoint reads of a question.
type request struct {
	Model    string
	Messages []struct{ Role, Content string }
	// Temperature is absent where the default would hold, which is 1.
	Temperature    *float64
	MaxTokens      int `json:"max_tokens"`
	Stream         bool
	Tools          []any
	ResponseFormat struct {
		Type       string
		JSONSchema struct {
			Strict bool
			Schema json.RawMessage
		} `json:"json_schema"`
	} `json:"response_format"`
}

// read checks a question and takes the message out of it.
func read(r *http.Request, body []byte) (Question, error) {
	var asked request
	q := Question{Body: string(body)}
	if r.Method != http.MethodPost || r.URL.Path != "/v1/chat/completions" {
		return q, fmt.Errorf("%s %s", r.Method, r.URL.Path)
	}
	if err := json.Unmarshal(body, &asked); err != nil {
		return q, err
	}
	switch {
	case r.Header.Get("Authorization") != "Bearer "+Key:
		return q, errors.New("another key")
	case asked.Model != Model:
		return q, fmt.Errorf("model %q", asked.Model)
	case asked.Temperature == nil || *asked.Temperature > 1e-6:
		return q, errors.New("temperature is not 0")
	case asked.MaxTokens < 1 || asked.Stream || len(asked.Tools) > 0:
		return q, errors.New("no bound of the answer, a stream, or tools")
	case asked.ResponseFormat.Type != "json_schema" || !asked.ResponseFormat.JSONSchema.Strict || !json.Valid(asked.ResponseFormat.JSONSchema.Schema):
		return q, errors.New("no schema")
	case len(asked.Messages) != 2 || asked.Messages[0].Role != "system" || asked.Messages[1].Role != "user":
		return q, errors.New("want instructions and one message")
	}
	lines := strings.Split(asked.Messages[1].Content, "\n")
	if len(lines) != 4 || len(lines[1]) < 16 || lines[1] != lines[3] || strings.Contains(lines[2], lines[1]) {
		return q, errors.New("the message does not stand alone between two marks")
	}
	if strings.ContainsAny(lines[2], "<>") || strings.Contains(lines[2], "|im_start|") || strings.Contains(lines[2], "[INST]") {
		return q, errors.New("a mark of roles stands in the data")
	}
	var told struct {
		Channel, Subject, Text string
		End                    string `json:"text_end"`
	}
	if err := json.Unmarshal([]byte(lines[2]), &told); err != nil {
		return q, fmt.Errorf("read data: %w", err)
	}
	q.Channel, q.Subject, q.Text, q.End = told.Channel, told.Subject, told.Text, told.End
	return q, nil
}

// Says answers with the text of an answer, whatever it is.
func Says(text string) Act {
	return choice(map[string]any{"role": "assistant", "content": text}, "stop")
}

// Grades answers in the form asked for, with quotes in the category violence.
func Grades(grade string, quotes ...string) Act {
	type claim struct {
		Category string `json:"category"`
		Quote    string `json:"quote"`
	}
	claims := []claim{}
	for _, each := range quotes {
		claims = append(claims, claim{"violence", each})
	}
	text, _ := json.Marshal(map[string]any{"grade": grade, "evidence": claims, "speaks_to_machine": false})
	return Says(string(text))
}

// Refuses is a model that will not.
func Refuses() Act {
	return choice(map[string]any{"role": "assistant", "content": "", "refusal": "I cannot help with that."}, "stop")
}

// Filters is an endpoint that stops the answer, and FiltersQuestion one that
// stops the question.
func Filters() Act {
	return choice(map[string]any{"role": "assistant", "content": ""}, "content_filter")
}

// FiltersQuestion answers as Azure does.
func FiltersQuestion() Act {
	return func(w http.ResponseWriter, _ *http.Request) {
		write(w, http.StatusBadRequest, `{"error":{"code":"content_filter","message":"the prompt was filtered","type":null,"param":"prompt"}}`)
	}
}

// CutsShort is a model that says more than it may.
func CutsShort() Act {
	return choice(map[string]any{"role": "assistant", "content": `{"grade":"eme`}, "length")
}

// Status fails with a status of HTTP; the error repeats the message, as some
// servers do.
func Status(code int, retryAfter ...string) Act {
	return func(w http.ResponseWriter, _ *http.Request) {
		if len(retryAfter) > 0 {
			w.Header().Set("Retry-After", retryAfter[0])
		}
		write(w, code, `{"error":{"message":"cannot process: he has a knife","type":"server_error","code":null}}`)
	}
}

// Raw answers with any bytes and status 200.
func Raw(text string) Act {
	return func(w http.ResponseWriter, _ *http.Request) { write(w, http.StatusOK, text) }
}

// Hangs answers when the caller has gone.
func Hangs() Act { return func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() } }

// Breaks closes the connection without an answer.
func Breaks() Act { return func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) } }

// BreaksInside closes the connection in the middle of an answer.
func BreaksInside() Act {
	return func(w http.ResponseWriter, _ *http.Request) {
		write(w, http.StatusOK, `{"id":"1","object":"chat.completion","choices":[`)
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}
}

func choice(message map[string]any, reason string) Act {
	text, _ := json.Marshal(map[string]any{
		"id": "1", "object": "chat.completion", "model": Model,
		"choices": []any{map[string]any{"index": 0, "message": message, "finish_reason": reason}},
		"usage":   map[string]any{"prompt_tokens": 1200, "completion_tokens": 40, "total_tokens": 1240},
	})
	return Raw(string(text))
}

func write(w http.ResponseWriter, code int, text string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_, _ = io.WriteString(w, text)
}

package llm

import (
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sashabaranov/go-openai"
)

// answering answers with a status.
type answering func() int

func (a answering) RoundTrip(*http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: a(), Header: http.Header{}, Body: io.NopCloser(strings.NewReader("{}"))}, nil
}

func TestWhileTheEndpointIsTriedAgainNothingIsSpentOnQuestionsThatAreHeld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, err := newEndpoint(Config{URL: "http://127.0.0.1/v1", Model: "m", TokensPerDay: 1_000_000}.WithDefaults(), slog.New(slog.DiscardHandler), newMetrics(nil))
		if err != nil {
			t.Fatal(err)
		}
		e.http.Transport = bounded{answering(func() int { return http.StatusInternalServerError })}
		ask := func() {
			_, _ = e.ask(t.Context(), []openai.ChatCompletionMessage{{Role: "user", Content: strings.Repeat("a", 1000)}})
		}
		for range circuitFailures {
			ask()
		}
		time.Sleep(circuitPause + time.Second)
		release := make(chan struct{})
		e.http.Transport = bounded{answering(func() int { <-release; return http.StatusInternalServerError })}
		go ask() // the one that is let through
		synctest.Wait()
		left := e.budget[0].Tokens()
		ask()
		if now := e.budget[0].Tokens(); now < left {
			t.Errorf("%v tokens left, then %v", left, now)
		}
		close(release)
		synctest.Wait()
	})
}

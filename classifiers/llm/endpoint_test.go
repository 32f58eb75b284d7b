package llm

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sashabaranov/go-openai"

	"contactd/classifiers"
	"contactd/contact"
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
		spent := e.budget.all[0].total(time.Now())
		ask()
		if now := e.budget.all[0].total(time.Now()); now > spent {
			t.Errorf("%v tokens spent, then %v", spent, now)
		}
		close(release)
		synctest.Wait()
	})
}

func TestNoDayAndNoMinuteCostsMoreThanItsBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const perMinute, perDay, cost = 30_000, 300_000, 1_000
		e, err := newEndpoint(Config{URL: "http://127.0.0.1/v1", Model: "m", TokensPerMinute: perMinute, TokensPerDay: perDay}.WithDefaults(), slog.New(slog.DiscardHandler), newMetrics(nil))
		if err != nil {
			t.Fatal(err)
		}
		question := []openai.ChatCompletionMessage{{Role: "user", Content: strings.Repeat("a", 2*(cost-e.config.MaxAnswerTokens))}}
		var spent []time.Time
		for begun := time.Now(); time.Since(begun) < 49*time.Hour; time.Sleep(5 * time.Second) {
			for e.spend(e.cost(question), time.Now()) == nil {
				spent = append(spent, time.Now())
			}
		}
		within := func(span time.Duration) (most int) {
			for first, last := 0, 0; last < len(spent); last++ {
				for spent[last].Sub(spent[first]) >= span {
					first++
				}
				most = max(most, (last-first+1)*cost)
			}
			return most
		}
		if minute, day := within(time.Minute), within(24*time.Hour); minute > perMinute || day > perDay {
			t.Errorf("%d tokens in a minute, %d in a day", minute, day)
		}
		if total := len(spent) * cost; total < 2*perDay {
			t.Errorf("%d tokens in two days: less than may be", total)
		}
	})
}

// hanging never answers.
type hanging struct{}

func (hanging) RoundTrip(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

func TestWhileAnEndpointHangsNoMessageIsToBlameOnceTheCircuitHasOpened(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log strings.Builder
		e, err := newEndpoint(Config{URL: "http://127.0.0.1/v1", Model: "m", Timeout: time.Minute, InFlight: 1}.WithDefaults(), slog.New(slog.NewTextHandler(&log, nil)), newMetrics(nil))
		if err != nil {
			t.Fatal(err)
		}
		e.http.Transport = bounded{hanging{}}
		blamed := 0
		for begun := time.Now(); time.Since(begun) < 24*time.Hour; {
			_, err := e.ask(t.Context(), []openai.ChatCompletionMessage{{Role: "user", Content: "a"}})
			wait, away := classifiers.IsUnavailable(err)
			if !away {
				blamed++
			}
			time.Sleep(wait)
		}
		if blamed != circuitFailures {
			t.Errorf("%d questions are to blame", blamed)
		}
		e.http.Transport = bounded{answering(func() int { return http.StatusUnprocessableEntity })}
		time.Sleep(circuitPause + time.Second)
		if _, err := e.ask(t.Context(), nil); !errors.As(err, new(worthless)) {
			t.Errorf("it is back: %v", err)
		}
		if strings.Count(log.String(), "\n") != 2 || strings.Index(log.String(), "fails too often") > strings.Index(log.String(), "answers again") {
			t.Errorf("logged %d lines: %.500s", strings.Count(log.String(), "\n"), log.String())
		}
	})
}

func TestAnEndpointThatNobodyReachesIsAwayEvenIfNothingSaysSo(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0") // takes connections and says nothing, as a switched-off machine
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	e, err := newEndpoint(Config{URL: "https://" + silent.Addr().String() + "/v1", Model: "m", Timeout: time.Second}.WithDefaults(), slog.New(slog.DiscardHandler), newMetrics(nil))
	if err != nil {
		t.Fatal(err)
	}
	_, err = e.ask(context.Background(), []openai.ChatCompletionMessage{{Role: "user", Content: "a"}})
	if _, away := classifiers.IsUnavailable(err); !away {
		t.Errorf("the question is to blame: %v", err)
	}
}

// refusing is a machine on which nothing listens.
type refusing struct{}

func (refusing) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, errors.New("connection refused")
}

func TestAnEndpointThatTakesNothingSpendsNothing(t *testing.T) {
	for name, transport := range map[string]http.RoundTripper{
		"overloaded": answering(func() int { return http.StatusServiceUnavailable }), "refused": refusing{},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e, err := newEndpoint(Config{URL: "http://127.0.0.1/v1", Model: "m", TokensPerDay: 50_000}.WithDefaults(), slog.New(slog.DiscardHandler), newMetrics(nil))
				if err != nil {
					t.Fatal(err)
				}
				question := []openai.ChatCompletionMessage{{Role: "user", Content: strings.Repeat("a", 1000)}}
				e.http.Transport = bounded{transport}
				for begun := time.Now(); time.Since(begun) < 12*time.Hour; {
					_, err := e.ask(t.Context(), question)
					wait, _ := classifiers.IsUnavailable(err)
					time.Sleep(wait)
				}
				e.http.Transport = bounded{answering(func() int { return http.StatusOK })}
				time.Sleep(circuitPause + time.Second)
				if _, err := e.ask(t.Context(), question); errors.Is(err, errSpent) {
					t.Errorf("it is back, and %v", err)
				}
			})
		})
	}
}

func TestABudgetThatIsSpentTellsHowLongThatLasts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, err := newEndpoint(Config{URL: "http://127.0.0.1/v1", Model: "m", TokensPerDay: 50_000}.WithDefaults(), slog.New(slog.DiscardHandler), newMetrics(nil))
		if err != nil {
			t.Fatal(err)
		}
		for err == nil {
			err = e.spend(1000, time.Now())
		}
		wait, _ := classifiers.IsUnavailable(err)
		time.Sleep(wait - time.Second)
		if e.spend(1000, time.Now()) == nil {
			t.Errorf("there is room before %v", wait)
		}
		time.Sleep(time.Second)
		if err := e.spend(1000, time.Now()); err != nil {
			t.Errorf("after %v: %v", wait, err)
		}
	})
}

func TestNoMessageCostsMoreThanABudgetMustHold(t *testing.T) {
	c, err := New(Config{URL: "http://127.0.0.1/v1", Model: "m"}, Deps{})
	if err != nil {
		t.Fatal(err)
	}
	for _, each := range []string{"<", "\x01", "\u2028", "\U0001F198", "[inst]", "a", "Jo "} {
		text := strings.Repeat(each, 9000)
		seen, asked := c.question(contact.Message{Subject: text, Text: text})
		if cost, most := c.endpoint.cost(asked), c.config.mostTokens(); cost > most || seen.whole || seen.text.shown == "" || seen.end.shown == "" {
			t.Errorf("%q costs %d of %d, %d characters shown", each, cost, most, len(seen.text.shown))
		}
	}
}

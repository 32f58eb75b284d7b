package llm

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/sashabaranov/go-openai"
	"github.com/sony/gobreaker/v2"

	"contactd/classifiers"
)

// The circuit opens after this many failures in a row, however long each took,
// and lets one question through after the pause.
const (
	circuitFailures = 5
	circuitPause    = 30 * time.Second
)

// endpoint asks the language model, within the limits of the configuration.
type endpoint struct {
	config  Config
	http    *http.Client
	circuit *gobreaker.CircuitBreaker[openai.ChatCompletionResponse]
	slots   chan struct{}
	budget  budgets
	metrics metrics
}

// worthless says that the model was reached and gave nothing that can be used:
// asking again gives the same.
type worthless struct{ outcome string }

func (w worthless) Error() string { return "the answer is " + w.outcome }

func newEndpoint(config Config, log *slog.Logger, m metrics) (*endpoint, error) {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = config.InFlight
	// A machine that is switched off refuses nothing: it shall not be taken for
	// one that is slow with a message.
	transport.DialContext = (&net.Dialer{Timeout: config.Timeout / 2}).DialContext
	transport.TLSHandshakeTimeout = config.Timeout / 2
	if config.CAFile != "" {
		pem, err := os.ReadFile(config.CAFile)
		if err != nil {
			return nil, fmt.Errorf("read classifiers.llm.ca_file: %w", err)
		}
		pool := x509.NewCertPool()
		if !pool.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("read classifiers.llm.ca_file: no PEM certificate in %s", config.CAFile)
		}
		transport.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: pool}
	}
	e := &endpoint{
		config: config, slots: make(chan struct{}, config.InFlight), metrics: m,
		http: &http.Client{
			Transport: bounded{transport},
			// A message goes where the configuration says and nowhere else.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
	e.budget.add(config.TokensPerMinute, time.Minute)
	e.budget.add(config.TokensPerDay, 24*time.Hour)
	e.circuit = gobreaker.NewCircuitBreaker[openai.ChatCompletionResponse](gobreaker.Settings{
		Name: "llm", MaxRequests: 1, Timeout: circuitPause,
		ReadyToTrip: func(counts gobreaker.Counts) bool { return counts.ConsecutiveFailures >= circuitFailures },
		// What the endpoint says about a message says that the endpoint works.
		IsSuccessful: func(err error) bool { return err == nil || errors.As(err, new(worthless)) },
		IsExcluded:   func(err error) bool { return errors.Is(err, context.Canceled) || errors.Is(err, errSpent) },
		OnStateChange: func(_ string, from, to gobreaker.State) {
			switch {
			case from == gobreaker.StateClosed:
				m.open.Set(1)
				log.Error("language model fails too often and is asked now and then only, contactd check says why; messages keep their grades", "pause", circuitPause)
			case to == gobreaker.StateClosed:
				m.open.Set(0)
				log.Info("language model answers again")
			}
		},
	})
	return e, nil
}

// ask returns the text of an answer. The error is worthless when the model was
// reached in vain, unavailable when the same question may be asked later, and
// any other when the question may be to blame.
func (e *endpoint) ask(ctx context.Context, messages []openai.ChatCompletionMessage) (string, error) {
	select {
	case e.slots <- struct{}{}:
		defer func() { <-e.slots }()
	case <-ctx.Done():
		return "", ctx.Err()
	}
	if e.circuit.State() == gobreaker.StateOpen {
		return "", e.hold(errors.New("it failed too often just now"), time.Second)
	}
	response, err := e.circuit.Execute(func() (openai.ChatCompletionResponse, error) {
		cost, now := e.cost(messages), time.Now()
		if err := e.spend(cost, now); err != nil {
			return openai.ChatCompletionResponse{}, err
		}
		var told reply
		response, err := e.call(ctx, messages, &told)
		if !told.taken() {
			e.budget.giveBack(cost, now)
		}
		return response, err
	})
	if errors.Is(err, gobreaker.ErrOpenState) || errors.Is(err, gobreaker.ErrTooManyRequests) {
		return "", e.hold(err, time.Second)
	}
	if err != nil {
		return "", err
	}
	return response.Choices[0].Message.Content, nil
}

func (e *endpoint) hold(err error, wait time.Duration) error {
	e.metrics.outcome(held)
	return classifiers.Unavailable(err, wait)
}

// errSpent says nothing about the endpoint.
var errSpent = errors.New("the budget is spent")

// cost is the most that a question can cost.
func (e *endpoint) cost(messages []openai.ChatCompletionMessage) int {
	cost := e.config.MaxAnswerTokens
	for _, m := range messages {
		cost += len(m.Content) / 2
	}
	return cost
}

// spend takes a cost out of the budget.
func (e *endpoint) spend(cost int, now time.Time) error {
	if wait := e.budget.take(cost, now); wait > 0 {
		return e.hold(errSpent, max(wait, time.Second))
	}
	return nil
}

// call makes one call, bounded in time, and says what became of it in words of
// ours: an endpoint's own may quote the message.
func (e *endpoint) call(ctx context.Context, messages []openai.ChatCompletionMessage, told *reply) (openai.ChatCompletionResponse, error) {
	key, err := e.key()
	if err != nil {
		return openai.ChatCompletionResponse{}, e.failed(away, err, time.Second)
	}
	config := openai.DefaultConfig(key)
	config.BaseURL, config.HTTPClient = strings.TrimRight(e.config.URL, "/"), e.http
	calling, cancel := context.WithTimeout(withReply(ctx, told), e.config.Timeout)
	defer cancel()
	begun := time.Now()
	response, err := openai.NewClientWithConfig(config).CreateChatCompletion(calling, openai.ChatCompletionRequest{
		Model: e.config.Model, Messages: messages, ResponseFormat: answerForm(),
		MaxTokens: e.config.MaxAnswerTokens, //nolint:staticcheck // the successor is unknown to most servers on premises
		// The library leaves out a zero, and the default is 1.
		Temperature: math.SmallestNonzeroFloat32,
	})
	e.metrics.seconds.Observe(time.Since(begun).Seconds())
	switch {
	case ctx.Err() != nil:
		return response, ctx.Err()
	case calling.Err() != nil:
		err := fmt.Errorf("no answer within %v", e.config.Timeout)
		if e.circuit.State() != gobreaker.StateClosed {
			return response, e.failed(timedOut, err, time.Second) // it hangs, whatever is asked
		}
		e.metrics.outcome(timedOut)
		return response, err
	case told.status == http.StatusTooManyRequests:
		return response, e.failed(away, errors.New("too many requests"), max(told.after, time.Second))
	case told.status >= 300 && !blames(told.status):
		return response, e.failed(away, fmt.Errorf("status %d", told.status), max(told.after, time.Second))
	case told.status >= 400:
		if isFiltered(err) {
			return response, worthless{filtered}
		}
		return response, worthless{wrongly}
	case told.status == 0:
		return response, e.failed(away, errors.New("cannot be reached"), time.Second)
	case told.broken:
		return response, e.failed(away, errors.New("the answer broke off"), time.Second)
	case err != nil: // a page of something in between, a stream: whatever was asked
		return response, e.failed(away, errors.New("it answers, but not in the OpenAI form"), time.Second)
	}
	e.metrics.tokens.WithLabelValues("prompt").Add(float64(max(0, response.Usage.PromptTokens)))
	e.metrics.tokens.WithLabelValues("answer").Add(float64(max(0, response.Usage.CompletionTokens)))
	return response, usable(response)
}

// blames reports whether a status blames the question. Any other failure, such
// as of a login or of a payment, befalls every question.
func blames(status int) bool {
	return status == http.StatusBadRequest || status == http.StatusRequestEntityTooLarge || status == http.StatusUnprocessableEntity
}

func (e *endpoint) failed(outcome string, err error, wait time.Duration) error {
	e.metrics.outcome(outcome)
	return classifiers.Unavailable(err, wait)
}

// usable says why a response holds no answer.
func usable(r openai.ChatCompletionResponse) error {
	switch {
	case len(r.Choices) == 0:
		return worthless{invalid}
	case r.Choices[0].FinishReason == openai.FinishReasonContentFilter:
		return worthless{filtered}
	case r.Choices[0].Message.Refusal != "":
		return worthless{refused}
	case r.Choices[0].FinishReason == openai.FinishReasonLength:
		return worthless{cutShort}
	default:
		return nil
	}
}

// isFiltered reports whether an error is that of a content filter, which some
// endpoints answer with status 400.
func isFiltered(err error) bool {
	var told *openai.APIError
	if !errors.As(err, &told) {
		return false
	}
	code, _ := told.Code.(string)
	return code == "content_filter"
}

func (e *endpoint) key() (string, error) {
	if e.config.APIKeyFile == "" {
		return string(e.config.APIKey), nil
	}
	raw, err := os.ReadFile(e.config.APIKeyFile)
	if err != nil {
		return "", fmt.Errorf("read classifiers.llm.api_key_file: %w", err)
	}
	key := strings.TrimSpace(string(raw))
	if key == "" {
		return "", fmt.Errorf("read classifiers.llm.api_key_file: %s is empty", e.config.APIKeyFile)
	}
	return key, nil
}

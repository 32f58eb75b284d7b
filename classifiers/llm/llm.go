// Package llm asks a language model behind any OpenAI-compatible endpoint for
// a second opinion. It runs after a message was graded and published, and may
// only raise what others found: whoever calls it takes the highest. What a
// message says is data to it, never an instruction, and nothing it claims
// counts without a quote that stands in the message.
//
//	text ─ mask ─ delimit ─▶ endpoint ─▶ strict answer ─ quotes found? ─▶ opinion with spans
//
// A failure of the endpoint (away, slow, over budget, talking nonsense) is an
// error and no opinion: an outage must not turn every message into an unknown
// one. A refusal is the message's doing, and makes it Unknown.
package llm

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strings"
	"time"

	"github.com/sashabaranov/go-openai"

	"contactd/classifiers"
	"contactd/contact"
)

// Classifier asks one model. It is safe for concurrent use.
type Classifier struct {
	config  Config
	client  *openai.Client
	breaker *breaker
	budget  *budget
	slots   chan struct{}
	mask    []placeholder // none to show everything
	pause   time.Duration // before the second try
}

// New makes a classifier; it calls nobody.
func New(cfg Config) (*Classifier, error) {
	cfg = cfg.WithDefaults()
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	key, err := cfg.key()
	if err != nil {
		return nil, err
	}
	to := openai.DefaultConfig(key)
	to.BaseURL = strings.TrimSuffix(cfg.Endpoint, "/")
	to.HTTPClient = &http.Client{Transport: boundedTransport{http.DefaultTransport}}
	c := &Classifier{
		config: cfg, client: openai.NewClientWithConfig(to),
		breaker: newBreaker(cfg.Now), budget: newBudget(cfg.TokensPerHour, cfg.Now),
		slots: make(chan struct{}, cfg.InFlight), pause: 250 * time.Millisecond,
	}
	if *cfg.Mask {
		c.mask = placeholders()
	}
	return c, nil
}

// Name is "llm@" and the model.
func (c *Classifier) Name() string { return "llm@" + c.config.Model }

// Why there is no opinion. None of them is the message's fault.
var (
	ErrOpen   = errors.New("ask language model: it failed too often, and is left alone for a while")
	ErrBudget = errors.New("ask language model: this hour's tokens are spent")
	ErrAnswer = errors.New("ask language model: its answer is not one")
)

// Grade asks the model about one message. It returns within the configured
// timeout.
func (c *Classifier) Grade(ctx context.Context, message contact.Message) (contact.Opinion, error) {
	if !classifiers.Legible(message.Subject) && !classifiers.Legible(message.Text) {
		return contact.Opinion{By: c.Name(), Failed: "empty"}, nil
	}
	ctx, cancel := context.WithTimeout(ctx, c.config.Timeout)
	defer cancel()
	select {
	case c.slots <- struct{}{}:
		defer func() { <-c.slots }()
	case <-ctx.Done():
		return contact.Opinion{}, fmt.Errorf("wait for language model: %w", ctx.Err())
	}
	text := hide(message.Text, c.config.MaxCharacters, c.mask)
	subject := hide(message.Subject, maxSubject, c.mask)
	answer, refused, err := c.try(ctx, request(c.config, subject.shown, text.shown))
	switch {
	case err != nil:
		return contact.Opinion{}, err
	case refused:
		return c.opinionOf(contact.Unknown, []contact.Reason{{
			Rule: "llm.refused", Grade: contact.Unknown, Text: "the language model refused to read it",
		}}), nil
	}
	grade, reasons := answer.reasons(text, message.Text)
	return c.opinionOf(grade, reasons), nil
}

func (c *Classifier) opinionOf(grade contact.Grade, reasons []contact.Reason) contact.Opinion {
	opinion := contact.Opinion{By: c.Name(), Grade: grade, Reasons: reasons}
	for _, reason := range reasons {
		if reason.Category != "" {
			opinion.Categories = append(opinion.Categories, reason.Category)
		}
	}
	return opinion
}

// try asks, and once more after a failure that may pass.
func (c *Classifier) try(ctx context.Context, ask openai.ChatCompletionRequest) (answer answer, refused bool, err error) {
	for attempt := 1; ; attempt++ {
		if !c.breaker.begin() {
			return answer, false, ErrOpen
		}
		if !c.budget.any() {
			c.breaker.end(nil)
			return answer, false, ErrBudget
		}
		answer, refused, err = c.once(ctx, ask)
		c.breaker.end(err)
		if err == nil || attempt == 2 || !passing(err) {
			return answer, refused, err
		}
		select {
		case <-time.After(c.pause):
		case <-ctx.Done():
			return answer, false, err
		}
	}
}

func (c *Classifier) once(ctx context.Context, ask openai.ChatCompletionRequest) (answer, bool, error) {
	said, err := c.client.CreateChatCompletion(ctx, ask)
	c.budget.spend(said.Usage.TotalTokens)
	if err != nil {
		return answer{}, false, safe(ctx, err)
	}
	if len(said.Choices) != 1 {
		return answer{}, false, ErrAnswer
	}
	choice := said.Choices[0]
	if choice.Message.Refusal != "" || choice.FinishReason == openai.FinishReasonContentFilter {
		return answer{}, true, nil
	}
	read, err := readAnswer([]byte(choice.Message.Content))
	return read, false, err
}

// statusError is an HTTP status, without what the endpoint wrote: that may
// repeat the message.
type statusError int

func (s statusError) Error() string { return fmt.Sprintf("ask language model: status %d", int(s)) }

func safe(ctx context.Context, err error) error {
	var api *openai.APIError
	var request *openai.RequestError
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("ask language model: %w", ctx.Err())
	case errors.As(err, &api) && api.HTTPStatusCode != 0:
		return statusError(api.HTTPStatusCode)
	case errors.As(err, &request) && request.HTTPStatusCode != 0:
		return statusError(request.HTTPStatusCode)
	}
	return errors.New("ask language model: no answer that can be read")
}

// passing reports whether asking again at once may help.
func passing(err error) bool {
	var status statusError
	return errors.As(err, &status) && (status == http.StatusTooManyRequests || status >= 500)
}

// request is what the endpoint is asked.
func request(cfg Config, subject, text string) openai.ChatCompletionRequest {
	return openai.ChatCompletionRequest{
		Model:    cfg.Model,
		Messages: conversation(subject, text),
		// Zero would be left out of the JSON, and the endpoint would take its
		// own default, mostly 1.
		Temperature:         math.SmallestNonzeroFloat32,
		MaxCompletionTokens: cfg.MaxAnswer,
		ResponseFormat: &openai.ChatCompletionResponseFormat{
			Type: openai.ChatCompletionResponseFormatTypeJSONSchema,
			JSONSchema: &openai.ChatCompletionResponseFormatJSONSchema{
				Name: "assessment", Schema: schema(), Strict: true,
			},
		},
	}
}

var _ classifiers.Classifier = (*Classifier)(nil)

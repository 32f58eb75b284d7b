// Package llm judges urgency by a large language model behind any endpoint of
// the OpenAI form (vLLM, llama.cpp, Ollama, a cloud), on premises by default.
// It is off unless a URL is configured. It is slow, so it judges after the
// message was published, as a second opinion, and may only raise a grade; the
// pipeline sees to that, and to asking again when the endpoint was away.
//
//	message ─ excerpt ─ mask ─▶ prompt ─▶ endpoint ─▶ answer ─ quotes verbatim? ─▶ opinion
//
// What it is told and what it says are both distrusted. The message goes as
// data between random marks, never into the instructions, one message a call,
// without tools. The answer is one JSON object of a fixed form; a grade counts
// only with a quote that stands in the message word for word; nothing else that
// the model writes reaches a handler. A refusal, an invalid answer, an invented
// quote leave the message as it was graded before. A message that speaks to the
// machine, or of which not all is shown, can be raised but is never suggested
// to be lower.
//
// # Set it up
//
// Run a model on a machine of your own, such as
//
//	vllm serve Qwen/Qwen2.5-7B-Instruct --port 8000
//
// and configure classifiers.llm with url "http://10.0.0.5:8000/v1" and model
// "Qwen/Qwen2.5-7B-Instruct". "contactd check" asks it about a made-up message
// and says how long it took. An address of this machine or of a private network
// counts as on premises; of any other, names, phone numbers, addresses, number
// plates and whatever else identifies people are masked before they leave,
// unless on_premises says that it is yours. Masking finds what has a form, the
// names that the channel knows and common first names; it is no anonymisation.
package llm

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/sashabaranov/go-openai"

	"contactd/classifiers"
	"contactd/contact"
)

// Classifier asks a language model. It is safe for concurrent use.
type Classifier struct {
	config   Config
	name     string
	endpoint *endpoint
	metrics  metrics
}

// Deps are what a classifier needs beside its configuration; all may be nil.
type Deps struct {
	Log     *slog.Logger
	Metrics prometheus.Registerer
}

// New makes a classifier; it dials nothing.
func New(config Config, deps Deps) (*Classifier, error) {
	config = config.WithDefaults()
	if err := config.Validate(); err != nil {
		return nil, err
	}
	if !config.Enabled() {
		return nil, errors.New("make classifier llm: no url is configured")
	}
	if deps.Log == nil {
		deps.Log = slog.New(slog.DiscardHandler)
	}
	m := newMetrics(deps.Metrics)
	e, err := newEndpoint(config, deps.Log, m)
	if err != nil {
		return nil, err
	}
	return &Classifier{config: config, name: "llm@" + config.Model + "/" + promptVersion(), endpoint: e, metrics: m}, nil
}

// Name is "llm@", the model and a digest of what it is told.
func (c *Classifier) Name() string { return c.name }

// Grade asks once. An error that classifiers.IsUnavailable knows says nothing
// about the message; any other may be the message's doing. Opinion.Failed is
// set when the model answered and the answer is worth nothing.
func (c *Classifier) Grade(ctx context.Context, message contact.Message) (contact.Opinion, error) {
	if !classifiers.Legible(message.Subject) && !classifiers.Legible(message.Text) {
		return contact.Opinion{By: c.name, Failed: "empty"}, nil
	}
	seen, question := c.question(message)
	begun := time.Now()
	text, err := c.endpoint.ask(ctx, question)
	took := time.Since(begun)
	opinion := contact.Opinion{By: c.name, Micros: took.Microseconds()}
	var worthless worthless
	switch {
	case errors.As(err, &worthless):
		c.metrics.outcome(worthless.outcome)
		opinion.Failed = "error"
		return opinion, nil
	case err != nil:
		return contact.Opinion{}, fmt.Errorf("ask language model: %w", err)
	}
	read, outcome := readAnswer(text, seen)
	c.metrics.outcome(outcome)
	if outcome != answered {
		opinion.Failed = "error"
		return opinion, nil
	}
	opinion.Grade, opinion.Categories, opinion.Reasons = read.grade, read.categories, read.reasons
	if read.doubtful || !seen.whole || speaksToMachine(message.Subject+"\n"+message.Text) {
		opinion.Signs = []string{classifiers.Doubtful}
	}
	return opinion, nil
}

// question is what is asked about a message, and what of it that shows: less
// than usual of one written in signs that cost more than any text in use, which
// would wait for a budget that never holds it.
func (c *Classifier) question(message contact.Message) (view, []openai.ChatCompletionMessage) {
	for limit := c.config.MaxCharacters; ; limit /= 2 {
		seen := look(message, limit, c.config.Foreign())
		asked := prompt(message, seen)
		if limit < leastShown || c.endpoint.cost(asked) <= c.config.mostTokens() {
			return seen, asked
		}
	}
}

// checkMessage is made up, so that a check sends nobody's words anywhere.
const checkMessage = "There is a man with a knife outside number 9 and he is trying to get in, please hurry."

// Check asks about a made-up message; detail says what was reached.
func (c *Classifier) Check(ctx context.Context) (detail string, err error) {
	where := "on premises"
	if c.config.Foreign() {
		where = "not on premises, so people's names, phones and addresses are masked"
	}
	begun := time.Now()
	opinion, err := c.Grade(ctx, contact.Message{
		Channel: contact.Channel{Kind: "other"}, Text: checkMessage, Authored: checkMessage,
	})
	switch {
	case err != nil:
		return where, fmt.Errorf("%w; see classifiers.llm.url, model and api_key_file", err)
	case opinion.Failed != "":
		return where, errors.New("ask language model: it answers, but not in the form asked for; use a model and a server that keep to a JSON schema")
	case opinion.Grade != contact.Emergency:
		return where, fmt.Errorf("ask language model: it grades a man with a knife at the door %q; use a better model", opinion.Grade)
	}
	return fmt.Sprintf("%s, answered in %v", where, time.Since(begun).Round(time.Millisecond)), nil
}

var _ classifiers.Classifier = (*Classifier)(nil)

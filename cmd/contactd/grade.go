package main

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"contactd/classifiers/llm"
	"contactd/cmd/contactd/interrupt"
	"contactd/cmd/contactd/panel"
	"contactd/cmd/contactd/tell"
	"contactd/cmd/contactd/texts"
)

type gradeCommand struct {
	Second bool    `help:"Ask the configured language model too, as the daemon does after publishing."`
	JSON   bool    `help:"Read JSON lines {id, channel, text} and write one JSON line for each, in the same order."`
	Text   *string `arg:"" optional:"" help:"What to judge. Without it the standard input is read."`
}

// Help is shown below the usage.
func (gradeCommand) Help() string {
	return `Examples:
  contactd grade "he has a knife and is trying to get in"
  contactd grade --json < texts.jsonl

With --json each line has: id, grade, categories, reasons (rule, grade, category, text, spans), judged_by, locations, and what else
was noticed: signpost, markers, covert, safeToReply, thrive, as on the event. Spans count
characters (Unicode code points) from 0, end exclusive. A line that cannot be read is answered with the grade unknown
and an error, and the command exits 1 at the end.`
}

// Run judges the argument or the standard input.
func (g gradeCommand) Run(ctx context.Context, p *program, c *commands) error {
	config, err := p.load(c.Config)
	if err != nil {
		return err
	}
	seated, err := g.panel(config.Classifiers)
	if err != nil {
		return err
	}
	asDaemon, err := seated.Annotated(seated, config.Classifiers)
	if err != nil {
		return err
	}
	if g.Text == nil {
		if g.JSON {
			return texts.Lines(ctx, asDaemon, interrupt.Reader(ctx, p.in), p.out)
		}
		text, err := p.readText(ctx, texts.Limit)
		if err != nil {
			return err
		}
		g.Text = &text
	}
	judged := texts.Judge(ctx, asDaemon, texts.Text{Text: *g.Text})
	if g.JSON {
		return json.NewEncoder(p.out).Encode(texts.AnswerOf("", judged))
	}
	p.printf("%s", tell.Judgement(judged, p.colours))
	return nil
}

// panel seats the classifiers that are asked.
func (g gradeCommand) panel(config panel.Config) (panel.Panel, error) {
	if !g.Second {
		return panel.New(config)
	}
	model, err := panel.Second(config, llm.Deps{})
	if err != nil {
		return panel.Panel{}, err
	}
	if model == nil {
		return panel.Panel{}, usageError{errors.New("grade --second: classifiers.llm.url is not set")}
	}
	if config.Timeouts == nil {
		config.Timeouts = map[string]time.Duration{}
	}
	config.Timeouts[model.Name()] = config.LLM.WithDefaults().Timeout
	return panel.New(config, model)
}

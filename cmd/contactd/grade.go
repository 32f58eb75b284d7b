package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"contactd/classifiers"
	"contactd/classifiers/llm"
	"contactd/cmd/contactd/interrupt"
	"contactd/cmd/contactd/panel"
	"contactd/cmd/contactd/tell"
	"contactd/contact"
)

// gradeLineLimit bounds a text and one line of JSON, in bytes.
const gradeLineLimit = 4 << 20

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

// asked and answered are the lines of --json.
type asked struct {
	ID      string `json:"id"`
	Channel string `json:"channel"`
	Text    string `json:"text"`
}

type answered struct {
	ID         string           `json:"id"`
	Grade      contact.Grade    `json:"grade"`
	Categories []string         `json:"categories"`
	Reasons    []contact.Reason `json:"reasons"`
	JudgedBy   []string         `json:"judged_by"`
	// Locations and the notes stand here as on the event.
	Locations []contact.Location `json:"locations,omitempty"`
	contact.Notes
	Error string `json:"error,omitempty"`
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
			return gradeLines(ctx, asDaemon, interrupt.Reader(ctx, p.in), p.out)
		}
		text, err := p.readText(ctx, gradeLineLimit)
		if err != nil {
			return err
		}
		g.Text = &text
	}
	judged := judge(ctx, asDaemon, asked{Text: *g.Text})
	if g.JSON {
		return json.NewEncoder(p.out).Encode(answerOf("", judged))
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

// judge lets an assessor judge a text. A classifier that failed is a reason too:
// else nobody would see why the grade is unknown.
func judge(ctx context.Context, assessor classifiers.Assessor, a asked) contact.Assessment {
	if a.Channel == "" {
		a.Channel = "other"
	}
	text := strings.ToValidUTF8(a.Text, "\uFFFD")
	judged := assessor.Assess(ctx, contact.Message{
		ID: a.ID, Channel: contact.Channel{Kind: a.Channel, Direction: "inbound"}, Text: text, Authored: text,
	})
	for _, opinion := range judged.Opinions {
		if opinion.Failed != "" && len(opinion.Reasons) == 0 {
			why := contact.Reason{Rule: opinion.By, Grade: contact.Unknown, Text: "gave no judgement (" + opinion.Failed + ")"}
			at := slices.IndexFunc(judged.Reasons, func(r contact.Reason) bool { return contact.Unknown.Above(r.Grade) })
			if at < 0 {
				at = len(judged.Reasons)
			}
			judged.Reasons = slices.Insert(slices.Clone(judged.Reasons), at, why)
		}
	}
	return judged
}

// answerOf is what a program reads of a judgement.
func answerOf(id string, judged contact.Assessment) answered {
	return answered{
		ID: id, Grade: judged.Grade,
		Categories: judged.Categories, Reasons: judged.Reasons, JudgedBy: judged.JudgedBy,
		Locations: judged.Locations, Notes: judged.Notes,
	}.filled()
}

// filled has empty lists where there would be null.
func (a answered) filled() answered {
	if a.Categories == nil {
		a.Categories = []string{}
	}
	if a.Reasons == nil {
		a.Reasons = []contact.Reason{}
	}
	if a.JudgedBy == nil {
		a.JudgedBy = []string{}
	}
	return a
}

// gradeLines answers every line at once, so that a program can hold a
// conversation with it.
func gradeLines(ctx context.Context, assessor classifiers.Assessor, in io.Reader, out io.Writer) error {
	lines := bufio.NewReaderSize(in, 64<<10)
	write := json.NewEncoder(out) // writes a line at once
	write.SetEscapeHTML(false)
	bad := 0
	for number := 1; ctx.Err() == nil; number++ {
		line, err := readLine(lines)
		if errors.Is(err, io.EOF) {
			break
		}
		var a asked
		if err == nil {
			if len(bytes.TrimSpace(line)) == 0 {
				continue
			}
			if number == 1 { // editors of other systems begin a file with it
				line = bytes.TrimPrefix(line, []byte("\ufeff"))
			}
			err = readAsked(line, &a)
		}
		if errors.Is(err, errRead) {
			return err
		}
		answer := answered{ID: a.ID, Error: fmt.Sprintf("line %d: %v", number, err)}.filled()
		if err == nil {
			answer = answerOf(a.ID, judge(ctx, assessor, a))
		} else {
			bad++
		}
		if err := write.Encode(answer); err != nil {
			return fmt.Errorf("write answer: %w", err)
		}
	}
	if bad > 0 {
		return fmt.Errorf("judge texts: %s could not be read", tell.Count(bad, "line"))
	}
	if ctx.Err() != nil {
		return interrupt.Err
	}
	return nil
}

// readAsked reads a line, and says of a wrong one what is wanted.
func readAsked(line []byte, a *asked) error {
	err := json.Unmarshal(line, a)
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &kind) && kind.Field == "":
		return fmt.Errorf("want an object {id, channel, text}, got %s", kind.Value)
	case errors.As(err, &kind):
		return fmt.Errorf("%s: want a text in quotes, got %s", kind.Field, kind.Value)
	default:
		return err
	}
}

var (
	errRead     = errors.New("read line")
	errLongLine = fmt.Errorf("longer than %d bytes", gradeLineLimit)
)

// readLine reads one line of bounded length; of a longer one the rest is
// skipped. io.EOF comes after the last line only.
func readLine(r *bufio.Reader) ([]byte, error) {
	var line []byte
	tooLong := false
	for {
		piece, err := r.ReadSlice('\n')
		if len(line)+len(piece) > gradeLineLimit {
			tooLong = true
		} else {
			line = append(line, piece...)
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case err != nil && !errors.Is(err, io.EOF):
			return nil, fmt.Errorf("%w: %w", errRead, err)
		case err != nil && len(line) == 0 && !tooLong:
			return nil, io.EOF
		case tooLong:
			return nil, errLongLine
		}
		return line, nil
	}
}

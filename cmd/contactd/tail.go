package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"

	"contactd/contact"
	"contactd/pipeline/kafka"
)

type tailCommand struct {
	Topic         string        `help:"Which topic: contact.events, contact.alerts, contact.replies, contact.rejected or contact.signals." default:"contact.events"`
	FromBeginning bool          `help:"Also what is there already, oldest first."`
	Count         int           `help:"End after N events." placeholder:"N"`
	Timeout       time.Duration `help:"End after this long, such as 30s. The broker may come up meanwhile." placeholder:"D"`
	JSON          bool          `help:"One CloudEvent a line, as it is on the topic."`
}

// Help is shown below the usage.
func (tailCommand) Help() string {
	return `Ends with 0 when it is interrupted, has seen --count events, or has waited for --timeout without --count; with 1 when
--timeout came before --count, or a record was not what had been published. Records of one conversation come in order.`
}

var errEnough = errors.New("enough")

// Run shows events until there were enough or nobody wants more.
func (t tailCommand) Run(ctx context.Context, p *program, c *commands) error {
	if t.Count < 0 || t.Timeout < 0 {
		return usageError{errors.New("tail: --count and --timeout cannot be negative")}
	}
	if t.Topic == "" {
		return usageError{errors.New("tail: --topic: want a topic such as contact.events")}
	}
	config, err := p.load(c.Config)
	if err != nil {
		return err
	}
	connect, _, err := brokerOf(config)
	if err != nil {
		return err
	}
	cluster, err := kafka.NewCluster(connect, kafka.Watch{Log: config.Log.logger(p.err)}) // a broker that went away looks like a quiet night
	if err != nil {
		return fmt.Errorf("reach broker: %w", err)
	}
	// Not a deadline: connections would fail at it, and be told of as failing.
	asked := ctx
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	if t.Timeout > 0 {
		defer time.AfterFunc(t.Timeout, func() { end(context.DeadlineExceeded) }).Stop()
	}
	view := view{p: p, json: t.JSON, limit: t.Count}
	err = t.follow(ctx, cluster, &view)
	switch {
	case errors.Is(err, errEnough), asked.Err() != nil && !errors.Is(err, errOutput):
	case errors.Is(err, context.Canceled) && errors.Is(context.Cause(ctx), context.DeadlineExceeded):
		return fmt.Errorf("tail %s: the broker gave no answer in %v", t.Topic, t.Timeout)
	case err != nil:
		return err
	case t.Count > 0 && errors.Is(context.Cause(ctx), context.DeadlineExceeded):
		return fmt.Errorf("tail %s: saw %d of %d events in %v", t.Topic, view.seen, t.Count, t.Timeout)
	}
	if view.damaged > 0 {
		return fmt.Errorf("tail %s: %d records were not what had been published", t.Topic, view.damaged)
	}
	return nil
}

// follow reads the topic. With a timeout it waits for a broker that is not up
// yet; without one a person is told at once.
func (t tailCommand) follow(ctx context.Context, cluster *kafka.Cluster, v *view) error {
	retry := time.NewTicker(200 * time.Millisecond)
	defer retry.Stop()
	var before error
	for {
		err := cluster.Tail(ctx, t.Topic, t.FromBeginning, v.show)
		if before != nil && err != nil && ctx.Err() != nil {
			err = before // says why, not that the time is over
		}
		before = err
		if err == nil || errors.Is(err, errEnough) || errors.Is(err, errOutput) || t.Timeout == 0 || v.seen > 0 {
			return err
		}
		select {
		case <-retry.C:
		case <-ctx.Done():
			return err
		}
	}
}

// view shows records to a person or a program.
type view struct {
	p       *program
	json    bool
	limit   int
	seen    int
	damaged int
}

var errOutput = errors.New("write event")

// show writes one record, flushed, and ends the tail when there were enough.
func (v *view) show(r kafka.Record) error {
	if r.Err != nil {
		v.damaged++
		_, err := fmt.Fprintf(v.p.err, "contactd: record %d of partition %d cannot be believed: %v\n", r.Offset, r.Partition, r.Err)
		return err
	}
	line := v.line(r)
	if _, err := v.p.out.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("%w: %w", errOutput, err)
	}
	if v.seen++; v.seen == v.limit {
		return errEnough
	}
	return nil
}

func (v *view) line(r kafka.Record) []byte {
	if v.json {
		var compact bytes.Buffer
		if json.Compact(&compact, r.Value) != nil {
			return bytes.ReplaceAll(r.Value, []byte("\n"), []byte(" "))
		}
		return compact.Bytes()
	}
	var event contact.Event
	if json.Unmarshal(r.Value, &event) != nil {
		return fmt.Appendf(nil, "%d/%d: %d bytes that are no event", r.Partition, r.Offset, len(r.Value))
	}
	return []byte(plain(summary(event)))
}

// summary tells an event in one line.
func summary(e contact.Event) string {
	grade := "-"
	if e.Grade != nil {
		grade = e.Grade.String()
	}
	head := fmt.Sprintf("%s  %-10s %s", e.Time.Local().Format(time.DateTime), grade, e.Type)
	switch e.Type {
	case contact.ReceivedV1, contact.RevisedV1, contact.EscalatedV1:
		var data contact.Received
		if json.Unmarshal(e.Data, &data) != nil {
			return head
		}
		from := ""
		if len(data.Parties) > 0 {
			from = strings.Join(append(data.Parties[0].Emails, data.Parties[0].Handles...), " ")
		}
		if data.Content.Subject != "" {
			from += "  " + data.Content.Subject
		}
		return fmt.Sprintf("%s  %s  %s/%s  %s — %s%s", head, data.ConversationID, data.Channel.Kind, data.Channel.Account, from,
			changed(data.Revision)+short(data.Content.Summary), noticed(data.Classification.Notes))
	default:
		return head + "  " + e.Subject + aboutAnswer(e)
	}
}

// changed says what became of a message, before its words if there are new ones.
func changed(r *contact.Revision) string {
	switch {
	case r == nil:
		return ""
	case r.Value != "":
		return string(r.Action) + " " + short(r.Value) + " "
	default:
		return string(r.Action) + " "
	}
}

// aboutAnswer says what an event that is no message holds beside its subject.
func aboutAnswer(e contact.Event) string {
	switch e.Type {
	case contact.RepliedV1:
		var data contact.Replied
		if json.Unmarshal(e.Data, &data) == nil {
			return fmt.Sprintf("  %s/%s  %s — %s%s", data.Channel, data.Account, data.ConversationID, stateText(data), quoted(data.Text))
		}
	case contact.ReplyRequestedV1:
		var data contact.Requested
		if json.Unmarshal(e.Data, &data) == nil {
			by := "  automatic"
			if !data.Automatic {
				by = byPerson(data.Author)
			}
			return fmt.Sprintf("  %s%s%s", data.Conversation, by, quoted(data.Text))
		}
	case contact.AbandonedV1:
		var data contact.Abandoned
		if json.Unmarshal(e.Data, &data) == nil {
			return fmt.Sprintf("  %s/%s  last seen %s, %s unanswered",
				data.Channel, data.Account, data.LastSeenAt.Local().Format(time.TimeOnly), counted(data.Unanswered, "message"))
		}
	case contact.AssessedV1:
		var data contact.Assessed
		if json.Unmarshal(e.Data, &data) == nil {
			by := ""
			if data.ByPerson() {
				by = byPerson(data.Author)
			}
			return fmt.Sprintf("  %s  was %s%s — %s%s", data.ConversationID, data.Previous, by,
				strings.Join(data.Classification.Categories, ", "), noticed(data.Classification.Notes))
		}
	case contact.RejectedV1:
		var data contact.Rejected
		if json.Unmarshal(e.Data, &data) == nil {
			return fmt.Sprintf("  %s/%s  %s — %s", data.Channel, data.Account, data.RawRef, data.Error)
		}
	case contact.DegradedV1, contact.RestoredV1:
		var data contact.ChannelState
		if json.Unmarshal(e.Data, &data) == nil && data.Until != nil {
			return fmt.Sprintf(" — not reached for %v", data.Until.Sub(data.Since).Round(time.Second))
		}
		return " — " + data.Error
	case contact.SuggestedV1:
		var data contact.Suggested
		if json.Unmarshal(e.Data, &data) == nil {
			return fmt.Sprintf("  %s  stays %s, %s thinks %s", data.ConversationID, data.Standing, data.Opinion.By, data.Opinion.Grade)
		}
	case contact.GradedV1:
		var data contact.Graded
		if json.Unmarshal(e.Data, &data) == nil {
			return fmt.Sprintf("  %s  %s, was %s%s", data.ConversationID, data.Grade, data.Previous, byPerson(data.Author))
		}
	case contact.SeenV1:
		var data contact.Seen
		if json.Unmarshal(e.Data, &data) == nil {
			return "  " + data.ConversationID
		}
	case contact.PresenceV1:
		var data contact.Presence
		if json.Unmarshal(e.Data, &data) == nil {
			return "  " + counted(data.Handlers, "handler")
		}
	case contact.TypingV1:
		var data contact.Typing
		if json.Unmarshal(e.Data, &data) == nil {
			return "  the " + data.By + " is writing"
		}
	}
	return ""
}

// byPerson names a handler, who may have given no name.
func byPerson(author string) string {
	if author == "" {
		author = "a person"
	}
	return "  by " + author
}

func quoted(text string) string {
	if text == "" {
		return ""
	}
	return " — " + short(text)
}

// short cuts a text for one line.
func short(text string) string {
	const limit = 80
	if runes := []rune(text); len(runes) > limit {
		return string(runes[:limit]) + "…"
	}
	return text
}

// plain takes out what could steer a terminal: the text is a stranger's.
func plain(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return ' '
		}
		if !unicode.IsPrint(r) {
			return '\u00b7'
		}
		return r
	}, text)
}

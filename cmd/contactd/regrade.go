package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"os/user"
	"slices"
	"strings"
	"sync"
	"time"

	"contactd/cmd/contactd/events"
	"contactd/cmd/contactd/tell"
	"contactd/contact"
	"contactd/pipeline"
	"contactd/pipeline/kafka"
)

type regradeCommand struct {
	Conversation string        `arg:"" help:"Which conversation: its id, as contactd tail shows it."`
	Grade        string        `arg:"" help:"What it is: emergency, priority, scheduled or resolution."`
	Reason       string        `help:"Why; needed to lower a grade. It is told to everybody who reads the events: say nothing of the message." placeholder:"TEXT"`
	Category     []string      `help:"Kinds of risk or need, most serious first; may be repeated. Default: what stood before, and none for a resolution." placeholder:"C"`
	Message      string        `help:"Up to which message it was read. Default: the latest." placeholder:"M"`
	Wait         time.Duration `help:"How long to wait until it is taken; 0 to only ask for it. Default: 30s." default:"30s" placeholder:"D"`
}

// Help is shown below the usage.
func (regradeCommand) Help() string {
	return `Asks a running contactd over Kafka, as any front end does, with contact.graded.v1. Give the grade that stands to confirm it.
Ends with 1 when it is not taken, as when another grade stands by now, and with 3 when it may be taken still: look with
"contactd tail" for what becomes of it. Examples:
  contactd regrade c-3lnpdfsib5r34hnaib72u7ipcb emergency
  contactd regrade c-3lnpdfsib5r34hnaib72u7ipcb resolution --reason "spoken to, she is with her daughter"`
}

// standing is how a message of a conversation is graded by now.
type standing struct {
	message    string
	grade      contact.Grade
	categories []string
}

// Run sends a grade off and waits for what comes of it.
func (r regradeCommand) Run(ctx context.Context, p *program, c *commands) error {
	grade, err := r.check()
	if err != nil {
		return err
	}
	config, err := p.load(c.Config)
	if err != nil {
		return err
	}
	cluster, err := clusterOf(config)
	if err != nil {
		return err
	}
	now, err := r.find(ctx, cluster, config.Force)
	if err != nil {
		return err
	}
	if now.grade.Above(grade) && strings.TrimSpace(r.Reason) == "" {
		return usageError{fmt.Errorf("regrade: it is %s now; say why it is to be %s, with --reason", now.grade, grade)}
	}
	command, err := r.command(config.Force, grade, now)
	if err != nil {
		return err
	}
	ends := map[string]map[int]int64{}
	for _, topic := range []string{pipeline.TopicEvents, pipeline.TopicRejected} {
		if ends[topic], err = cluster.EndOffsets(ctx, topic); err != nil {
			return fmt.Errorf("reach broker: %w", err)
		}
	}
	connect, _, err := brokerOf(config)
	if err != nil {
		return err
	}
	place, err := publishCommand(ctx, connect, command)
	if err != nil {
		return fmt.Errorf("ask for grade: %w", err)
	}
	p.printf("%s  %s, was %s  asked for\n", now.message, grade, now.grade)
	if r.Wait == 0 {
		return nil
	}
	return r.await(ctx, p, cluster, ends, command.ID, place)
}

// check reads the arguments.
func (r regradeCommand) check() (grade contact.Grade, err error) {
	if r.Wait < 0 {
		return grade, usageError{errors.New("regrade: --wait cannot be negative")}
	}
	if err := wantConversation("regrade", r.Conversation); err != nil {
		return grade, err
	}
	if r.Message != "" {
		if err := wantMessage("regrade: --message", r.Message); err != nil {
			return grade, err
		}
	}
	if err := grade.UnmarshalText([]byte(r.Grade)); err != nil || grade == contact.Unknown {
		return grade, usageError{fmt.Errorf("regrade: want emergency, priority, scheduled or resolution, got %q", r.Grade)}
	}
	return grade, nil
}

// find says how the message is graded by now.
func (r regradeCommand) find(ctx context.Context, cluster *kafka.Cluster, force string) (standing, error) {
	var all []standing
	types := []string{contact.ReceivedV1, contact.RevisedV1, contact.AssessedV1}
	own := func(record kafka.Record) bool { return record.Key == r.Conversation }
	_, err := events.Read(ctx, cluster, types, own, func(e contact.Event) {
		if e.Force != force {
			return
		}
		switch e.Type {
		case contact.ReceivedV1, contact.RevisedV1:
			var data contact.Received
			if json.Unmarshal(e.Data, &data) == nil && e.Grade != nil {
				all = append(all, standing{data.ContactID, *e.Grade, data.Classification.Categories})
			}
		case contact.AssessedV1:
			var data contact.Assessed
			at := slices.IndexFunc(all, func(s standing) bool { return s.message == e.Subject })
			if json.Unmarshal(e.Data, &data) == nil && at >= 0 {
				all[at].grade, all[at].categories = data.Classification.Grade, data.Classification.Categories
			}
		}
	})
	if err != nil {
		return standing{}, err
	}
	for _, each := range slices.Backward(all) {
		if r.Message == "" || each.message == r.Message {
			return each, nil
		}
	}
	what := "conversation"
	if len(all) > 0 {
		what = "message of it"
	}
	return standing{}, fmt.Errorf("regrade %s: there is no such %s on %s", strings.TrimSpace(r.Conversation+" "+r.Message), what, pipeline.TopicEvents)
}

// command is what is asked of contactd.
func (r regradeCommand) command(force string, grade contact.Grade, now standing) (contact.Event, error) {
	data := contact.Graded{
		SchemaVersion: "1.0", ConversationID: r.Conversation, ContactID: now.message, Grade: grade, Previous: now.grade,
		Categories: r.Category, Reason: strings.TrimSpace(r.Reason), At: time.Now().UTC(),
	}
	for i, category := range data.Categories { // as in --category "one, two"
		data.Categories[i] = strings.TrimSpace(category)
	}
	if len(data.Categories) == 0 && grade != contact.Resolution {
		data.Categories = now.categories
	}
	if who, err := user.Current(); err == nil {
		data.Author = who.Username
	}
	raw, err := json.Marshal(data)
	if err != nil {
		return contact.Event{}, fmt.Errorf("write command: %w", err)
	}
	return contact.Event{
		SpecVersion: "1.0", ID: contact.EventID(contact.GradedV1, now.message, rand.Text()), Source: "/" + force + "/contactd-regrade",
		Type: contact.GradedV1, Subject: now.message, Time: data.At, DataContentType: "application/json",
		DataSchema: "urn:contactd:schema:contact:1.0", PartitionKey: r.Conversation, CorrelationID: r.Conversation,
		Force: force, Data: raw,
	}, nil
}

// await prints what comes of the command: an assessment, or why not.
func (r regradeCommand) await(ctx context.Context, p *program, cluster *kafka.Cluster, ends map[string]map[int]int64, id, place string) error {
	asked := ctx
	ctx, cancel := context.WithTimeoutCause(ctx, r.Wait, unknownError{fmt.Errorf("regrade %s: nobody has taken it up in %v; is contactd running?", r.Conversation, r.Wait)})
	defer cancel()
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	var all sync.WaitGroup
	for topic, from := range ends {
		all.Go(func() {
			err := cluster.TailFrom(ctx, topic, from, func(record kafka.Record) error {
				var e contact.Event
				if record.Err != nil || json.Unmarshal(record.Value, &e) != nil {
					return nil //nolint:nilerr // it is not the answer
				}
				var rejected contact.Rejected
				switch {
				case e.Type == contact.AssessedV1 && e.CausationID == id:
					p.printf("%s\n", tell.Event(e))
					return errTaken
				case e.Type == contact.RejectedV1 && json.Unmarshal(e.Data, &rejected) == nil && strings.HasSuffix(rejected.RawRef, ":"+place):
					return fmt.Errorf("regrade %s: %s", r.Conversation, tell.Plain(rejected.Error))
				}
				return nil
			})
			if err != nil {
				end(err)
			}
		})
	}
	all.Wait()
	switch err := context.Cause(ctx); {
	case errors.Is(err, errTaken):
		return nil
	case asked.Err() != nil:
		return unknownError{fmt.Errorf("regrade %s: not waited for any longer; contactd may still take it", r.Conversation)}
	default:
		return err
	}
}

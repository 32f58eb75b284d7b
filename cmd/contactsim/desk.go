package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"

	"contactd/contact"
	"contactd/pipeline"
	"contactd/pipeline/kafka"
)

// handlerName is who answers, on every command.
const handlerName = "contactsim"

// How often the desk says who is there, and how long that holds (contract:
// desk.presence.v1).
const (
	presenceEvery = 20 * time.Second
	presenceHolds = time.Minute
)

// deskFlags say for whom the handler works.
type deskFlags struct {
	Force string `help:"The force of the contactd whose messages are answered." default:"local" placeholder:"NAME"`
}

type deskCommand struct {
	brokerFlags
	deskFlags
	Answer   string        `help:"What to answer; empty only marks as seen." default:"Thank you, I am reading this now. Are you safe to talk?"`
	As       string        `help:"Whom the person sees as the writer." default:"Sam, control room"`
	Think    time.Duration `help:"How long the handler types before answering." default:"2s"`
	Channels []string      `help:"Kinds of channel to answer." default:"webchat"`
	Duration time.Duration `help:"End after this long. Default: when interrupted." placeholder:"D"`
}

// Help is shown below the usage.
func (deskCommand) Help() string {
	return `Answers whatever comes in from now on, so let it loose on a trial installation only.`
}

// Run plays the handler until nobody wants more.
func (c deskCommand) Run(ctx context.Context, out io.Writer) error {
	connect, err := c.connect()
	if err != nil {
		return err
	}
	if c.Duration > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, c.Duration)
		defer cancel()
	}
	d, err := newDesk(connect, c.Force, c.As)
	if err != nil {
		return err
	}
	defer func() { _ = d.close() }()
	now, err := d.now(ctx)
	if err != nil {
		return err
	}
	go d.attend(ctx)
	return d.follow(ctx, now, func(e contact.Event, data contact.Received) {
		_, _ = fmt.Fprintf(out, "%s  %s  %s\n", e.Time.Format(time.TimeOnly), e.Grade, data.ConversationID)
		if err := d.mine(e); err != nil {
			_, _ = fmt.Fprintf(out, "answer %s: %v\n", data.ConversationID, err)
			return
		}
		if !slices.Contains(c.Channels, data.Channel.Kind) {
			return
		}
		go func() {
			if err := c.handle(ctx, d, data); err != nil && ctx.Err() == nil {
				_, _ = fmt.Fprintf(out, "answer %s: %v\n", data.ConversationID, err)
			}
		}()
	})
}

// handle does what a handler does with one message.
func (c deskCommand) handle(ctx context.Context, d *desk, data contact.Received) error {
	if err := d.seen(data); err != nil {
		return err
	}
	if c.Answer == "" || data.Reply == nil || !data.Reply.Allowed {
		return nil
	}
	if err := d.typing(data.ConversationID); err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		return nil
	case <-time.After(c.Think):
	}
	_, err := d.answer(data, c.Answer)
	return err
}

// desk is a front end on Kafka: it reads events and sends commands.
type desk struct {
	cluster *kafka.Cluster
	out     *kafka.Publisher
	force   string
	as      string
}

func newDesk(connect kafka.Config, force, as string) (*desk, error) {
	cluster, err := kafka.NewCluster(connect, kafka.Watch{})
	if err != nil {
		return nil, fmt.Errorf("reach broker: %w", err)
	}
	out, err := kafka.NewPublisher(connect, kafka.Watch{})
	if err != nil {
		return nil, fmt.Errorf("reach broker: %w", err)
	}
	return &desk{cluster: cluster, out: out, force: force, as: as}, nil
}

func (d *desk) close() error { return d.out.Close() }

// attend says that one handler is there, until ctx ends, and then that nobody
// is.
func (d *desk) attend(ctx context.Context) {
	tick := time.NewTicker(presenceEvery)
	defer tick.Stop()
	for {
		_ = d.present(1) // said again soon
		select {
		case <-tick.C:
		case <-ctx.Done():
			_ = d.present(0)
			return
		}
	}
}

func (d *desk) present(handlers int) error {
	now := time.Now().UTC()
	return d.command(pipeline.TopicSignals, contact.PresenceV1, "desk", "desk", contact.Presence{
		SchemaVersion: "1.0", Handlers: handlers, At: now, Until: now.Add(presenceHolds),
	})
}

// now says where the events end, to follow them from there.
func (d *desk) now(ctx context.Context) (map[int]int64, error) {
	return d.cluster.EndOffsets(ctx, pipeline.TopicEvents)
}

// mine says why an event is another desk's.
func (d *desk) mine(e contact.Event) error {
	if e.Force == d.force {
		return nil
	}
	return fmt.Errorf("it is of force %q, not %q (--force)", e.Force, d.force)
}

// follow gives every message that comes in from offsets on to f, until ctx ends,
// which is no error. Damaged records are somebody else's business.
func (d *desk) follow(ctx context.Context, offsets map[int]int64, f func(contact.Event, contact.Received)) error {
	return d.cluster.TailFrom(ctx, pipeline.TopicEvents, offsets, func(r kafka.Record) error {
		if r.Err == nil && r.Headers["ce_type"] == contact.ReceivedV1 {
			return open(r.Value, f)
		}
		return nil
	})
}

// open reads a contact.received.v1 for f.
func open(record []byte, f func(contact.Event, contact.Received)) error {
	var e contact.Event
	if err := json.Unmarshal(record, &e); err != nil {
		return fmt.Errorf("read event: %w", err)
	}
	var data contact.Received
	if err := json.Unmarshal(e.Data, &data); err != nil {
		return fmt.Errorf("read event %s: %w", e.ID, err)
	}
	f(e, data)
	return nil
}

func (d *desk) seen(data contact.Received) error {
	return d.command(pipeline.TopicReplies, contact.SeenV1, data.ContactID, data.ConversationID, contact.Seen{
		SchemaVersion: "1.0", ConversationID: data.ConversationID, ContactID: data.ContactID, At: time.Now().UTC(),
	})
}

func (d *desk) typing(conversation string) error {
	return d.command(pipeline.TopicSignals, contact.TypingV1, conversation, conversation, contact.Typing{
		SchemaVersion: "1.0", ConversationID: conversation, By: "handler", At: time.Now().UTC(),
	})
}

// answer replies to a message and returns the reply's id.
func (d *desk) answer(data contact.Received, text string) (string, error) {
	id := replyID(data)
	return id, d.command(pipeline.TopicReplies, contact.ReplyRequestedV1, id, data.ConversationID, contact.Requested{
		SchemaVersion: "1.0",
		Reply: contact.Reply{
			ID: id, Conversation: data.ConversationID, InReplyTo: data.ContactID, Text: text,
			Author: handlerName, SignedAs: d.as, RequestedAt: time.Now().UTC(),
		},
	})
}

// replyID is the same however often a message is answered here.
func replyID(data contact.Received) string {
	return contact.ReplyID(data.ConversationID, handlerName+"/"+data.ContactID)
}

// command publishes one event of the contract and returns when the broker has
// it.
func (d *desk) command(topic, kind, subject, key string, data any) error {
	raw, err := json.Marshal(data)
	if err != nil {
		return fmt.Errorf("write command: %w", err)
	}
	now := time.Now().UTC()
	env, err := pipeline.Envelope(contact.Event{
		SpecVersion: "1.0", ID: contact.EventID(kind, subject, now.Format(time.RFC3339Nano)), Source: "/contactsim/desk",
		Type: kind, Subject: subject, Time: now, DataContentType: "application/json",
		DataSchema: "urn:contactd:schema:contact:1.0", PartitionKey: key, Force: d.force, Data: raw,
	}, pipeline.LaneNormal)
	if err != nil {
		return err
	}
	if err := d.out.Publish(topic, []*message.Message{env}...); err != nil {
		return fmt.Errorf("send command: %w", err)
	}
	return nil
}

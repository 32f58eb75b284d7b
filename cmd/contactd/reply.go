package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"time"
	"unicode/utf8"

	"contactd/cmd/contactd/tell"
	"contactd/contact"
	"contactd/pipeline"
	"contactd/pipeline/kafka"
)

type replyCommand struct {
	Conversation string        `arg:"" help:"Which conversation: its id, as contactd tail shows it."`
	Text         []string      `arg:"" optional:"" help:"What the person reads. Default: the standard input."`
	File         []string      `help:"Attach a file; may be repeated." sep:"none" placeholder:"F"`
	As           string        `help:"Whom the person sees as the writer. Default: the channel's signature." placeholder:"NAME"`
	Way          string        `help:"Another way than the usual one: private, hide or show; the message's event lists what is possible." enum:",private,hide,show" default:"" placeholder:"W"`
	InReplyTo    string        `help:"Which message is answered. Default: the latest." placeholder:"M"`
	Expires      time.Duration `help:"Do not send it any more after this long, such as 30m." placeholder:"D"`
	Wait         time.Duration `help:"How long to wait until the platform has it; 0 to only ask for it. Default: 30s." default:"30s" placeholder:"D"`
}

// Help is shown below the usage.
func (replyCommand) Help() string {
	return `Asks a running contactd over Kafka, as any front end does, and prints how far the reply comes. Ends with 0 when the platform
has taken it; with 1 when it was not sent, so that it may be sent again; with 3 when it may have been sent or may still be: look with
"contactd tail" what becomes of it before you send it again. contactd goes on with it.`
}

// replyTextLimit bounds what is read from the standard input, in bytes.
const replyTextLimit = 1 << 20

// Run sends a reply off and waits for its states.
func (r replyCommand) Run(ctx context.Context, p *program, c *commands) error {
	reply, err := r.reply(ctx, p)
	if err != nil {
		return err
	}
	config, err := p.load(c.Config)
	if err != nil {
		return err
	}
	connect, _, err := brokerOf(config)
	if err != nil {
		return err
	}
	cluster, err := kafka.NewCluster(connect, kafka.Watch{})
	if err != nil {
		return fmt.Errorf("reach broker: %w", err)
	}
	// What is said from here on may be about this reply.
	before, err := cluster.EndOffsets(ctx, pipeline.TopicEvents)
	if err != nil {
		return fmt.Errorf("reach broker: %w", err)
	}
	if reply.Attachments, err = r.store(ctx, config); err != nil {
		return err
	}
	if err := ask(ctx, connect, config.Force, reply); err != nil {
		return err
	}
	p.printf("%s  asked for\n", reply.ID)
	if r.Wait == 0 {
		return nil
	}
	return r.await(ctx, p, cluster, before, reply.ID)
}

// reply is what the arguments say.
func (r replyCommand) reply(ctx context.Context, p *program) (contact.Reply, error) {
	if r.Expires < 0 || r.Wait < 0 {
		return contact.Reply{}, usageError{errors.New("reply: --expires and --wait cannot be negative")}
	}
	if err := wantConversation("reply", r.Conversation); err != nil {
		return contact.Reply{}, err
	}
	if r.InReplyTo != "" {
		if err := wantMessage("reply: --in-reply-to", r.InReplyTo); err != nil {
			return contact.Reply{}, err
		}
	}
	text := strings.Join(r.Text, " ")
	if len(r.Text) == 0 && !contact.Way(r.Way).Silent() {
		var err error
		if text, err = p.readText(ctx, replyTextLimit); err != nil {
			return contact.Reply{}, err
		}
		text = strings.TrimRight(text, "\r\n")
	}
	if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
		return contact.Reply{}, usageError{errors.New("reply: the text is not UTF-8; the person would read signs in place of letters")}
	}
	if strings.TrimSpace(text) == "" && len(r.File) == 0 && !contact.Way(r.Way).Silent() {
		return contact.Reply{}, usageError{errors.New("reply: there is neither a text nor a file")}
	}
	now := time.Now().UTC()
	reply := contact.Reply{
		ID:           contact.ReplyID(r.Conversation, rand.Text()),
		Conversation: r.Conversation, InReplyTo: r.InReplyTo, Text: text, Way: contact.Way(r.Way), SignedAs: r.As, RequestedAt: now,
	}
	if who, err := user.Current(); err == nil {
		reply.Author = who.Username
	}
	if r.Expires > 0 {
		at := now.Add(r.Expires)
		reply.ExpiresAt = &at
	}
	return reply, nil
}

// store gives the files to contactd, which sends them.
func (r replyCommand) store(ctx context.Context, c config) ([]contact.Attachment, error) {
	var attachments []contact.Attachment
	for _, name := range r.File {
		file, err := os.Open(filepath.Clean(name))
		if err != nil {
			return nil, fmt.Errorf("attach file: %w", err)
		}
		blob, err := storeBlob(ctx, c, file)
		if closed := file.Close(); err == nil {
			err = closed
		}
		if err != nil {
			return nil, fmt.Errorf("attach %s: %w", name, err)
		}
		attachments = append(attachments, contact.Attachment{
			Blob: blob, Name: filepath.Base(name), Claimed: mime.TypeByExtension(filepath.Ext(name)),
		})
	}
	return attachments, nil
}

// ask publishes the command.
func ask(ctx context.Context, connect kafka.Config, force string, reply contact.Reply) error {
	raw, err := json.Marshal(contact.Requested{SchemaVersion: "1.0", Reply: reply})
	if err != nil {
		return fmt.Errorf("write command: %w", err)
	}
	_, err = publishCommand(ctx, connect, contact.Event{
		SpecVersion: "1.0", ID: contact.EventID(contact.ReplyRequestedV1, reply.ID, ""), Source: "/" + force + "/contactd-reply",
		Type: contact.ReplyRequestedV1, Subject: reply.ID, Time: reply.RequestedAt, DataContentType: "application/json",
		DataSchema: "urn:contactd:schema:contact:1.0", PartitionKey: reply.Conversation, CorrelationID: reply.Conversation,
		Force: force, Data: raw,
	})
	if err != nil {
		return fmt.Errorf("ask for reply: %w", err)
	}
	return nil
}

var (
	errTaken    = errors.New("taken")
	errReplyEnd = errors.New("not sent")
)

// await prints the states of a reply until the platform has it or has not.
func (r replyCommand) await(ctx context.Context, p *program, cluster *kafka.Cluster, before map[int]int64, id string) error {
	asked := ctx
	ctx, cancel := context.WithTimeout(ctx, r.Wait)
	defer cancel()
	last := contact.ReplyState("")
	err := cluster.TailFrom(ctx, pipeline.TopicEvents, before, func(record kafka.Record) error {
		replied, ok := repliedOf(record, id)
		if !ok {
			return nil
		}
		last = replied.State
		p.printf("%s\n", tell.Plain(fmt.Sprintf("%s  %s", id, tell.State(replied))))
		switch replied.State {
		case contact.HandedOver, contact.Confirmed:
			return errTaken
		case contact.Failed, contact.Uncertain:
			return errReplyEnd
		default:
			return nil
		}
	})
	switch {
	case errors.Is(err, errTaken):
		return nil
	case errors.Is(err, errReplyEnd):
		err = fmt.Errorf("reply %s: %s", id, last)
	case err != nil:
	case asked.Err() != nil:
		err = fmt.Errorf("reply %s: not waited for any longer; contactd goes on with it", id)
	case last == "":
		err = fmt.Errorf("reply %s: nobody has taken it up in %v; is contactd running?", id, r.Wait)
	default:
		err = fmt.Errorf("reply %s: still %s after %v; contactd goes on trying", id, last, r.Wait)
	}
	if last == contact.Failed {
		return err
	}
	return unknownError{err}
}

// repliedOf reads a record if it tells of the reply.
func repliedOf(record kafka.Record, id string) (contact.Replied, bool) {
	var event contact.Event
	var replied contact.Replied
	if record.Err != nil || json.Unmarshal(record.Value, &event) != nil || event.Type != contact.RepliedV1 {
		return replied, false
	}
	return replied, json.Unmarshal(event.Data, &replied) == nil && replied.ReplyID == id
}

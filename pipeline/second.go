package pipeline

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"

	"contactd/channels"
	"contactd/classifiers"
	"contactd/contact"
)

// secondStep is the name of the step that asks for second opinions.
const secondStep = "second"

// secondTries is how often a message is judged in vain before it is left as it
// is. A judge that is away does not count: it is waited for.
const secondTries = 2

// SecondDeps are the parts of the second opinion: a judge that is too slow to
// be waited for before a message is published. It may raise a grade and never
// lowers one. Without Judge there is none.
type SecondDeps struct {
	// By is the judge's name without version, by which its answers are known; also
	// without Judge, for what it said before.
	By string
	// Judge tells by classifiers.Unavailable that it is away. It bounds its own
	// time and the number of messages that it has in hand.
	Judge classifiers.Classifier
	// Notes, if set, adds to the notes of a message that the judge has raised.
	Notes Noter
	// Events delivers the records of TopicEvents.
	Events message.Subscriber
	// Inbox keeps what it said, durably and once: the journal.
	Inbox channels.Inbox
	// MaxAge is how long after acceptance a message is still worth judging.
	MaxAge time.Duration
}

// Noter adds to the notes on a message what a later opinion shows;
// classifiers.Annotated is one. It takes nothing away and changes no grade.
type Noter interface {
	Again(message contact.Message, revised contact.Assessment) contact.Assessment
}

// published is a message as TopicEvents tells of it.
type published struct {
	event contact.Event
	data  contact.Received
	// standing is its grade by now, heard the highest that a machine gave it:
	// they differ when a person decided otherwise.
	standing, heard contact.Grade
}

var errStale = errors.New("ask for a second opinion: the message is too old by now")

// second is the step that judges published messages once more. A record is
// acknowledged when what came of it is durable, so that a crash repeats the
// question and never loses the answer; the journal keeps one answer for each
// message, so that a repeated question changes nothing.
func (p *Pipeline) second(env *message.Message) error {
	first, ok := p.worthJudging(env.Payload)
	if !ok {
		return nil
	}
	ctx, cancel := p.untilStopped(env.Context())
	defer cancel()
	if p.shared && p.decisions != nil {
		_, _, known, err := p.decisions.Begun(ctx, first.data.ConversationID)
		if err != nil || !known {
			return err // it is asked about by who has the conversation
		}
	}
	opinion, err := p.ask(ctx, first)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	p.deciding.Lock()
	defer p.deciding.Unlock()
	if first, err = p.sinceDecided(ctx, first, err); ctx.Err() != nil {
		return ctx.Err()
	}
	outcome, kept := p.weigh(first, opinion, err)
	if kept != nil {
		original, err := kept.original(accountOf(first.data))
		if err != nil {
			return err
		}
		err = p.insist(ctx, func(ctx context.Context) error {
			return p.secondly.Inbox.Accept(ctx, []channels.Original{original}, channels.Cursor{})
		})
		if err != nil {
			return err
		}
	}
	p.metrics.second.WithLabelValues(outcome).Inc()
	return nil
}

// worthJudging reads a record when a second opinion of it can matter: there are
// words, and the grade can still be raised. What cannot be read is the business
// of others.
func (p *Pipeline) worthJudging(record []byte) (first published, ok bool) {
	if json.Unmarshal(record, &first.event) != nil || first.event.Force != p.seal.force {
		return first, false
	}
	told := first.event.Type == contact.ReceivedV1 || first.event.Type == contact.RevisedV1
	if !told || first.event.Grade == nil || *first.event.Grade == contact.Emergency || json.Unmarshal(first.event.Data, &first.data) != nil {
		return first, false
	}
	first.standing, first.heard = *first.event.Grade, *first.event.Grade
	content := first.data.Content
	return first, first.data.Unreadable == nil && (classifiers.Legible(content.Text) || classifiers.Legible(content.Subject))
}

// ask asks the judge until it answers. A judge that is away is waited for as
// long as the answer is worth having; not at all when it will be away for longer,
// since what comes after would wait too, and be as late.
func (p *Pipeline) ask(ctx context.Context, first published) (contact.Opinion, error) {
	m := messageOf(first.data)
	var wait, waited time.Duration
	for tries := 1; ; {
		// Its age is less than nothing when the clock was ahead as it came.
		if max(p.now().Sub(first.data.Times.IngestedAt), waited)+wait > p.secondly.MaxAge {
			return contact.Opinion{}, errStale
		}
		waited += wait
		select {
		case <-time.After(wait):
		case <-ctx.Done():
		}
		opinion, err := p.judgeOnce(ctx, m)
		if err == nil || ctx.Err() != nil {
			return opinion, err
		}
		after, away := classifiers.IsUnavailable(err)
		switch {
		case away:
			wait = max(after, 100*time.Millisecond)
		case tries == secondTries:
			return contact.Opinion{}, err
		default:
			wait = 0
			tries++
		}
	}
}

// judgeOnce asks once. A panic's value may hold the contact's text, so its type
// alone is told.
func (p *Pipeline) judgeOnce(ctx context.Context, m contact.Message) (opinion contact.Opinion, err error) {
	defer func() {
		if value := recover(); value != nil {
			err = fmt.Errorf("judge: panic of type %T", value)
		}
	}()
	return p.secondly.Judge.Grade(ctx, m)
}

// weigh says what an answer means, and what is to be kept of it: nothing when
// the grade stands.
func (p *Pipeline) weigh(first published, opinion contact.Opinion, err error) (outcome string, kept *laterOpinion) {
	standing := first.standing
	after := classifiers.Revise(first.data.Classification.Assessment, opinion, p.now())
	opinion = after.Opinions[len(after.Opinions)-1] // made safe to believe
	switch {
	case errors.Is(err, errStale):
		return "stale", nil
	case err != nil || opinion.Failed != "":
		if err == nil {
			err = fmt.Errorf("it answered, and the answer is worth nothing (%s)", opinion.Failed)
		}
		p.log.Warn("no second opinion", "message_id", first.data.ContactID, "err", err)
		return "failed", nil
	case after.Grade.Above(standing) && !opinion.Grade.Above(first.heard):
		return "same", nil // a person has decided against as much
	case after.Grade.Above(standing):
		if p.secondly.Notes != nil {
			after.Notes = p.secondly.Notes.Again(messageOf(first.data), after).Notes
		}
		return "raised", p.raised(first, after)
	case slices.Contains(opinion.Signs, classifiers.Doubtful) || !classifiers.Whole(after):
		return "same", nil
	case standing.Above(opinion.Grade):
		return "suggested", p.suggested(first, opinion)
	default:
		return "same", nil
	}
}

// unasked keeps a step that fails from holding its partition for ever: nothing
// but the journal or the end of the program makes it fail, except a defect.
func (p *Pipeline) unasked(next message.HandlerFunc) message.HandlerFunc {
	return func(env *message.Message) (produced []*message.Message, err error) {
		defer func() {
			if value := recover(); value != nil {
				p.log.Error("second opinion given up", "err", fmt.Sprintf("panic of type %T", value))
				p.metrics.second.WithLabelValues("failed").Inc()
				err = nil
			}
		}()
		return next(env)
	}
}

// messageOf is the message that an event tells of, as far as a classifier
// needs it. Spans count the text of the event.
func messageOf(data contact.Received) contact.Message {
	m := contact.Message{
		ID: data.ContactID, Channel: data.Channel.Channel, PlatformID: data.PlatformMessageID, Conversation: data.ConversationID,
		AcceptedAt: data.Times.IngestedAt, Subject: data.Content.Subject, Text: data.Content.Text, Authored: data.Content.NewText,
		Fields: data.Content.Fields, Attachments: data.Content.Attachments, Locations: data.Locations, Covert: data.Covert,
		Automatic: data.Automatic, Language: data.Channel.Language, Flags: data.Flags, Revision: data.Revision,
	}
	if m.Authored == "" {
		m.Authored = m.Text
	}
	for i, party := range data.Parties {
		each := contact.Sender{Name: party.Name, Address: strings.Join(append(append([]string(nil), party.Emails...), party.Handles...), " ")}
		if i == 0 {
			m.Sender, m.SafeToContact, m.Phones, m.Emails = each, party.SafeToContact, party.Phones, party.Emails
			continue
		}
		m.Recipients = append(m.Recipients, each)
	}
	return m
}

package pipeline

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"

	"contactd/channels"
	"contactd/contact"
)

// AssessmentsChannel is the pseudo-channel whose originals are second opinions
// that raised a grade. So they are durable, chained, in their conversation's
// order and published like what people write.
const AssessmentsChannel = "assessments"

// Judge is asked about a message after it was published. It may be slow and
// may fail: the published grade stands then.
type Judge interface {
	Grade(ctx context.Context, message contact.Message) (contact.Opinion, error)
}

// SecondDeps are the parts of a second opinion. Without Judge nobody is asked.
type SecondDeps struct {
	Judge Judge
	// Events delivers the records of TopicEvents.
	Events message.Subscriber
	// Inbox takes what was raised; the journal is one.
	Inbox channels.Inbox
}

// secondWithin is how old a message may be to be judged again: after that
// people have looked, and a judge that has fallen behind must catch up.
const secondWithin = time.Hour

// raised is an original of AssessmentsChannel.
type raised struct {
	// First is the event that told of the message, its text bounded.
	First   contact.Event   `json:"first"`
	Opinion contact.Opinion `json:"opinion"`
	At      time.Time       `json:"at"`
}

// second is the step that asks the judge. Only a higher grade has an effect:
// what fails, agrees or would lower is counted. It is acknowledged when what
// was raised is durable.
func (p *Pipeline) second(env *message.Message) error {
	var first contact.Event
	if err := json.Unmarshal(env.Payload, &first); err != nil {
		return Permanent(errors.New("read event: it is no CloudEvent"))
	}
	if first.Force != p.seal.force || first.Grade == nil || first.Type != contact.ReceivedV1 && first.Type != contact.RevisedV1 {
		return nil
	}
	var data contact.Received
	if err := json.Unmarshal(first.Data, &data); err != nil {
		return Permanent(errors.New("read event: its data are of another form"))
	}
	if !contact.Emergency.Above(*first.Grade) || data.Unreadable != nil || data.Content.Text == "" && data.Content.Subject == "" {
		return nil
	}
	if p.now().Sub(first.Time) > secondWithin {
		p.metrics.second.WithLabelValues("late").Inc()
		return nil
	}
	ctx, cancel := p.untilStopped(env.Context())
	defer cancel()
	opinion, err := p.secondly.Judge.Grade(ctx, messageOf(data))
	switch {
	case err != nil:
		p.metrics.second.WithLabelValues("failed").Inc()
		p.log.Warn("no second opinion; the grade stands", "message_id", data.ContactID, "err", err)
		return nil
	case opinion.Failed != "" || opinion.Grade == *first.Grade:
		p.metrics.second.WithLabelValues("same").Inc()
		return nil
	case !opinion.Grade.Above(*first.Grade):
		p.metrics.second.WithLabelValues("lower").Inc() // a person lowers, nobody else
		return nil
	}
	p.metrics.second.WithLabelValues("raised").Inc()
	return p.raise(env.Context(), first, data, opinion)
}

// messageOf is the message that an event tells of, as far as it is judged.
func messageOf(data contact.Received) contact.Message {
	return contact.Message{
		ID: data.ContactID, Conversation: data.ConversationID, Channel: data.Channel.Channel, Language: data.Channel.Language,
		Subject: data.Content.Subject, Text: data.Content.Text, Authored: data.Content.NewText,
		Automatic: data.Automatic, Flags: data.Flags,
	}
}

// raisedText bounds the text that is kept beside a second opinion, in bytes:
// the first event and the original have it all.
const raisedText = 16 << 10

// raise keeps what was raised. Its identity is that of the event, so that a
// message is raised once however often the event is delivered.
func (p *Pipeline) raise(ctx context.Context, first contact.Event, data contact.Received, opinion contact.Opinion) error {
	if cutTo(&data.Content.Text, raisedText) && !flagged(data.Flags, contact.Truncated) {
		data.Flags = append(data.Flags, contact.Truncated)
	}
	cutTo(&data.Content.NewText, raisedText)
	raw, err := json.Marshal(data)
	if err != nil {
		return fmt.Errorf("keep second opinion: %w", err)
	}
	first.Data = raw
	content, err := json.Marshal(raised{First: first, Opinion: opinion, At: p.now().UTC()})
	if err != nil {
		return fmt.Errorf("keep second opinion: %w", err)
	}
	err = p.secondly.Inbox.Accept(ctx, []channels.Original{{
		Channel: AssessmentsChannel, Account: data.Channel.Kind, ID: first.ID, MediaType: "application/json", Bytes: content,
	}}, channels.Cursor{})
	if err != nil {
		return fmt.Errorf("keep second opinion: %w", err)
	}
	return nil
}

// readRaised reads an original of AssessmentsChannel. What is wrong with one
// is the disk's fault, never a person's, and permanent.
func readRaised(e Entry) (r raised, data contact.Received, err error) {
	if err := json.Unmarshal(e.Original.Bytes, &r); err != nil {
		return r, data, Permanent(errors.New("read second opinion: it is damaged"))
	}
	if r.First.ID == "" || r.First.ID != e.Original.ID || r.First.Grade == nil {
		return r, data, Permanent(errors.New("read second opinion: it is another than its identity says"))
	}
	if err := json.Unmarshal(r.First.Data, &data); err != nil || data.ConversationID == "" || data.ContactID == "" {
		return r, data, Permanent(errors.New("read second opinion: it is of no message"))
	}
	return r, data, nil
}

// sortRaised gives a second opinion its place in the conversation, in the lane
// of its grade.
func (p *Pipeline) sortRaised(ctx context.Context, e Entry) error {
	r, data, err := readRaised(e)
	if err != nil {
		return err
	}
	if _, err := p.journal.Place(ctx, e.Seq, Placement{Key: data.ConversationID, Known: true}); err != nil {
		return err
	}
	return p.journal.Sort(ctx, e.Seq, lane(contact.Message{}, r.assessment(data)))
}

// assessment is the earlier one with the opinion that raised it.
func (r raised) assessment(data contact.Received) contact.Assessment {
	a := data.Classification.Assessment
	a.Grade = contact.Highest(*r.First.Grade, r.Opinion.Grade)
	a.Reasons = slices.Concat(r.Opinion.Reasons, a.Reasons)
	a.Opinions = append(slices.Clone(a.Opinions), r.Opinion)
	a.JudgedBy = append(slices.Clone(a.JudgedBy), r.Opinion.By)
	for _, category := range r.Opinion.Categories {
		if !slices.Contains(a.Categories, category) {
			a.Categories = append(slices.Clone(a.Categories), category)
		}
	}
	if a.Grade.Above(contact.Scheduled) {
		a.Signpost = nil // nothing urgent is for somebody else
	}
	a.At = r.At
	return a
}

// raised seals a second opinion: the later assessment, and the alarm if it is
// an emergency now.
func (s sealer) raised(e Entry) (alert *contact.Event, event contact.Event, err error) {
	r, data, err := readRaised(e)
	if err != nil {
		return nil, event, err
	}
	assessment := r.assessment(data)
	data.Classification = s.classification(assessment)
	shorten(&data)
	event = r.First
	event.ID = contact.EventID(contact.AssessedV1, data.ContactID, r.First.ID)
	event.Type, event.Time, event.Grade = contact.AssessedV1, r.At, &assessment.Grade
	event.Sequence = fmt.Sprint(e.Sequence)
	event.PartitionKey, event.CorrelationID, event.CausationID = e.Conversation, e.Conversation, r.First.ID
	event.Data, err = json.Marshal(contact.Assessed{
		SchemaVersion: schemaVersion, ContactID: data.ContactID, ConversationID: e.Conversation,
		Classification: data.Classification, Previous: *r.First.Grade, ChangeReason: "a second opinion is higher",
	})
	if err != nil {
		return nil, event, fmt.Errorf("write event: %w", err)
	}
	if assessment.Grade != contact.Emergency {
		return nil, event, nil
	}
	data.Escalation = &contact.Escalation{Target: "fim", Reason: "graded emergency by a second opinion", RequestedAction: "assess"}
	escalated := event
	escalated.ID = contact.EventID(contact.EscalatedV1, data.ContactID, r.First.ID)
	escalated.Type, escalated.Sequence, escalated.CausationID = contact.EscalatedV1, "", event.ID
	escalated, err = s.fit(escalated, data)
	return &escalated, event, err
}

// passOver lets go of records that no second opinion can be had of: the grade
// stands, and nobody waits behind them.
func (p *Pipeline) passOver(next message.HandlerFunc) message.HandlerFunc {
	return func(env *message.Message) ([]*message.Message, error) {
		produced, err := next(env)
		if err != nil && isPermanent(err) {
			p.metrics.second.WithLabelValues("failed").Inc()
			p.log.Warn("no second opinion; the grade stands", "place", env.Metadata.Get(MetaPartition)+"/"+env.Metadata.Get(MetaOffset), "err", err)
			return nil, nil
		}
		return produced, err
	}
}

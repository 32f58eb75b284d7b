package pipeline

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"contactd/channels"
	"contactd/contact"
)

// AssessmentsChannel is the pseudo-channel whose originals are what a judge, a
// machine or a person, said of a message after it was published: the JSON of a
// laterOpinion. So a later assessment, and a suggestion, are durable, kept once,
// chained, in their conversation's order and published like what people write.
const AssessmentsChannel = "assessments"

// laterOpinion holds what is to be published; one of Assessed and Suggested is
// set. It is complete: nothing of the message is needed again.
type laterOpinion struct {
	// Source is that of the message's event, Cause the id of the event that led
	// here: the message's, or of a person the command.
	Source string `json:"source"`
	Cause  string `json:"cause"`
	// Asked is the identity of a person's command.
	Asked string `json:"asked,omitempty"`
	// By is the judge without its version, of a person with a number.
	By        string             `json:"by"`
	Assessed  *contact.Assessed  `json:"assessed,omitempty"`
	Suggested *contact.Suggested `json:"suggested,omitempty"`
	// Escalated is the data of contact.escalated.v1 when it became an emergency.
	Escalated json.RawMessage `json:"escalated,omitempty"`
}

// What is kept must stay under channels.InlineLimit, so that it is carried in
// memory: the bytes of what an alert holds of the message, and the reasons of
// the assessment, the most serious first, with its places and notes.
const (
	escalatedLimit = channels.InlineLimit / 2
	assessedLimit  = channels.InlineLimit/2 - 4<<10 // room for the rest of what is kept
	laterReasons   = 10
	laterQuote     = 64 // characters, of one note
)

// raised is what a higher opinion makes of a message.
func (p *Pipeline) raised(told published, after contact.Assessment) *laterOpinion {
	data := told.data
	data.Classification = p.seal.classification(after)
	first(&data.Classification.Reasons, laterReasons)
	kept := &laterOpinion{Source: told.event.Source, Cause: told.event.ID, By: p.secondly.By}
	if data.Classification.Grade == contact.Emergency {
		kept.Escalated = escalation(data)
	}
	kept.Assessed = assessed(data)
	kept.Assessed.Previous, kept.Assessed.ChangeReason = told.standing, "a second opinion is higher"
	return kept
}

// assessed is the assessment of a message with its places, under its limit:
// quotes of notes and what is stated about places are cut for it.
func assessed(data contact.Received) *contact.Assessed {
	shorten(&data)
	for quote := laterQuote; ; quote /= 2 {
		cutStated(&data, quote*4)
		cutNotes(&data.Classification.Notes, quote)
		a := &contact.Assessed{
			SchemaVersion: schemaVersion, ContactID: data.ContactID, ConversationID: data.ConversationID,
			Classification: data.Classification, Locations: data.Locations,
		}
		if raw, err := json.Marshal(a); err != nil || len(raw) <= assessedLimit || quote == 0 {
			return a
		}
	}
}

// escalation is the data of an alert. What is too much for it is in the
// message's own event: text first, and then all but the words, the writer, the
// first places and the notes.
func escalation(data contact.Received) json.RawMessage {
	data.Escalation = &contact.Escalation{Target: "fim", Reason: "graded emergency", RequestedAction: "assess"}
	event, _ := fitTo(contact.Event{}, data, escalatedLimit) // was JSON before, so it can be written
	if len(event.Data) <= escalatedLimit {
		return event.Data
	}
	data.Content.Attachments, data.Content.Fields, data.Reply = nil, nil, nil
	first(&data.Locations, 5)
	first(&data.Parties, 1)
	for i := range data.Parties {
		p := &data.Parties[i]
		first(&p.Emails, 1)
		first(&p.Handles, 1)
		first(&p.Phones, 1)
	}
	if !slices.Contains(data.Flags, contact.Truncated) {
		data.Flags = append(data.Flags[:len(data.Flags):len(data.Flags)], contact.Truncated)
	}
	event, _ = fitTo(contact.Event{}, data, escalatedLimit)
	return event.Data
}

// suggested is what a lower opinion makes of a message: the grade stands.
func (p *Pipeline) suggested(told published, opinion contact.Opinion) *laterOpinion {
	short := contact.Received{Classification: contact.Classification{Assessment: contact.Assessment{Reasons: opinion.Reasons}}}
	first(&short.Classification.Reasons, laterReasons)
	shorten(&short)
	opinion.Reasons = short.Classification.Reasons
	return &laterOpinion{
		Source: told.event.Source, Cause: told.event.ID, By: p.secondly.By,
		Suggested: &contact.Suggested{
			SchemaVersion: schemaVersion, ContactID: told.data.ContactID, ConversationID: told.data.ConversationID,
			Standing: told.standing, Opinion: opinion, At: p.now().UTC(),
		},
	}
}

// original is what the journal keeps. Its identity is that of the message and
// the judge: of two answers about one message the first counts. Account is
// accountOf the message.
func (l *laterOpinion) original(account string) (channels.Original, error) {
	body, err := json.Marshal(l)
	if err != nil {
		return channels.Original{}, fmt.Errorf("write later assessment: %w", err)
	}
	message, _ := l.about()
	return channels.Original{
		Channel: AssessmentsChannel, Account: account, ID: message + "/" + l.By, MediaType: "application/json", Bytes: body,
	}, nil
}

// accountOf is the account of AssessmentsChannel for what is said of a message.
func accountOf(data contact.Received) string {
	return data.Provenance.Connector + "/" + data.Channel.Account
}

// about is the message that it is about, and its conversation; both empty when
// that is not clear.
func (l *laterOpinion) about() (message, conversation string) {
	switch {
	case l.Assessed != nil && l.Suggested == nil:
		return l.Assessed.ContactID, l.Assessed.ConversationID
	case l.Suggested != nil && l.Assessed == nil:
		return l.Suggested.ContactID, l.Suggested.ConversationID
	}
	return "", ""
}

// readLater reads an original of AssessmentsChannel. What is wrong with one is
// the disk's fault, never a person's, and permanent.
func readLater(e Entry) (l laterOpinion, message, conversation string, err error) {
	if err := json.Unmarshal(e.Original.Bytes, &l); err != nil {
		return l, "", "", Permanent(fmt.Errorf("read later assessment: %w", unworded(err, e.Original.Bytes)))
	}
	message, conversation = l.about()
	if message == "" || conversation == "" || e.Original.ID != message+"/"+l.By {
		return l, "", "", Permanent(errors.New("read later assessment: it is another than its identity says"))
	}
	return l, message, conversation, nil
}

// sortLater gives a later assessment its place in the conversation. One that
// makes an emergency goes before everything; a suggestion can wait.
func (p *Pipeline) sortLater(ctx context.Context, e Entry) error {
	l, _, conversation, err := readLater(e)
	if err != nil {
		return err
	}
	if _, err := p.journal.Place(ctx, e.Seq, Placement{Key: conversation, Known: true}); err != nil {
		return err
	}
	lane := LaneLow
	if l.Assessed != nil {
		lane = LaneNormal
		if l.Assessed.Classification.Grade == contact.Emergency {
			lane = LaneEmergency
		}
	}
	return p.journal.Sort(ctx, e.Seq, lane)
}

// later gives the events of a later assessment. Their ids are made of the
// message's and the judge's, and differ from those of the first assessment.
func (s sealer) later(e Entry) (alert *contact.Event, event contact.Event, err error) {
	l, message, _, err := readLater(e)
	if err != nil {
		return nil, event, err
	}
	var data any = l.Suggested
	eventType := contact.SuggestedV1
	var grade *contact.Grade
	if l.Assessed != nil {
		data, eventType, grade = l.Assessed, contact.AssessedV1, &l.Assessed.Classification.Grade
	}
	raw, err := json.Marshal(data)
	if err != nil {
		return nil, event, fmt.Errorf("write event: %w", err)
	}
	event = s.begin(eventType, contact.EventID(eventType, message, l.By), message, e.AcceptedAt)
	event.Source, event.CausationID, event.Grade = l.Source, l.Cause, grade
	event.PartitionKey, event.CorrelationID = e.Conversation, e.Conversation
	event.Sequence, event.Data = strconv.FormatInt(e.Sequence, 10), raw
	if l.Escalated != nil {
		escalated := event
		escalated.ID, escalated.Type = contact.EventID(contact.EscalatedV1, message, l.By), contact.EscalatedV1
		escalated.CausationID, escalated.Sequence, escalated.Data = event.ID, "", l.Escalated
		alert = &escalated
	}
	return alert, event, nil
}

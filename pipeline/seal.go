package pipeline

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"contactd/contact"
)

// schemaVersion is the minor version of the data of every event.
const schemaVersion = "1.0"

// dataSchema names the schema in the event; `contactd schema json` prints it.
const dataSchema = "urn:contactd:schema:contact:" + schemaVersion

// sealer turns judged messages into events of the contract.
type sealer struct {
	force   string
	version string // of contactd
	config  Config
}

// unreadable tells the event of a message that nobody could read from the one
// of when it was read after all.
const unreadable = "unreadable"

// received is the one event of every accepted message, revisions of others
// included.
func (s sealer) received(e Entry, j judged) (contact.Event, error) {
	data := s.data(e, j)
	event := s.event(typeOf(j.message), e, j)
	event.Sequence = strconv.FormatInt(e.Sequence, 10)
	if wordless(j.message) {
		event.Grade = nil // the grade of what was revised stands
	}
	if j.message.Unreadable != "" {
		// When it is read after all, that is news and not a repetition.
		event.ID = contact.EventID(contact.ReceivedV1, j.message.ID, unreadable)
	}
	return s.fit(event, data)
}

// escalated is the copy of an emergency for contact.alerts. It holds all that
// contact.received.v1 holds, because it may arrive first.
func (s sealer) escalated(e Entry, j judged) (contact.Event, error) {
	data := s.data(e, j)
	data.Escalation = &contact.Escalation{
		Target:          "fim",
		Reason:          "graded emergency",
		RequestedAction: "assess",
	}
	event := s.event(contact.EscalatedV1, e, j)
	event.CausationID = contact.EventID(typeOf(j.message), j.message.ID, "")
	return s.fit(event, data)
}

// typeOf is the type of the event that tells of a message.
func typeOf(m contact.Message) string {
	if m.Revision != nil {
		return contact.RevisedV1
	}
	return contact.ReceivedV1
}

// wordless reports whether a message revises another without new text: there
// is nothing in it to be judged.
func wordless(m contact.Message) bool { return m.Revision != nil && m.Text == "" }

// event is that of a message, without its data.
func (s sealer) event(eventType string, e Entry, j judged) contact.Event {
	event := s.begin(eventType, contact.EventID(eventType, j.message.ID, ""), j.message.ID, e.AcceptedAt)
	event.Source = s.source(e.Original.Channel, e.Original.Account)
	event.PartitionKey, event.CorrelationID = e.Conversation, e.Conversation
	event.Grade = &j.assessment.Grade
	return event
}

// begin gives what every event has.
func (s sealer) begin(eventType, id, subject string, at time.Time) contact.Event {
	return contact.Event{
		SpecVersion: "1.0", ID: id, Type: eventType, Subject: subject, Time: at.UTC(),
		DataContentType: "application/json", DataSchema: dataSchema, Force: s.force, Marking: s.config.Marking,
	}
}

func (s sealer) source(channel, account string) string {
	return "/" + s.force + "/" + channel + "/" + account
}

func (s sealer) data(e Entry, j judged) contact.Received {
	m := j.message
	data := contact.Received{
		SchemaVersion:     schemaVersion,
		ContactID:         m.ID,
		ConversationID:    e.Conversation,
		PlatformMessageID: m.PlatformID,
		Channel:           contact.ChannelData{Channel: m.Channel, Language: languageOf(m, j.assessment)},
		Times: contact.Times{
			SentAt:             known(m.SentAt),
			PlatformReceivedAt: known(m.ReceivedAt),
			IngestedAt:         e.AcceptedAt.UTC(),
		},
		Provenance: contact.Provenance{
			Connector:        e.Original.Channel,
			ConnectorVersion: s.version,
			RawRef:           s.originalRef(e),
			RawSHA256:        e.SHA256,
			RawBytes:         m.Original.Size,
			RawMediaType:     m.Original.MediaType,
			PrevRecordHash:   e.PrevHash,
			SignatureChecks:  m.Checks,
			Authenticity:     m.Authenticity,
		},
		Parties:        parties(m),
		Content:        s.content(m),
		Classification: s.classification(j.assessment),
		Locations:      slices.Concat(m.Locations, j.assessment.Locations),
		Reply:          rulesOf(m),
		Covert:         m.Covert,
		Automatic:      m.Automatic,
		Flags:          m.Flags,
		Revision:       m.Revision,
	}
	if reply := j.assessment.SafeToReply; reply != nil && reply.Safe == "no" {
		data.Parties[0].SafeToContact = "no" // one no outweighs any yes
	}
	if data.Reply != nil {
		data.Reply.PeopleOnly = data.Reply.PeopleOnly || careful(m, j.assessment)
	}
	if m.Unreadable != "" {
		data.Unreadable = &contact.Unreadable{Reason: m.Unreadable, Attempts: e.Attempts}
	}
	if late := e.AcceptedAt.Sub(m.ReceivedAt); !m.ReceivedAt.IsZero() && late > s.config.LateAfter {
		data.Late = &contact.Late{Seconds: int64(late / time.Second), Reason: "backfill"}
	}
	return data
}

func (s sealer) classification(a contact.Assessment) contact.Classification {
	// The contract promises lists, not null.
	if a.Categories == nil {
		a.Categories = []string{}
	}
	if a.Reasons == nil {
		a.Reasons = []contact.Reason{}
	}
	if a.JudgedBy == nil {
		a.JudgedBy = []string{}
	}
	a.At = a.At.UTC()
	return contact.Classification{Assessment: a, LocalGradeCode: s.config.GradeCodes[a.Grade.String()]}
}

func (s sealer) content(m contact.Message) contact.Content {
	content := contact.Content{Subject: m.Subject, Summary: cut(m.Authored, summaryLimit), Text: m.Text, Fields: m.Fields}
	if m.Authored != m.Text {
		content.NewText = m.Authored
	}
	for _, a := range m.Attachments {
		a.Ref = s.config.BaseURL + "/blobs/" + a.SHA256
		content.Attachments = append(content.Attachments, a)
	}
	return content
}

func (s sealer) originalRef(e Entry) string {
	return s.config.BaseURL + "/originals/" + strconv.FormatInt(e.Seq, 10)
}

// rejected is the record of an original that no step could handle.
func (s sealer) rejected(e Entry, cause error) (contact.Event, error) {
	id := contact.MessageID(e.Original.Channel, e.Original.Account, e.Original.ID)
	data := contact.Rejected{
		SchemaVersion: schemaVersion,
		ContactID:     id,
		Channel:       kindOf(e.Original.Channel),
		Account:       e.Original.Account,
		Error:         cause.Error(),
		Attempts:      e.Attempts + 1,
		RawRef:        s.originalRef(e),
		RawSHA256:     e.SHA256,
		RawBytes:      sizeOf(e.Original),
	}
	if len(e.Original.Bytes) <= 128<<10 {
		data.Original = e.Original.Bytes
	}
	raw, err := json.Marshal(data)
	if err != nil {
		return contact.Event{}, fmt.Errorf("write event: %w", err)
	}
	event := s.event(contact.RejectedV1, e, judged{message: contact.Message{ID: id}})
	event.PartitionKey, event.CorrelationID = id, id
	event.Data = raw
	return event, nil
}

// parties are the sender and the people it was addressed to.
func parties(m contact.Message) []contact.Party {
	sender := party("informant", m.Channel.Kind, m.Sender)
	if m.SafeToContact != "" {
		sender.SafeToContact = m.SafeToContact
	}
	sender.Phones = m.Phones
	for _, address := range m.Emails {
		if !slices.Contains(sender.Emails, address) {
			sender.Emails = append(sender.Emails, address)
		}
	}
	parties := []contact.Party{sender}
	for _, each := range m.Recipients {
		parties = append(parties, party("recipient", m.Channel.Kind, each))
	}
	return parties
}

func party(role, kind string, s contact.Sender) contact.Party {
	p := contact.Party{Role: role, Name: s.Name, SafeToContact: "unknown"}
	switch {
	case s.Address == "":
	case kind == "email" || kind == "webform":
		p.Emails = []string{s.Address}
	default:
		p.Handles = []string{s.Address}
	}
	return p
}

// languageOf is what the channel said of the language, or else what a
// classifier saw.
func languageOf(m contact.Message, a contact.Assessment) string {
	if m.Language != "" {
		return m.Language
	}
	for _, opinion := range a.Opinions {
		if opinion.Language != "" {
			return opinion.Language
		}
	}
	return ""
}

// rulesOf says how a message can be answered, nil when its channel did not say.
func rulesOf(m contact.Message) *contact.ReplyRules {
	if rules := m.Answer.Rules; rules.Allowed || rules.Reason != "" {
		return &rules
	}
	return nil
}

// known leaves an unknown time out of the event.
func known(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

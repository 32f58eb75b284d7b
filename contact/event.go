package contact

import (
	"encoding/json"
	"time"
)

// Event types. Within a major version only optional fields are added; readers
// ignore unknown fields and treat unknown words as "other".
const (
	ReceivedV1  = "contact.received.v1"  // a message came in, with its first assessment
	AssessedV1  = "contact.assessed.v1"  // a later assessment, by a machine or a person
	SuggestedV1 = "contact.suggested.v1" // a later judgement that is lower: the grade stands
	EscalatedV1 = "contact.escalated.v1" // a rule acted: self-contained, on contact.alerts, perhaps before the event that caused it
	RejectedV1  = "contact.rejected.v1"  // no step could handle it: original bytes and error
	RevisedV1   = "contact.revised.v1"   // its sender, or the platform, changed a message
	RepliedV1   = "contact.replied.v1"   // a reply has come to another state
	AbandonedV1 = "contact.abandoned.v1" // a person vanished in the middle of a conversation
	DegradedV1  = "channel.degraded.v1"  // a channel account stopped working
	RestoredV1  = "channel.restored.v1"  // and works again

	// Commands on contact.replies, from whoever answers.
	ReplyRequestedV1 = "contact.reply.requested.v1" // send this
	SeenV1           = "contact.seen.v1"            // a handler has looked at it
	GradedV1         = "contact.graded.v1"          // a handler has graded it

	// Signals on contact.signals, which may be lost.
	PresenceV1 = "desk.presence.v1"  // who is at the desk
	TypingV1   = "contact.typing.v1" // somebody is writing
)

// Event is a CloudEvents 1.0 event in structured mode: the JSON of this struct
// is the value of a Kafka record. Source and ID together identify it and are
// the same when it is published again.
type Event struct {
	SpecVersion     string    `json:"specversion"`
	ID              string    `json:"id"`
	Source          string    `json:"source"`
	Type            string    `json:"type"`
	Subject         string    `json:"subject"`
	Time            time.Time `json:"time"`
	DataContentType string    `json:"datacontenttype"`
	DataSchema      string    `json:"dataschema"`

	// PartitionKey is the conversation (the Kafka key), or the channel account
	// for channel events.
	PartitionKey string `json:"partitionkey"`
	// Sequence counts the events of a conversation from "1" without gaps.
	// Channel events have none.
	Sequence string `json:"sequence,omitempty"`
	// CorrelationID is the conversation, CausationID the event that led here.
	CorrelationID string `json:"correlationid,omitempty"`
	CausationID   string `json:"causationid,omitempty"`
	Force         string `json:"force"`
	Grade         *Grade `json:"grade,omitempty"`
	Marking       string `json:"marking,omitempty"`

	Data json.RawMessage `json:"data"`
}

// Received is the data of contact.received.v1, with Revision set of
// contact.revised.v1 and, with Escalation set, of contact.escalated.v1.
// contact.rejected.v1 has its own, Rejected.
type Received struct {
	SchemaVersion  string `json:"schemaVersion"`
	ContactID      string `json:"contactId"`
	ConversationID string `json:"conversationId"`
	// PlatformMessageID is the provider's identity on the channel.
	PlatformMessageID string `json:"platformMessageId"`
	// TestMarker is true for a synthetic or exercise message.
	TestMarker bool `json:"testMarker"`

	Channel        ChannelData    `json:"channel"`
	Times          Times          `json:"times"`
	Late           *Late          `json:"late,omitempty"`
	Provenance     Provenance     `json:"provenance"`
	Parties        []Party        `json:"parties"`
	Content        Content        `json:"content"`
	Locations      []Location     `json:"locations,omitempty"`
	Classification Classification `json:"classification"`
	// Reply says how the message can be answered.
	Reply *ReplyRules `json:"reply,omitempty"`
	// Covert is set when the person must not be seen to be in contact, as the
	// channel knows: answer on this channel only, with nothing that shows or
	// sounds. What the words seem to say is in the notes.
	Covert bool `json:"covert,omitempty"`
	// Automatic is the kind of machine that sent it; absent for a person.
	Automatic Automatic `json:"automatic,omitempty"`
	// Flags are the reader's remarks.
	Flags []Flag `json:"flags,omitempty"`
	// Unreadable is set when a person must look because nothing could be read.
	Unreadable *Unreadable `json:"unreadable,omitempty"`
	// Revision is set when this changes an earlier contact.
	Revision *Revision `json:"revision,omitempty"`
	// Escalation is set on contact.escalated.v1 only.
	Escalation *Escalation `json:"escalation,omitempty"`
}

// ChannelData is the channel of a message with its language.
type ChannelData struct {
	Channel
	Language string `json:"language,omitempty"`
}

// Times of a message, UTC; absent when unknown.
type Times struct {
	SentAt             *time.Time `json:"sentAt,omitempty"`
	PlatformReceivedAt *time.Time `json:"platformReceivedAt,omitempty"`
	IngestedAt         time.Time  `json:"ingestedAt"`
}

// Late says that a message was taken long after the platform received it.
type Late struct {
	Seconds int64  `json:"seconds"`
	Reason  string `json:"reason"`
}

// Provenance is where the message came from and how it can be proved.
type Provenance struct {
	Connector        string `json:"connector"`
	ConnectorVersion string `json:"connectorVersion"`
	FetchMethod      string `json:"fetchMethod,omitempty"`
	// Raw is the original; PrevRecordHash chains it to the message before.
	RawRef          string       `json:"rawRef"`
	RawSHA256       string       `json:"rawSha256"`
	RawBytes        int64        `json:"rawBytes"`
	RawMediaType    string       `json:"rawMediaType"`
	PrevRecordHash  string       `json:"prevRecordHash,omitempty"`
	SignatureChecks []string     `json:"signatureChecks,omitempty"`
	Authenticity    Authenticity `json:"authenticity"`
}

// Party is a person in a contact.
type Party struct {
	Role          string   `json:"role"` // informant, or recipient
	Name          string   `json:"name,omitempty"`
	Handles       []string `json:"handles,omitempty"`
	Emails        []string `json:"emails,omitempty"`
	Phones        []string `json:"phones,omitempty"`
	SafeToContact string   `json:"safeToContact,omitempty"` // yes, no, unknown
}

// Content is what was said.
type Content struct {
	Subject string `json:"subject,omitempty"`
	// Summary is the start of the new text, at most 2,000 characters.
	Summary string `json:"summary"`
	// Text is everything readable, cut (with the flag "truncated") so that
	// the record stays under 256 kB; NewText leaves quoted history and the
	// signature out and is absent when equal to Text.
	Text    string `json:"text"`
	NewText string `json:"newText,omitempty"`
	// Fields are the answers of a structured form, in its order.
	Fields      []Field      `json:"fields,omitempty"`
	Attachments []Attachment `json:"attachments,omitempty"`
}

// Location is one statement about a place; a contact may hold several.
type Location struct {
	Role       string   `json:"role"`
	Form       string   `json:"form"`
	Value      string   `json:"value,omitempty"`
	Lat        *float64 `json:"lat,omitempty"`
	Lon        *float64 `json:"lon,omitempty"`
	Easting    *float64 `json:"easting,omitempty"`
	Northing   *float64 `json:"northing,omitempty"`
	UPRN       string   `json:"uprn,omitempty"`
	USRN       string   `json:"usrn,omitempty"`
	AccuracyM  *float64 `json:"accuracyM,omitempty"`
	Confidence string   `json:"confidence"`
	Source     string   `json:"source"`
	VerifiedBy string   `json:"verifiedBy,omitempty"`
	// Span is where the text says it, without its quote, which is Value; nil
	// when it does not come from the text. By names the program that found it
	// there, with its version.
	Span *Span  `json:"span,omitempty"`
	By   string `json:"by,omitempty"`
}

// Classification is the assessment as the contract shows it.
type Classification struct {
	Assessment
	// LocalGradeCode is the force's own name of the grade, if configured.
	LocalGradeCode string `json:"localGradeCode,omitempty"`
}

// Unreadable says that a person must look at the original.
type Unreadable struct {
	Reason   string `json:"reason"`
	Attempts int    `json:"attempts"`
}

// Escalation is an act by a rule.
type Escalation struct {
	Target          string `json:"target"`
	Reason          string `json:"reason"`
	RequestedAction string `json:"requestedAction"`
}

// Rejected is the data of contact.rejected.v1.
type Rejected struct {
	SchemaVersion string `json:"schemaVersion"`
	ContactID     string `json:"contactId"`
	Channel       string `json:"channel"`
	Account       string `json:"account"`
	// Error holds no secret and no contact's text.
	Error    string `json:"error"`
	Attempts int    `json:"attempts"`
	// Original is base64, absent above 128 kB; RawRef always leads to it.
	Original  []byte `json:"original,omitempty"`
	RawRef    string `json:"rawRef"`
	RawSHA256 string `json:"rawSha256"`
	RawBytes  int64  `json:"rawBytes"`
}

// ChannelState is the data of channel.degraded.v1 and channel.restored.v1.
type ChannelState struct {
	SchemaVersion string `json:"schemaVersion"`
	Channel       string `json:"channel"`
	Account       string `json:"account"`
	// LastGoodAt is the last time the platform was known to be reached.
	LastGoodAt *time.Time `json:"lastGoodAt,omitempty"`
	// Since is when it degraded; for a restored channel, Until ends the gap.
	Since time.Time  `json:"since"`
	Until *time.Time `json:"until,omitempty"`
	// Error holds no secret.
	Error string `json:"error,omitempty"`
}

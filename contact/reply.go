package contact

import "time"

// Reply is an answer to a conversation, on the channel that it came by.
type Reply struct {
	// ID identifies the reply for good: ReplyID of the conversation and what
	// tells its replies apart. The same id is never sent twice.
	ID string `json:"replyId"`
	// Conversation is what is answered; InReplyTo the message, empty for the
	// latest. Only with a Way it matters where that message leads.
	Conversation string `json:"conversationId"`
	InReplyTo    string `json:"contactId,omitempty"`
	// Text is what the person reads: plain text, lines ended by \n.
	Text string `json:"text"`
	// Way is how it is answered where a platform knows several ways, one of
	// ReplyRules.Ways; empty for the channel's usual one.
	Way Way `json:"way,omitempty"`
	// Attachments lie in the blob folder; SHA256 and Name are needed.
	Attachments []Attachment `json:"attachments,omitempty"`
	// Author is the handler's name at the desk, for the audit; SignedAs what
	// the person sees, empty for the channel's own signature.
	Author   string `json:"author,omitempty"`
	SignedAs string `json:"signedAs,omitempty"`
	// Automatic is set for what no person wrote. A channel never sends one
	// where a platform demands a human; one that is held back is told nowhere.
	Automatic bool `json:"automatic,omitempty"`
	// RequestedAt is when the handler sent it off. ExpiresAt, if set, is when
	// it must no longer be sent: it fails then.
	RequestedAt time.Time  `json:"requestedAt"`
	ExpiresAt   *time.Time `json:"expiresAt,omitempty"`
}

// ReplyID derives the identity of a reply from its conversation and what the
// front end tells its replies apart by.
func ReplyID(conversation, which string) string { return derive("r-", conversation, which) }

// Way is a way of answering beside the usual one.
type Way string

// The ways of answering.
const (
	Privately Way = "private" // to the writer alone, of what was written in public
	Hide      Way = "hide"    // no answer: the public no longer sees the message
	Show      Way = "show"    // the public sees it again
)

// Silent reports whether a way sends no text.
func (w Way) Silent() bool { return w == Hide || w == Show }

// ReplyState is how far a reply has come.
type ReplyState string

// The states of a reply. Confirmed, Failed are final, but a platform may take
// a hand-over back: a bounce turns HandedOver and Confirmed into Failed.
const (
	Queued     ReplyState = "queued"      // durable here, not sent yet
	HandedOver ReplyState = "handed_over" // the platform has taken it
	Confirmed  ReplyState = "confirmed"   // it reached the person's device or mailbox
	Failed     ReplyState = "failed"      // not sent, or came back: a person must act
	Uncertain  ReplyState = "unknown"     // perhaps sent: looked up, never sent again blindly
)

// Outcome is a change of a reply's state, told by a channel or a step.
type Outcome struct {
	ReplyID string
	State   ReplyState
	// Reason says why, in words that hold neither secret nor contact's text;
	// for Failed always set.
	Reason string
	// PlatformID is the provider's identity of what was sent.
	PlatformID string
	// At is when it happened.
	At time.Time
}

// ReplyRules say who may answer a message, and with what. Front ends refuse
// early what the channel would refuse late.
type ReplyRules struct {
	// PeopleOnly is set when an answer that nobody has thought about could
	// endanger the person: nothing automatic is sent in the conversation from
	// then on.
	PeopleOnly bool `json:"peopleOnly,omitempty"`
	// Allowed is false when there is no way to answer; Reason then says why,
	// such as "no_address", "window_closed", "answers_elsewhere". A reason
	// beside true closes the usual way and leaves those in Ways.
	Allowed bool   `json:"allowed"`
	Reason  string `json:"reason,omitempty"`
	// To is who would get the answer.
	To []string `json:"to,omitempty"`
	// TextLimit is in characters, 0 for none worth naming.
	TextLimit int `json:"textLimit,omitempty"`
	// Attachments: how many, and how large together in bytes; 0 for none.
	AttachmentLimit int   `json:"attachmentLimit,omitempty"`
	AttachmentBytes int64 `json:"attachmentBytes,omitempty"`
	// MediaTypes that may be attached, such as "image/*"; empty for any.
	MediaTypes []string `json:"mediaTypes,omitempty"`
	// Ways are the other ways of answering.
	Ways []Way `json:"ways,omitempty"`
}

// Answer is what a channel needs to know to answer a message later, kept with
// the conversation; the latest counts. Only the channel that made it reads it.
type Answer struct {
	// Address is the channel's own encoding, at most AnswerLimit bytes: chat
	// session, mail headers, platform user. Empty: the message changes nothing
	// about how the conversation is answered.
	Address string
	Rules   ReplyRules
}

// AnswerLimit is the size in bytes of an Answer's address.
const AnswerLimit = 4 << 10

// Requested is the data of contact.reply.requested.v1, a command on
// contact.replies: the reply itself.
type Requested struct {
	SchemaVersion string `json:"schemaVersion"`
	Reply
}

// Replied is the data of contact.replied.v1: one change of a reply's state.
type Replied struct {
	SchemaVersion  string     `json:"schemaVersion"`
	ReplyID        string     `json:"replyId"`
	ConversationID string     `json:"conversationId"`
	ContactID      string     `json:"contactId,omitempty"`
	Channel        string     `json:"channel"`
	Account        string     `json:"account"`
	State          ReplyState `json:"state"`
	Reason         string     `json:"reason,omitempty"`
	// PlatformMessageID is set once the platform has named it.
	PlatformMessageID string `json:"platformMessageId,omitempty"`
	// TextSHA256 is the digest of the text. The text itself stands on the
	// event of the state queued alone.
	TextSHA256 string    `json:"textSha256"`
	Text       string    `json:"text,omitempty"`
	Author     string    `json:"author,omitempty"`
	Automatic  bool      `json:"automatic,omitempty"`
	Attempts   int       `json:"attempts"`
	At         time.Time `json:"at"`
}

// Seen is the data of contact.seen.v1, a command on contact.replies: a handler
// has looked at the conversation up to a message. Channels that can, show it.
type Seen struct {
	SchemaVersion  string    `json:"schemaVersion"`
	ConversationID string    `json:"conversationId"`
	ContactID      string    `json:"contactId"`
	At             time.Time `json:"at"`
}

// Abandoned is the data of contact.abandoned.v1: a person vanished in the
// middle of a conversation. It is to be treated like an abandoned 999 call.
type Abandoned struct {
	SchemaVersion  string     `json:"schemaVersion"`
	ConversationID string     `json:"conversationId"`
	Channel        string     `json:"channel"`
	Account        string     `json:"account"`
	LastSeenAt     time.Time  `json:"lastSeenAt"`
	LastTypingAt   *time.Time `json:"lastTypingAt,omitempty"`
	// LastMessageAt is when they last wrote; Unanswered counts their messages
	// since a handler last did.
	LastMessageAt *time.Time `json:"lastMessageAt,omitempty"`
	Unanswered    int        `json:"unanswered"`
	// SafeToContact and Covert are what the person had said.
	SafeToContact string `json:"safeToContact,omitempty"`
	Covert        bool   `json:"covert,omitempty"`
}

package contact

import "time"

// Message is one thing a person sent, read from the platform's original bytes.
// A channel fills what its platform knows; unknown stays zero and is left out
// of events. A message that could not be read is still a Message, with
// Unreadable set.
type Message struct {
	// ID is MessageID of channel, account and the platform's id.
	ID string
	// Channel says where the message came in.
	Channel Channel
	// PlatformID is the provider's identity of the message on that channel.
	PlatformID string
	// Conversation is the key of the conversation when the channel knows it
	// (chat session, direct-message thread). Empty: found through Thread.
	Conversation string
	// Thread holds what the message says about the conversation it belongs to.
	Thread Thread
	// Sender wrote the message.
	Sender Sender
	// Recipients were addressed, on channels where a message names them.
	Recipients []Sender

	// SentAt is the sender's own claim; ReceivedAt is the platform's receipt;
	// AcceptedAt is when the original was durable here. All UTC.
	SentAt, ReceivedAt, AcceptedAt time.Time

	// Subject is the sender's heading, if the channel has one.
	Subject string
	// Text is all readable text, valid UTF-8, quoted history and signature
	// included.
	Text string
	// Authored is the part of Text that is new: without quoted history and
	// signature. Equal to Text when nothing was quoted, never empty while
	// Text is not.
	Authored string

	// Fields are the answers of a structured form, in its order; Text then
	// holds them readably too.
	Fields []Field
	// Locations are what the message states about places.
	Locations []Location
	// SafeToContact is "yes", "no" or empty for unknown: what the person said
	// about being answered. Covert is set when nobody may notice it.
	SafeToContact string
	Covert        bool
	// Phones and Emails are other ways to reach the sender, as stated.
	Phones, Emails []string

	// Answer is how the message can be answered.
	Answer Answer
	// Outcome, if set, is what the message says about a reply of ours: a
	// bounce. The message is an event all the same.
	Outcome *Outcome
	// Abandoned, if set, makes this no message but the news that the sender
	// vanished: contact.abandoned.v1.
	Abandoned *Abandoned

	// Revision, if set, makes this a change of another message:
	// contact.revised.v1.
	Revision *Revision

	// Automatic says which kind of machine sent it, or empty for a person.
	Automatic Automatic
	// Attachments lie in the blob folder, in the order of the message.
	Attachments []Attachment
	// Original refers to the platform's bytes.
	Original Blob
	// Authenticity is how far the sender's address can be believed.
	Authenticity Authenticity
	// Checks are the verdicts behind Authenticity, such as "dkim=pass".
	Checks []string
	// Language is a BCP 47 tag, or empty when unknown.
	Language string
	// Flags are remarks of the reader from a closed list, such as
	// "parse_degraded"; see Flag constants.
	Flags []Flag
	// Unreadable says why nothing could be read, or is empty. It holds no
	// text of the contact.
	Unreadable string
}

// Channel says through which door a message came.
type Channel struct {
	// Kind is one of the contract's channel kinds: email, webform, webchat,
	// facebook_dm, facebook_comment, x_mention, x_dm, sms, instagram,
	// whatsapp, other; or facebook, twitter for a platform as a whole.
	Kind string `json:"kind"`
	// Account is the force's own account on that channel, as configured.
	Account string `json:"account"`
	// Visibility is "public" or "private".
	Visibility string `json:"visibility"`
	// Direction is "inbound" or "outbound".
	Direction string `json:"direction"`
	// ThreadURL leads a handler to the conversation on the platform.
	ThreadURL string `json:"threadUrl,omitempty"`
	// ReplyWindowEndsAt is when the platform stops taking replies.
	ReplyWindowEndsAt *time.Time `json:"replyWindowEndsAt,omitempty"`
}

// Sender is who wrote, or was written to, on one channel.
type Sender struct {
	// Address is the sender's address on the channel: mail address, its domain
	// in ASCII, handle or platform user id. It is a claim unless Authenticity
	// says otherwise.
	Address string
	// Name is the display name the sender chose.
	Name string
}

// Thread is what a message says about its place in a conversation. Nothing in
// it is trusted by itself: the pipeline joins a conversation only when the
// participants fit.
type Thread struct {
	// Token is a conversation key from a token that we signed and verified;
	// it outranks References.
	Token string
	// References are ids of earlier messages, the most telling first.
	References []string
	// IDs are the names under which later messages may refer to this one.
	IDs []string
	// Participants are the addresses of the people in the thread, without our
	// own; a reference into a conversation that shares none of them starts a
	// new one.
	Participants []string
}

// Field is one answer of a structured form.
type Field struct {
	// Name is the form's own name of the field, Label what the person read.
	Name  string `json:"name"`
	Label string `json:"label"`
	Value string `json:"value"`
}

// Automatic is the kind of machine that sent a message.
type Automatic string

// The kinds of automatic mail (RFC 3834). A mark never hides a message.
const (
	Person     Automatic = ""
	AutoReply  Automatic = "auto"    // Auto-Submitted and its kin
	Bulk       Automatic = "bulk"    // Precedence: bulk, list, junk
	List       Automatic = "list"    // mailing list
	Bounce     Automatic = "bounce"  // delivery status notification
	Receipt    Automatic = "receipt" // read receipt
	OwnMessage Automatic = "own"     // ours, come back
)

// Authenticity is how far a sender's address can be believed.
type Authenticity string

// The degrees of authenticity.
const (
	Claimed  Authenticity = "claimed"  // nothing speaks for or against it
	Verified Authenticity = "verified" // the platform or our mail server checked it
	Suspect  Authenticity = "suspect"  // a check failed
)

// Attachment is a file that came with a message.
type Attachment struct {
	Blob
	// Name is what the sender called it, without path and control characters.
	Name string `json:"name,omitempty"`
	// Claimed is the media type the sender stated; MediaType is what the
	// bytes look like.
	Claimed string `json:"claimedType,omitempty"`
	// Inline is set when the message shows it inside its text.
	Inline bool `json:"inline,omitempty"`
	// Scan is what the scanner said: "clean", "infected", "failed", or empty
	// when there is none.
	Scan string `json:"scan,omitempty"`
}

// Blob refers to bytes that are kept by their content.
type Blob struct {
	// SHA256 is the digest in lower-case hex; it names the bytes.
	SHA256 string `json:"sha256"`
	// Size is in bytes.
	Size int64 `json:"bytes"`
	// MediaType is sniffed from the bytes, not claimed by the sender.
	MediaType string `json:"mediaType"`
	// Ref is where an integrator fetches them, filled when an event is made.
	Ref string `json:"ref,omitempty"`
}

// Flag is a remark of a reader about a message.
type Flag string

// The reader's remarks.
const (
	ParseDegraded Flag = "parse_degraded" // something was malformed; the rest was kept
	Oversize      Flag = "oversize"       // over the size that is read; the text may be cut
	HiddenText    Flag = "hidden_text"    // HTML that a mail program would not show
	TNEF          Flag = "tnef"           // winmail.dat, kept unopened
	Encrypted     Flag = "encrypted"      // cannot be read here
	ForeignThread Flag = "foreign_thread" // referred to a conversation of other people
	Truncated     Flag = "truncated"      // text shortened in the event; see the original
	NotAddressed  Flag = "not_addressed"  // our address is in no recipient header
	Repeated      Flag = "repeated_id"    // same Message-ID as an earlier, different message
	Incomplete    Flag = "incomplete"     // a form taken with answers missing or not as asked
)

package pipeline

import (
	"context"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"

	"contactd/channels"
	"contactd/contact"
)

// RepliesChannel is the pseudo-channel whose originals are changes of replies'
// states: the JSON of contact.Replied, accepted by the journal in the
// transaction of the change itself. So they are durable, chained, in their
// conversation's order and published like what people write.
const RepliesChannel = "replies"

// Own reports whether a channel is a pseudo-channel: its originals are
// contactd's own words about conversations, not those of people.
func Own(channel string) bool { return channel == RepliesChannel || channel == AssessmentsChannel }

// Outgoing is a reply on its way to its channel.
type Outgoing struct {
	contact.Reply
	// Channel, Account and Address say where it goes.
	Channel string `json:"channel"`
	Account string `json:"account"`
	Address string `json:"address"`
	// State is Queued for one to be sent, Uncertain for one to be looked up.
	State contact.ReplyState `json:"state"`
	// Attempts counts the calls of the platform, Tries what was done in vain
	// since the state last changed.
	Attempts int `json:"attempts"`
	Tries    int `json:"tries"`
}

// Replies keeps replies and knows how far each has come; the journal is one.
// Every method returns when the change is durable, and every change of state
// is accepted as an original of RepliesChannel in the same transaction.
type Replies interface {
	// QueueReply keeps a reply that is to be sent. Nil says that it is queued,
	// or was before, or has failed at once and its state says why, or was held
	// back by a brake for automatic replies. Permanent: its id was used for
	// another reply.
	QueueReply(ctx context.Context, reply contact.Reply) error
	// HandOver notes that the platform is about to be called. False: it must
	// not be, because the reply is no longer queued or has expired. From here
	// on, until Outcome or Postpone, a crash makes the reply Uncertain.
	HandOver(ctx context.Context, replyID string) (bool, error)
	// Outcome tells how far a reply has come. Queued says that what was
	// uncertain has proved to be lost.
	channels.Outcomes
	// Postpone notes that the last try changed nothing, neither sent nor told
	// what had become of it, and when the next one is due.
	Postpone(ctx context.Context, replyID string, pause time.Duration) error
}

// ReplyDeps are the parts that carry replies. Without Journal a pipeline
// carries none.
type ReplyDeps struct {
	Journal Replies
	// Due delivers what is to be sent or looked up: envelopes whose payload is
	// the JSON of an Outgoing, one of a conversation at a time.
	Due message.Subscriber
	// Commands delivers the records of TopicReplies; nil when nobody can ask
	// for a reply.
	Commands message.Subscriber
	// Repliers and Acknowledgers by kind of channel.
	Repliers      map[string]channels.Replier
	Acknowledgers map[string]channels.Acknowledger
	// Attendants show people what happens at the desk.
	Attendants []channels.Attendant
}

package channels

import (
	"context"
	"errors"

	"contactd/contact"
)

// Replier is a channel that can answer. The pipeline keeps the reply, calls
// Reply once, and calls it again only when the error says that nothing was
// sent, or Find that nothing arrived. Safe for concurrent use; of one
// conversation one reply at a time.
type Replier interface {
	// Reply hands an answer over to the platform and returns when the platform
	// has taken it. The error is NotSent when it is certain that the platform
	// took nothing and the same call may work later, Refused when it never
	// will. After any other error the reply may have been sent: it is looked
	// up with Find before anything else happens.
	Reply(ctx context.Context, to Address, reply contact.Reply) (Receipt, error)
	// Find looks a reply up with the platform. ErrNotFound means that it was
	// certainly not taken and will not be; any other error that it cannot be
	// told now, and Find is asked again later.
	Find(ctx context.Context, to Address, reply contact.Reply) (Receipt, error)
}

// Address is where a reply goes: the account, and what the channel itself said
// about the conversation's latest message (contact.Answer).
type Address struct {
	Account string
	Answer  string
}

// Receipt is what the platform said when it took a reply.
type Receipt struct {
	// PlatformID is the provider's identity of what was sent.
	PlatformID string
	// Confirmed is set when it is already known to have reached the person.
	Confirmed bool
}

// ErrNotFound says that the platform never took a reply.
var ErrNotFound = errors.New("not with the platform")

// NotSent marks an error after which it is certain that nothing was sent.
func NotSent(err error) error { return notSent{err} }

// IsNotSent reports whether nothing was sent and the reply may be tried again.
func IsNotSent(err error) bool { return errors.As(err, &notSent{}) }

type notSent struct{ error }

func (e notSent) Unwrap() error { return e.error }

// Refused marks an error that no repetition mends: nothing was sent, and the
// reply fails. Its text is shown to the handler.
func Refused(err error) error { return refused{err} }

// IsRefused reports whether a reply was refused for good.
func IsRefused(err error) bool { return errors.As(err, &refused{}) }

type refused struct{ error }

func (e refused) Unwrap() error { return e.error }

// Outcomes is told what a channel learns later about replies that it has
// handed over: a receipt of the person's device, a message that came back. Nil
// means that it is durable. Saying the same again is no error; what cannot
// follow the reply's state any more is ignored.
type Outcomes interface {
	Outcome(ctx context.Context, outcome contact.Outcome) error
}

// Attendant is a channel that can show the person what happens at the desk. All
// of it may be repeated and come late.
type Attendant interface {
	// Seen shows that a handler has looked at the conversation up to a message.
	Seen(ctx context.Context, seen contact.Seen) error
	// Typing shows that a handler is writing.
	Typing(typing contact.Typing)
	// Presence shows who is at the desk.
	Presence(presence contact.Presence)
}

// Signals takes what may be lost, such as that the sender is typing. It never
// blocks.
type Signals interface {
	SenderTyping(channel, account, conversation string)
}

// Acknowledger is a channel that can tell people at once that their message
// was taken. The pipeline asks it for each message of a person and sends what it
// says as a reply with Automatic set, under brakes that no mail loop gets past.
type Acknowledger interface {
	// Acknowledgement gives the text for a message, or false for none. It is
	// cheap, has no effect, and is never asked about automatic messages, or
	// people whom an answer could endanger as the channel knows or their words
	// seem to say.
	Acknowledgement(message contact.Message) (text string, ok bool)
}

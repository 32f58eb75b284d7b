// Package channels is the contract between contactd and the outside worlds it
// listens to. A channel takes what a platform has, hands the untouched
// original to the Inbox, and tells the platform "taken" only after the Inbox
// returned nil. Later, a Reader turns an original into a contact.Message.
//
//	platform ─ Original ─▶ Inbox.Accept (durable) ─▶ platform is told
//	                            │
//	                    Reader.Read ─▶ contact.Message
//
// A channel that can answer is a Replier too. A channel leaves everything else
// to others: it judges nothing and publishes nothing. It keeps no state but its
// Cursor, unless its platform is ours, as with web chat, and then in a Folder.
//
// What several channels need stands beside them: webhook takes deliveries,
// accounts keeps what surrounds an account, loose reads JSON, files fetches files,
// todo does what remains to be done; listen, certificate and proxy are for who has a server;
// channelstest tries a channel, and on simulator platforms are played.
package channels

import (
	"context"
	"errors"
	"io"
	"time"

	"contactd/contact"
)

// Channel listens to one outside world.
type Channel interface {
	// Receive takes originals until ctx ends, and then returns nil. It never
	// gives up by itself: a failing platform is reported to Health and tried
	// again with capped back-off. It dials only here, never in a constructor.
	Receive(ctx context.Context, inbox Inbox) error
	Reader
}

// Reader turns an original into a message. Read is called again after a crash
// or on replay and must give the same result; attachments may be stored
// because storing the same bytes twice is one blob. What is malformed is read
// as far as possible and flagged; an error means that nothing can be read, now
// or ever, and quarantines the original, unless it wraps ErrNotNow. Safe for
// concurrent use.
type Reader interface {
	Read(ctx context.Context, original Original) (contact.Message, error)
}

// ErrNotNow says that this machine is to blame and not the original, as when a
// key cannot be read: Read is called again until it no longer is.
var ErrNotNow = errors.New("not now")

// Inbox is the durable side that a channel hands its originals to. All methods
// are safe for concurrent use.
type Inbox interface {
	// Accept stores the originals and the cursor in one transaction and
	// returns nil only when both would survive a power cut. Any error means
	// that nothing was stored and the platform must keep its messages. An
	// original that was accepted before is not stored twice and is no error.
	// The zero Cursor leaves cursors as they are.
	Accept(ctx context.Context, originals []Original, cursor Cursor) error
	// Cursor returns the cursor last accepted under name, or one with an
	// empty Value.
	Cursor(ctx context.Context, name string) (Cursor, error)
}

// Blobs keeps large bytes by their content.
type Blobs interface {
	// Store writes everything from r durably and says what it was. Storing
	// the same bytes again is cheap and harmless.
	Store(ctx context.Context, r io.Reader) (contact.Blob, error)
	// Open returns the bytes of a blob. The caller closes.
	Open(sha256 string) (io.ReadCloser, error)
}

// Backlog says how much of what was accepted nobody has read yet, of all
// channels together. A channel whose platform can wait lets it wait while there
// is much: what is urgent cannot be known before it is read, and what comes
// next would wait behind all of it.
type Backlog interface {
	// Unread counts up to limit, which makes it cheap.
	Unread(limit int) (int, error)
}

// Folders gives a channel a directory for its own state, on the disk of the
// journal. Most channels need none.
type Folders interface {
	// Folder returns the directory of a name, created with mode 0700.
	Folder(name string) (string, error)
}

// Original is one thing as the platform delivered it, before anybody read it.
type Original struct {
	// Channel is the kind of channel, such as "email"; Account the configured
	// account on it; ID the provider's identity of the thing, never changing
	// and never reused within the account.
	Channel, Account, ID string
	// MediaType names the form of the bytes, such as "message/rfc822".
	MediaType string
	// ReceivedAt is when the platform received it, zero when unknown.
	ReceivedAt time.Time
	// Bytes are the original, unless Blob is set: large originals are stored
	// first and handed over by reference. Accept does not keep the slice.
	Bytes []byte
	Blob  *contact.Blob
	// Renumbered says that the platform has given its messages new ids, so
	// that the same bytes in the same account are a repetition and not a
	// second message.
	Renumbered bool
	// Defect says why the platform could not deliver all of it ("fetch failed
	// three times"), or is empty. A defective original is kept and shown to a
	// person.
	Defect string
}

// InlineLimit is the size in bytes above which a channel stores an original as
// a blob instead of carrying it in memory. It bounds memory: a thousand
// originals are read, and a thousand published, at a time.
const InlineLimit = 128 << 10

// Cursor is how far a channel has read a source. Value is the channel's own
// encoding.
type Cursor struct{ Name, Value string }

// Health is told how each account of a channel is doing. It is cheap and safe
// for concurrent use.
type Health interface {
	// Working says that the platform was reached just now.
	Working(channel, account string)
	// Failing says that it was not; err holds no secret.
	Failing(channel, account string, err error)
}

// Tried is what Checker found about one account.
type Tried struct {
	Account string
	// Detail says what was reached, for a table.
	Detail string
	// Err says what is wrong and the way out, nil when all is well.
	Err error
}

// Checker is a channel that can try its accounts without taking anything.
type Checker interface {
	Check(ctx context.Context) []Tried
}

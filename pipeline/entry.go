package pipeline

import (
	"context"
	"time"

	"contactd/channels"
	"contactd/contact"
)

// Entry is an accepted original on its way through the pipeline. The journal
// delivers entries as envelopes; EntryOf, of the journal, opens them.
type Entry struct {
	// Seq numbers accepted originals from 1 in order of acceptance.
	Seq        int64
	Original   channels.Original
	AcceptedAt time.Time
	// SHA256 is the digest of the original, PrevHash the hash of the journal
	// row before; both lower-case hex.
	SHA256, PrevHash string
	// Row names the row of the journal; zero for one that has no name.
	Row RowMark
	// Attempts counts how often reading was begun and not finished.
	Attempts int

	// Placed is zero until the entry was placed in a conversation.
	Placed
	Lane Lane
	// Quarantined says why nobody could read it, or is empty.
	Quarantined string
}

// Placement is what a message says about its conversation.
type Placement struct {
	// Key is the conversation when the channel knows it, else the key of a
	// new one, taken when nothing in Thread leads to an existing one.
	Key   string
	Known bool
	contact.Thread
	// Answer is how the conversation is answered from now on; without an
	// address it stays as it is. AnswerUntil, if set, is when the platform
	// stops taking answers.
	Answer      contact.Answer
	AnswerUntil time.Time
}

// Placed is where an entry stands: its conversation and its place there,
// gapless from 1. Foreign is set when Thread referred to a conversation of
// other people, so that a new one was begun.
type Placed struct {
	Conversation string
	Sequence     int64
	Foreign      bool
}

// Lane is how soon an entry is published: lower goes first, the oldest of a
// lane before the others.
type Lane uint8

// The lanes, most urgent first. Unsorted entries are not published yet.
const (
	LaneUnsorted  Lane = iota
	LaneEmergency      // overtakes everything, with its conversation's earlier entries
	LaneUnjudged       // graded unknown or quarantined: a person must look
	LaneNormal         // oldest first
	LaneLow            // automatic mail that nobody graded higher
)

// String names the lane in metadata and metrics.
func (l Lane) String() string {
	switch l {
	case LaneEmergency:
		return "emergency"
	case LaneUnjudged:
		return "unjudged"
	case LaneNormal:
		return "normal"
	case LaneLow:
		return "low"
	default:
		return "unsorted"
	}
}

// Journal is what the pipeline needs of the durable inbox beside its two
// subscribers. Every method returns when the change is durable.
type Journal interface {
	// Place puts an entry in its conversation. Entries of one account are
	// placed in the order they were accepted: Place waits for earlier ones.
	// Placing again gives the same place.
	Place(ctx context.Context, seq int64, p Placement) (Placed, error)
	// Settle is Place and Sort in one change.
	Settle(ctx context.Context, seq int64, p Placement, lane Lane) error
	// Sort makes a placed entry ready to be published in a lane. An emergency
	// takes its conversation's earlier waiting entries along. Sort may return
	// before the lane is durable: an entry whose lane was lost is delivered
	// as unread again and sorted anew.
	Sort(ctx context.Context, seq int64, lane Lane) error
	// Quarantine puts an entry that cannot be read aside, in a conversation
	// of its own, and makes it ready to be published in LaneUnjudged so that a
	// person looks.
	Quarantine(ctx context.Context, seq int64, reason string) error
}

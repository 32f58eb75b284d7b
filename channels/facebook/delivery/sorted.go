package delivery

import (
	"crypto/sha256"
	"encoding/hex"
	"time"

	"contactd/contact"
)

// Sorted says what is to be done with an element.
type Sorted struct {
	// ID is the identity of the element's original; empty when it is none.
	ID string
	// At is when it happened on the platform, zero when unknown.
	At time.Time
	// Ignored says why it is no original, in a word for figures.
	Ignored string
	// Changed is an object that has to be read again to know what is true.
	Changed Reference
	// Sent is what it says about something that we sent.
	Sent *Sent
	// Files came with a message and can be fetched for a while.
	Files []File
}

// Reference names an object of the platform.
type Reference struct {
	// Kind is "comment", "post" or "rating"; ID what Graph knows it by.
	Kind string `json:"kind"`
	ID   string `json:"id"`
	// Post is where a comment stands, as far as known.
	Post string `json:"post,omitempty"`
	// Mention is set when nothing but the mention is known of it.
	Mention bool `json:"mention,omitempty"`
	// Told is what the delivery said of it in a word or a digest, so that what
	// Graph says too is no second news; empty when it said nothing.
	Told string `json:"told,omitempty"`
	// At is the time of the delivery that told of the change, as it stands
	// there.
	At int64 `json:"at,omitempty"`
}

// Sent is news about something that was sent in our name.
type Sent struct {
	// Metadata is what we sent along: a reply's part, or empty.
	Metadata string
	// IDs are the platform's ids of messages, Thread the person.
	IDs    []string
	Thread string
	// Reached is set when it came to the person's device; Until, if set, means
	// everything sent up to then.
	Reached bool
	Until   time.Time
	// Failed says why the platform could not deliver it after all.
	Failed string
}

// File is an attachment at an address that expires.
type File struct {
	URL  string `json:"url"`
	Name string `json:"name,omitempty"`
	Type string `json:"type,omitempty"`
	// Media is the platform's id of it, where the address must be asked for.
	Media string `json:"media,omitempty"`
}

// Hash tells elements without an id apart.
func Hash(parts ...string) string {
	sum := sha256.New()
	for _, part := range parts {
		sum.Write([]byte(part))
		sum.Write([]byte{0})
	}
	return hex.EncodeToString(sum.Sum(nil)[:16])
}

// graphTime is how Graph writes times.
const graphTime = "2006-01-02T15:04:05-0700"

// Time is a moment that Meta writes as seconds, milliseconds or text.
type Time struct{ time.Time }

// UnmarshalJSON reads all three. What cannot be read is unknown.
func (t *Time) UnmarshalJSON(raw []byte) error {
	var n Number
	if n.UnmarshalJSON(raw) == nil {
		t.Time = Moment(int64(n))
		return nil
	}
	for _, layout := range []string{`"` + graphTime + `"`, `"` + time.RFC3339 + `"`} {
		if at, err := time.Parse(layout, string(raw)); err == nil {
			t.Time = at.UTC()
			return nil
		}
	}
	return nil
}

// Moment reads seconds or milliseconds since 1970: Meta writes both, and no
// contact is older than 2001 in seconds or 1970 in milliseconds.
func Moment(n int64) time.Time {
	switch {
	case n <= 0:
		return time.Time{}
	case n < 1e11:
		return time.Unix(n, 0).UTC()
	default:
		return time.UnixMilli(n).UTC()
	}
}

// Checks says how the way by which an element came was proved.
func (e Element) Checks() []string {
	if e.Via == Webhook {
		return []string{"x-hub-signature-256=pass"}
	}
	return []string{"graph-api=read"}
}

// Message begins the message of an element.
func (e Element) Message(kind, visibility string) contact.Message {
	return contact.Message{
		Channel:      contact.Channel{Kind: kind, Visibility: visibility, Direction: "inbound"},
		Authenticity: contact.Verified, // the platform knows its users
		Checks:       e.Checks(),
	}
}

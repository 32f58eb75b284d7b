package webchat

import (
	"encoding/json"
	"fmt"
	"time"

	"contactd/channels"
)

// mediaType names the form of our originals.
const mediaType = "application/vnd.contactd.chat+json"

// The kinds of documents.
const (
	kindMessage   = "message"
	kindLocation  = "location"
	kindDetails   = "details"
	kindCovert    = "covert"
	kindEnd       = "end"
	kindAbandoned = "abandoned"
)

// document is the original of what happened in a chat: what the person sent,
// with what was known of them then, and what they were told. It is evidence:
// fields are added, never changed. Times are UTC.
type document struct {
	Version      int    `json:"version"`
	Kind         string `json:"kind"`
	Site         string `json:"site"`
	Session      string `json:"session"`
	Conversation string `json:"conversation"`
	// ID is the client's own, unique in the session.
	ID string `json:"id"`
	// At is the client's claim, ReceivedAt our clock.
	At         *time.Time `json:"at,omitempty"`
	ReceivedAt time.Time  `json:"receivedAt"`

	Text     string    `json:"text,omitempty"`
	Files    []file    `json:"files,omitempty"`
	Location *location `json:"location,omitempty"`

	// Details and Covert are what the person had said by then, this included.
	Details *details `json:"details,omitempty"`
	Covert  bool     `json:"covert,omitempty"`
	// Language and Page are those of the page with the chat.
	Language string `json:"language,omitempty"`
	Page     string `json:"page,omitempty"`
	// Told is what the person was told of when somebody reads it, while the
	// desk was closed.
	Told string `json:"told,omitempty"`

	Abandoned *abandoned `json:"abandoned,omitempty"`
}

// file is an upload that came with a message.
type file struct {
	SHA256    string `json:"sha256"`
	Name      string `json:"name"`
	Size      int64  `json:"size"`
	MediaType string `json:"mediaType"`
	Claimed   string `json:"claimed,omitempty"`
	Scan      string `json:"scan,omitempty"`
}

// location is where the person's device is, degrees WGS 84 and metres.
type location struct {
	Lat       float64  `json:"lat"`
	Lon       float64  `json:"lon"`
	AccuracyM *float64 `json:"accuracyM,omitempty"`
}

// details are the answers to the questions before the chat, each optional.
type details struct {
	Name          string `json:"name,omitempty"`
	Reach         string `json:"reach,omitempty"`
	SafeToContact string `json:"safeToContact,omitempty"` // yes, no, unknown
	Location      string `json:"location,omitempty"`
}

type abandoned struct {
	LastSeenAt    time.Time  `json:"lastSeenAt"`
	LastTypingAt  *time.Time `json:"lastTypingAt,omitempty"`
	LastMessageAt *time.Time `json:"lastMessageAt,omitempty"`
	Unanswered    int        `json:"unanswered"`
}

// identity is the provider's id of a document.
func (d document) identity() string { return d.Session + "/" + d.ID }

// original is the document as it goes to the inbox.
func (d document) original() (channels.Original, error) {
	d.Version = 1
	body, err := json.Marshal(d)
	if err != nil {
		return channels.Original{}, fmt.Errorf("write original: %w", err)
	}
	return channels.Original{
		Channel: Kind, Account: d.Site, ID: d.identity(), MediaType: mediaType, ReceivedAt: d.ReceivedAt, Bytes: body,
	}, nil
}

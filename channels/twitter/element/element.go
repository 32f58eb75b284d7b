// Package element is one thing that X delivered or showed, as it is kept: a
// post, a direct message, or the news that something changed. It knows the
// shapes of the API's version 2, in both of its dialects, and of version 1.1,
// and turns an element into identities (Sort) and a message (Read). It asks
// nobody, so what it says of an element never changes.
//
// Taking deliveries apart is left to package activity, and calling the API to
// package api.
package element

import (
	"bytes"
	"encoding/json"
	"errors"
)

// MediaType names the form of an element's original: the JSON of Element, with
// the platform's own bytes, untouched, as its last member.
const MediaType = "application/vnd.contactd.twitter+json"

// The dialects.
const (
	V2 = "v2" // API v2, with its fields named tweet or post
	V1 = "v1" // API v1.1, which deliveries of account activity still use
)

// The kinds of element.
const (
	Post     = "post"
	DM       = "dm"
	Chat     = "chat"     // encrypted, readable in the X app alone
	Removed  = "removed"  // a post was deleted
	Receipt  = "receipt"  // somebody has read our messages
	Revoked  = "revoked"  // the account has withdrawn its consent
	Passing  = "passing"  // likes, follows and the like: nothing a handler reads
	Fetched  = "fetched"  // a file of a post or message, or that it cannot be had
	Replayed = "replayed" // a job of delivering again has ended
	Unread   = "unread"   // nothing that X has described
)

// The ways by which an element came.
const (
	Webhook = "webhook"
	Stream  = "stream"
	Poll    = "poll"
	Lookup  = "lookup" // asked for again, to see whether it still stands
)

// What an element is taken as, beside the item itself.
const (
	Version   = "version"   // a later version of a post
	Withdrawn = "withdrawn" // X knows the post no more
	Concealed = "concealed" // X does not show it to us any more
)

// Element is one thing of a delivery, or of an answer of the API.
type Element struct {
	// Owner is X's id of our account.
	Owner string `json:"owner"`
	// Dialect is the form of Raw.
	Dialect string `json:"dialect"`
	Kind    string `json:"kind"`
	// Field is what X called it, such as "tweet_create_events".
	Field string `json:"field,omitempty"`
	Via   string `json:"via"`
	As    string `json:"as,omitempty"`
	// Root is the first post of a thread, where we know it and Raw does not
	// say; Of the post, Writer its author, that a look-up was about.
	Root   string `json:"root,omitempty"`
	Of     string `json:"of,omitempty"`
	Writer string `json:"writer,omitempty"`
	// Time is when it was told, in milliseconds since 1970, 0 when Raw says.
	Time int64 `json:"time,omitempty"`
	// With are pieces that stood beside it: authors, quoted posts, media.
	With *With `json:"with,omitempty"`
	// Raw are the platform's bytes.
	Raw json.RawMessage `json:"raw"`
}

// With are the pieces beside an element that are needed to read it.
type With struct {
	Users []json.RawMessage `json:"users,omitempty"`
	Posts []json.RawMessage `json:"posts,omitempty"`
	Media []json.RawMessage `json:"media,omitempty"`
}

// Original writes an element down. Raw stands in it byte for byte.
func (e Element) Original() []byte {
	raw := e.Raw // a piece of a body that was read, and so JSON
	if len(raw) == 0 {
		raw = json.RawMessage("null")
	}
	e.Raw = nil
	head, _ := json.Marshal(e) // texts, numbers and pieces of read JSON
	head = bytes.TrimSuffix(head, []byte("null}"))
	out := make([]byte, 0, len(head)+len(raw)+1)
	return append(append(append(out, head...), raw...), '}')
}

// ReadOriginal reads what Original wrote.
func ReadOriginal(original []byte) (Element, error) {
	var e Element
	if err := json.Unmarshal(original, &e); err != nil {
		return e, errors.New("read element: it is no JSON of contactd")
	}
	if e.Dialect == "" || e.Kind == "" || len(e.Raw) == 0 {
		return e, errors.New("read element: dialect, kind or content is missing")
	}
	return e, nil
}

// Package delivery takes Meta's deliveries apart without changing a byte: one
// body holds entries of several pages, each with several elements, and every
// element is to become an original of its own. What an element means is left
// to the packages page, instagram and whatsapp.
package delivery

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"

	"contactd/channels/loose"
	"contactd/contact"
)

// MediaType names the form of an element's original: the JSON of Element, with
// the platform's own bytes, untouched, as its last member.
const MediaType = "application/vnd.contactd.facebook+json"

// The kinds of element.
const (
	Messaging = "messaging" // of a page's or Instagram account's conversation
	Standby   = "standby"   // the same, while another app answers
	Change    = "change"    // of a field: feed, mention, ratings, messages, ...
	Object    = "object"    // read from Graph; Field says what it is
	Fetched   = "fetched"   // a file that came with a message
	Unread    = "unread"    // no element that Meta has described
)

// The ways by which an element came.
const (
	Webhook = "webhook"
	Poll    = "poll"
	Reread  = "reread" // looked at again, because a delivery said that it changed
)

// Element is one thing of a delivery, or one object that was read from Graph.
type Element struct {
	// Object is "page", "instagram" or "whatsapp_business_account".
	Object string `json:"object"`
	// Entry is the page's or account's id; Time what stands beside it, seconds
	// or milliseconds as Meta likes, 0 without.
	Entry string `json:"entry"`
	Time  int64  `json:"time"`
	Via   string `json:"via"`
	Kind  string `json:"kind"`
	Field string `json:"field,omitempty"`
	// Under is the post of a comment, or the message of a file.
	Under string `json:"under,omitempty"`
	// With stands beside the element in its delivery and is needed to read it.
	With json.RawMessage `json:"with,omitempty"`
	// Blob is a fetched file.
	Blob *contact.Attachment `json:"blob,omitempty"`
	// Raw are the platform's bytes.
	Raw json.RawMessage `json:"raw"`
}

// Original writes an element down. Raw stands in it byte for byte.
func (e Element) Original() []byte {
	raw := e.Raw // a piece of a body that was read, and so JSON
	if len(raw) == 0 {
		raw = json.RawMessage("null")
	}
	e.Raw = nil
	head, _ := json.Marshal(e) // texts and numbers alone
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
	if e.Object == "" || e.Kind == "" || len(e.Raw) == 0 {
		return e, errors.New("read element: object, kind or content is missing")
	}
	return e, nil
}

// ID is an identity that Meta writes as a string or a number.
type ID = loose.ID

// Number is a whole number that Meta writes as a number or a string.
type Number int64

// UnmarshalJSON reads both forms.
func (n *Number) UnmarshalJSON(raw []byte) error {
	text := string(bytes.Trim(raw, `"`))
	if text == "null" || text == "" {
		return nil
	}
	number, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		float, floatErr := strconv.ParseFloat(text, 64)
		if floatErr != nil || float > 1<<62 || float < -1<<62 {
			return &json.UnmarshalTypeError{Value: "number"}
		}
		number = int64(float)
	}
	*n = Number(number)
	return nil
}

// Truth is a truth value that Meta writes as true, 1 or "1".
type Truth bool

// UnmarshalJSON reads all of them.
func (t *Truth) UnmarshalJSON(raw []byte) error {
	switch string(bytes.Trim(raw, `"`)) {
	case "true", "1":
		*t = true
	case "false", "0", "null", "":
		*t = false
	default:
		return &json.UnmarshalTypeError{Value: "truth value"}
	}
	return nil
}

package forms

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base32"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"contactd/channels"
	"contactd/contact"
)

// kind is the channel of originals: forms are a part of it.
const kind = "webchat"

// MediaType names the form of our originals.
const MediaType = "application/vnd.contactd.form+json"

// document is the original of a submission: everything that was sent, with
// what the person was asked and told. It is evidence: fields are added, never
// changed. Times are UTC.
type document struct {
	Version int    `json:"version"`
	Form    string `json:"form"`
	Account string `json:"account"`
	// ID is the submission's, from the page or the program.
	ID         string    `json:"id"`
	ReceivedAt time.Time `json:"receivedAt"`
	Language   string    `json:"language"`
	Title      string    `json:"title"`

	Answers []answer   `json:"answers"`
	Files   []attached `json:"files,omitempty"`
	// Forgiven are the problems with which it was taken: in an emergency
	// nobody is asked again, and what we cannot store is no fault of theirs.
	Forgiven []forgiven `json:"forgiven,omitempty"`
	// Mended: not all was UTF-8. Cut: a text was longer than is read.
	Mended bool `json:"mended,omitempty"`
	Cut    bool `json:"cut,omitempty"`
	// Told is what the person was told of what happens next.
	Told string `json:"told,omitempty"`
}

// forgiven is a problem with the question that it is about.
type forgiven struct {
	problem
	Label string `json:"label,omitempty"`
}

// identity is the provider's id of a document. It comes from the submission's
// id and from what it says: whoever goes back, mends something and sends the
// page again has sent another message.
func (d document) identity() string {
	type said struct {
		Name   string
		Values []string
	}
	var all []said
	for _, a := range d.Answers {
		all = append(all, said{a.Name, a.Values})
	}
	for _, f := range d.Files {
		all = append(all, said{f.Field, []string{f.SHA256, f.Name}})
	}
	written, _ := json.Marshal(all) // texts alone: it cannot fail
	sum := sha256.Sum256(written)
	digest := strings.ToLower(base32.HexEncoding.EncodeToString(sum[:])[:16])
	return "form/" + d.Form + "/" + d.ID + "/" + digest
}

// messageID is the id of the message that a document becomes.
func (d document) messageID() string { return contact.MessageID(kind, d.Account, d.identity()) }

// original is the document as it goes to the inbox.
func (f *Forms) original(ctx context.Context, d document) (channels.Original, error) {
	body, err := marshal(d)
	if err != nil {
		return channels.Original{}, fmt.Errorf("write original: %w", err)
	}
	original := channels.Original{
		Channel: kind, Account: d.Account, ID: d.identity(), MediaType: MediaType, ReceivedAt: d.ReceivedAt, Bytes: body,
	}
	if len(body) > channels.InlineLimit {
		blob, err := f.deps.Blobs.Store(ctx, bytes.NewReader(body))
		if err != nil {
			return channels.Original{}, fmt.Errorf("store original: %w", err)
		}
		original.Bytes, original.Blob = nil, &blob
	}
	return original, nil
}

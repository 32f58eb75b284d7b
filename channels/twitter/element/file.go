package element

import (
	"bytes"
	"encoding/json"
	"errors"
	"time"

	"contactd/channels/files"
	"contactd/contact"
)

// File is a picture or film of a post or message, to be fetched, and what must
// be known of that to tell that it was.
type File struct {
	// ID is the identity of the news that it was fetched, Of of what it came
	// with.
	ID string `json:"id"`
	Of string `json:"of"`
	// Type is X's word for it; URLs are where it may be had, the best first.
	Type string   `json:"type,omitempty"`
	URLs []string `json:"urls"`
	// Private is set for one of a direct message, which X shows to those who
	// take part alone.
	Private bool `json:"private,omitempty"`
	// Sender wrote it, in the thread; of a post, what it came with says that.
	Sender string `json:"sender,omitempty"`
	Thread string `json:"thread,omitempty"`
	// At is when what it came with was written, in milliseconds since 1970.
	At int64 `json:"at,omitempty"`
}

// mostFiles bounds the files of one message; X takes 4.
const mostFiles = 16

// Files are the pictures and films that came with an element. Most have none,
// so it looks before it reads.
func (e Element) Files() []File {
	if e.As != "" && e.As != Version || e.With == nil && e.Dialect == V2 || e.Dialect == V1 && !bytes.Contains(e.Raw, []byte(`"media_url_https"`)) {
		return nil
	}
	of, media := File{}, []Media(nil)
	switch e.Kind {
	case Post:
		item, _, err := e.ReadPost()
		if err != nil || !Digits(item.First) {
			return nil
		}
		of, media = File{Of: PostID(item.First), Sender: item.Writer.ID, At: millis(item.editedAt())}, item.Media
	case DM:
		d, _, err := e.ReadDM()
		if err != nil || !named(d.ID) {
			return nil
		}
		of, media = File{Of: dmID(d.ID), Sender: d.Sender.ID, Thread: d.thread(e.Owner), At: millis(d.At), Private: true}, d.Media
	}
	var files []File
	for _, each := range media[:min(len(media), mostFiles)] {
		if of.URLs = each.addresses(); len(of.URLs) == 0 {
			continue
		}
		key := each.Key
		if !Digits(key) {
			key = Hash(each.URL)[:12]
		}
		of.ID, of.Type = of.Of+":file:"+key, each.Type
		files = append(files, of)
	}
	return files
}

func millis(at time.Time) int64 {
	if at.IsZero() {
		return 0
	}
	return at.UnixMilli()
}

// fetched is how the news of a file is written.
type fetched struct {
	File File                `json:"file"`
	Blob *contact.Attachment `json:"blob,omitempty"`
}

// Fetched is the news that a file was fetched, or without one that it cannot be
// had.
func (f File) Fetched(owner string, file *contact.Attachment) Element {
	f.URLs = nil                             // they hold no longer
	raw, _ := json.Marshal(fetched{f, file}) // texts and numbers
	return Element{Owner: owner, Dialect: V2, Kind: Fetched, Via: Poll, Time: f.At, Raw: raw}
}

// readFetched makes a file the news that what it came with has it now.
func readFetched(e Element, w Where) (contact.Message, error) {
	var f fetched
	if err := json.Unmarshal(e.Raw, &f); err != nil || f.File.Of == "" {
		return contact.Message{}, errors.New("read fetched file: it does not name what it came with")
	}
	kind, visibility := kindPost, "public"
	if f.File.Private {
		kind, visibility = kindDM, "private"
	}
	msg := e.message(kind, visibility)
	msg.SentAt = Millis(e.Time)
	msg.Sender.Address = f.File.Sender
	msg.Revision = &contact.Revision{Of: w.message(f.File.Of), Action: contact.Attached, By: "sender"}
	if f.File.Private {
		msg.Conversation = w.conversation("dm:" + f.File.Thread)
	} else { // the post named itself when it came; so this joins it
		msg.Thread = contact.Thread{References: []string{f.File.Of}, Participants: []string{f.File.Sender}}
	}
	if f.Blob == nil {
		msg.Flags = append(msg.Flags, contact.ParseDegraded) // X does not give it; its address is in the text
		return msg, nil
	}
	msg.Attachments = []contact.Attachment{*f.Blob}
	if !files.Fits(f.File.Type, f.Blob.Blob) {
		msg.Flags = append(msg.Flags, contact.ParseDegraded) // a page in its place
	}
	return msg, nil
}

// Package instagram reads comments and mentions on Instagram accounts, which
// come by the same deliveries as Facebook's. Conversations have the shape of
// Messenger's and are read by package messaging.
package instagram

import (
	"strings"

	"contactd/channels/facebook/address"
	"contactd/channels/facebook/delivery"
	"contactd/channels/facebook/messaging"
	"contactd/channels/loose"
	"contactd/contact"
)

// Messages are the account's conversations.
var Messages = messaging.Platform{Prefix: prefix, Kind: kind, Address: address.Instagram}

const (
	prefix = "ig"
	kind   = "instagram"
)

// value is the value of a change of the fields comments, live_comments and
// mentions, and a comment as Graph shows it. Mentions hold ids only.
type value struct {
	ID        delivery.ID   `json:"id"`
	CommentID delivery.ID   `json:"comment_id"`
	MediaID   delivery.ID   `json:"media_id"`
	ParentID  delivery.ID   `json:"parent_id"`
	Text      string        `json:"text"`
	Caption   string        `json:"caption"`
	Timestamp delivery.Time `json:"timestamp"`
	Username  string        `json:"username"`
	Permalink string        `json:"permalink"`
	From      struct {
		ID       delivery.ID `json:"id"`
		Username string      `json:"username"`
	} `json:"from"`
	Media struct {
		ID delivery.ID `json:"id"`
	} `json:"media"`
}

// told is what a change is about.
type told struct {
	kind, id, media string // kind is "comment" or "media"
	bare            bool   // nothing but ids
	odd             bool
	value
}

func read(e delivery.Element) (told, error) {
	var t told
	odd, err := loose.Decode(e.Raw, &t.value)
	if err != nil {
		return t, err
	}
	t.odd = odd
	t.kind, t.media = "comment", string(t.Media.ID)
	if t.media == "" {
		t.media = string(t.MediaID)
	}
	t.id = string(t.CommentID)
	if t.id == "" {
		t.id = string(t.ID)
	}
	if t.id == "" || e.Kind == delivery.Object && e.Field == "media" {
		t.kind = "media"
		if t.id == "" {
			t.id = t.media
		}
		t.Text += t.Caption
	}
	t.bare = t.Text == "" && e.Field == "mentions"
	if e.Kind == delivery.Object && t.media == "" {
		t.media = e.Under
	}
	return t, nil
}

func key(e delivery.Element, parts ...string) string {
	return prefix + ":" + e.Entry + ":" + strings.Join(parts, ":")
}

// Sort says what is to be done with a change, or with an object of Graph.
func Sort(e delivery.Element) delivery.Sorted {
	t, err := read(e)
	switch {
	case err != nil:
		return delivery.Sorted{ID: key(e, "parked", delivery.Hash(e.Field, string(e.Raw)))}
	case t.id == "" || !known(e):
		return delivery.Sorted{ID: key(e, "other", delivery.Hash(e.Field, string(e.Raw)))}
	case e.Entry != "" && string(t.From.ID) == e.Entry:
		return delivery.Sorted{Ignored: "own", Sent: &delivery.Sent{IDs: []string{t.id}}}
	case t.bare:
		return delivery.Sorted{
			ID: key(e, "mention", t.id), At: delivery.Moment(e.Time),
			Changed: delivery.Reference{Kind: "ig_" + t.kind, ID: t.id, Post: t.media, Mention: true, At: e.Time},
		}
	}
	return delivery.Sorted{ID: key(e, t.kind, t.id), At: t.at(e).Time}
}

// at is when it was written, as far as told.
func (t told) at(e delivery.Element) delivery.Time {
	if t.Timestamp.IsZero() {
		return delivery.Time{Time: delivery.Moment(e.Time)}
	}
	return t.Timestamp
}

func known(e delivery.Element) bool {
	switch e.Field {
	case "comments", "live_comments", "mentions":
		return true
	default:
		return e.Kind == delivery.Object
	}
}

// Read turns a change, or an object of Graph, into a message.
func Read(e delivery.Element, w messaging.Where) (contact.Message, error) {
	t, err := read(e)
	if err != nil {
		return contact.Message{}, err
	}
	msg := e.Message(kind, "public")
	msg.SentAt = t.at(e).Time
	msg.ReceivedAt = msg.SentAt
	msg.Sender = contact.Sender{Address: string(t.From.ID), Name: t.From.Username}
	if msg.Sender.Name == "" {
		msg.Sender.Name = t.Username
	}
	if msg.Sender.Address == "" {
		msg.Sender.Address, msg.Authenticity = "unknown", contact.Claimed
		if msg.Sender.Name != "" {
			msg.Sender.Address = msg.Sender.Name
		}
	}
	msg.Text, msg.Authored = t.Text, t.Text
	if strings.HasPrefix(t.Permalink, "https://") {
		msg.Channel.ThreadURL = t.Permalink
	}
	if t.odd {
		msg.Flags = append(msg.Flags, contact.ParseDegraded)
	}
	if t.id == "" || !known(e) {
		if msg.Text == "" {
			msg.Unreadable = "a change on Instagram that is not known here"
		}
		return msg, nil
	}
	top := string(t.ParentID)
	if top == "" {
		top = t.id
	}
	msg.Conversation = contact.ConversationID(w.Channel, w.Account, t.kind+":"+t.media+":"+top)
	if t.bare {
		msg.Revision = &contact.Revision{Of: w.Item(key(e, t.kind, t.id)), Action: contact.Mentioned}
		return msg, nil
	}
	if t.kind == "comment" {
		// Instagram puts what answers an answer under the comment that the thread
		// begins with (IG Comment Replies), where it is to be found again.
		a := address.Address{Kind: address.Remark, To: top, Item: t.id}
		if !msg.SentAt.IsZero() {
			a.At = msg.SentAt.Unix()
		}
		msg.Answer.Address = a.Encode()
		msg.Answer.Rules, _ = a.Rules(w.Human, msg.Sender.Address)
	}
	return msg, nil
}

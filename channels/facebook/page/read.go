package page

import (
	"fmt"
	"net/url"
	"strings"

	"contactd/channels/facebook/address"
	"contactd/channels/facebook/delivery"
	"contactd/channels/facebook/messaging"
	"contactd/contact"
)

const kind = "facebook_comment"

// unknownWriter stands where Meta does not tell who wrote: to other apps it
// does not, of a post on somebody's own page.
const unknownWriter = "unknown"

// Read turns a change, or an object of Graph, into a message.
func Read(e delivery.Element, w messaging.Where) (contact.Message, error) {
	if e.Kind == delivery.Object {
		item, hidden, odd, err := readObject(e)
		if err != nil {
			return contact.Message{}, err
		}
		msg := item.message(e, w, odd)
		if e.Via == delivery.Reread {
			item.reread(&msg, e, w, hidden)
		}
		return msg, nil
	}
	item, odd, err := read(e)
	if err != nil {
		return contact.Message{}, err
	}
	msg := item.message(e, w, odd)
	item.revise(&msg, e, w)
	return msg, nil
}

// message is what an item says.
func (i Item) message(e delivery.Element, w messaging.Where, odd bool) contact.Message {
	msg := e.Message(kind, "public")
	msg.SentAt, msg.ReceivedAt = i.At.Time, i.At.Time
	msg.Sender = contact.Sender{Address: i.Writer, Name: i.WriterName}
	if i.Writer == "" {
		msg.Sender.Address = unknownWriter
		msg.Authenticity = contact.Claimed
	}
	msg.Conversation = i.conversation(w)
	msg.Text = i.words()
	if i.Shared != "" {
		messaging.Shared(&msg, messaging.SharedLabel, "", i.Shared)
	}
	msg.Authored = msg.Text
	msg.Channel.ThreadURL = i.link()
	if odd {
		msg.Flags = append(msg.Flags, contact.ParseDegraded)
	}
	if i.Kind == "" || i.ID == "" {
		if msg.Text == "" {
			msg.Unreadable = fmt.Sprintf("a change that is not known here: field %s, item %s, verb %s", word(i.Field), word(i.What), word(i.Verb))
		}
		return msg
	}
	if to := i.answer(); to.To != "" {
		msg.Answer.Address = to.Encode()
		msg.Answer.Rules, msg.Channel.ReplyWindowEndsAt = to.Rules(w.Human, msg.Sender.Address)
	}
	return msg
}

// conversation is the key: of a comment its thread under the post.
func (i Item) conversation(w messaging.Where) string {
	switch i.Kind {
	case "comment":
		return contact.ConversationID(w.Channel, w.Account, "comment:"+i.Post+":"+i.Top)
	case "":
		return ""
	default:
		return contact.ConversationID(w.Channel, w.Account, i.Kind+":"+i.ID)
	}
}

// words are the text, with what a review said by its stars.
func (i Item) words() string {
	if i.Kind != "rating" {
		return i.Text
	}
	said := strings.TrimSpace(strings.ReplaceAll(i.Advice, "_", " "))
	if i.Stars > 0 {
		said = strings.TrimSpace(fmt.Sprintf("%s %d of 5 stars", said, i.Stars))
	}
	if said == "" || i.Text != "" {
		return i.Text
	}
	return "Review without words: " + said
}

// answer is where an answer goes. Under a reply Facebook takes none, so it goes
// under the comment that the thread begins with.
func (i Item) answer() address.Address {
	a := address.Address{Item: i.ID, Who: i.Writer}
	if !i.At.IsZero() {
		a.At = i.At.Unix()
	}
	switch i.Kind {
	case "comment":
		a.Kind, a.To = address.Comment, i.Top
	default:
		a.Kind, a.To = address.Post, i.ID
	}
	return a
}

// word is a word of Meta's as it may stand in a reason.
func word(text string) string {
	if text == "" {
		return "none"
	}
	return verb(text)
}

func (i Item) link() string {
	if link, err := url.Parse(i.Link); err == nil && link.Scheme == "https" && link.Host != "" {
		return i.Link
	}
	if id := i.ID; id != "" && strings.Trim(id, "0123456789_") == "" {
		return "https://www.facebook.com/" + id
	}
	return ""
}

// revise makes the message the news that an item was changed, unless it is the
// item itself.
func (i Item) revise(msg *contact.Message, e delivery.Element, w messaging.Where) {
	if i.Kind == "" || i.ID == "" {
		return
	}
	revision := contact.Revision{Of: w.Item(i.Key(e)), By: "sender"}
	switch i.Verb {
	case "add":
		if !i.bare() {
			return
		}
		revision.Action = contact.Mentioned
	case "remove": // by the writer or by the page: beside it stands who wrote
		revision.Action, revision.By = contact.Withdrawn, ""
	case "edited", "edit":
		if revision.Action = contact.Edited; i.Text == "" {
			revision.Action = contact.Otherwise // the words are read from Graph
		}
	case "hide":
		revision.Action, revision.By = contact.Hidden, "force"
	case "unhide":
		revision.Action, revision.By = contact.Shown, "force"
	default:
		revision.Action, revision.By = contact.Otherwise, ""
	}
	if revision.Action != contact.Edited { // its words were told when it was added
		msg.Text, msg.Authored, msg.Fields = "", "", nil
	}
	if i.Writer == "" && revision.By == "sender" {
		revision.By = ""
	}
	msg.Answer, msg.Channel.ReplyWindowEndsAt = contact.Answer{}, nil
	msg.Revision = &revision
	if told := delivery.Moment(e.Time); !told.IsZero() { // not when the item was written
		msg.SentAt, msg.ReceivedAt = told, told
	}
}

// reread makes the message the news of what Graph says now.
func (i Item) reread(msg *contact.Message, e delivery.Element, w messaging.Where, hidden bool) {
	msg.Revision = &contact.Revision{Of: w.Item(i.Key(e)), Action: contact.Edited}
	if hidden {
		msg.Revision.Action = contact.Hidden
	}
	msg.Answer, msg.Channel.ReplyWindowEndsAt = contact.Answer{}, nil
	msg.SentAt, msg.ReceivedAt = delivery.Moment(e.Time), delivery.Moment(e.Time)
}

package element

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"contactd/channels/twitter/address"
	"contactd/contact"
)

// The kinds of channel in the contract.
const (
	kindPost = "x_mention"
	kindDM   = "x_dm"
)

// EncryptedNotice is what a handler reads in place of an encrypted message.
const EncryptedNotice = "Encrypted message: read and answer it in the X app."

// Where is the account that an element came to.
type Where struct {
	// Channel and Account make identities.
	Channel, Account string
	Rights           address.Rights
}

func (w Where) conversation(thread string) string {
	return contact.ConversationID(w.Channel, w.Account, thread)
}

func (w Where) message(id string) string { return contact.MessageID(w.Channel, w.Account, id) }

// Read turns an element into a message. An error means that nothing of it can
// be read.
func Read(e Element, w Where) (contact.Message, error) {
	switch e.Kind {
	case Post:
		if e.As == Withdrawn || e.As == Concealed {
			return e.gone(e.Of, e.Writer, w), nil
		}
		return readPost(e, w)
	case DM:
		return readDM(e, w)
	case Chat:
		return readEncrypted(e, w)
	case Fetched:
		return readFetched(e, w)
	case Removed:
		id, author, at, err := readRemoved(e.Raw)
		if err != nil {
			return contact.Message{}, err
		}
		e.As = Withdrawn
		msg := e.gone(id, author, w)
		msg.SentAt, msg.Revision.By = at, "sender"
		return msg, nil
	default:
		msg := e.message("other", "private")
		msg.Unreadable = "a piece of a delivery that is not known here"
		return msg, nil
	}
}

// message begins the message of an element.
func (e Element) message(kind, visibility string) contact.Message {
	msg := contact.Message{
		Channel:      contact.Channel{Kind: kind, Visibility: visibility, Direction: "inbound"},
		Authenticity: contact.Verified, // the platform knows its users
		Checks:       []string{"x-api=read"},
	}
	if e.Via == Webhook {
		msg.Checks = []string{"x-twitter-webhooks-signature=pass"}
	}
	return msg
}

// gone is the news that a post cannot be seen any more.
func (e Element) gone(of, writer string, w Where) contact.Message {
	msg := e.message(kindPost, "public")
	msg.SentAt = Millis(e.Time)
	msg.Sender.Address = writer
	msg.Revision = &contact.Revision{Of: w.message(PostID(of)), Action: contact.Withdrawn}
	if e.As == Concealed {
		msg.Revision.Action = contact.Hidden
	}
	// The post named itself when it came; so this joins it.
	msg.Thread = contact.Thread{References: []string{PostID(of)}}
	if writer == "" {
		msg.Sender.Address = "unknown"
	} else {
		msg.Thread.Participants = []string{writer}
	}
	return msg
}

func readPost(e Element, w Where) (contact.Message, error) {
	item, odd, err := e.ReadPost()
	if err != nil {
		return contact.Message{}, err
	}
	msg := e.message(kindPost, "public")
	msg.SentAt, msg.ReceivedAt = item.At, item.At
	msg.Sender = item.Writer.sender()
	msg.Language = language(item.Language)
	say(&msg, words(item.Text, item.Links), item.Media)
	if others := e.context(item, msg.Text == ""); others != "" {
		msg.Text = strings.TrimSpace(msg.Text + "\n\n" + others)
		msg.Authored = cmp.Or(msg.Authored, msg.Text)
	}
	msg.Locations = places(item.Point, item.Place)
	msg.Channel.ThreadURL = item.link()
	// Conversations are of one sender: in one thread of many, each has theirs.
	if item.Conversation != "" {
		msg.Conversation = w.conversation("post:" + item.Conversation + ":" + item.Writer.ID)
	} else {
		msg.Thread.References = []string{PostID(item.InReplyTo)}
	}
	msg.Thread.IDs = names(item)
	msg.Thread.Participants = []string{item.Writer.ID}
	if odd {
		msg.Flags = append(msg.Flags, contact.ParseDegraded)
	}
	if e.As == Version {
		msg.SentAt, msg.ReceivedAt = item.editedAt(), item.editedAt()
		msg.Revision = &contact.Revision{Of: w.message(PostID(item.First)), Action: contact.Edited, By: "sender"}
	}
	to := address.Address{
		Kind: address.Post, To: item.ID, Writer: item.Writer.ID, Root: item.Conversation,
		Summoned: slices.Contains(item.Mentions, e.Owner) || item.QuotedUser != "" && item.QuotedUser == e.Owner,
		Under:    item.InReplyToUser != "" && item.InReplyToUser == e.Owner,
	}
	msg.Answer = contact.Answer{Address: to.Encode(), Rules: to.Rules(w.Rights, item.Writer.shown())}
	return msg, nil
}

// names are what later messages may refer to: every version.
func names(item Item) []string {
	ids := []string{PostID(item.First)}
	if item.later() {
		ids = append(ids, PostID(item.ID))
	}
	return ids
}

func (u User) sender() contact.Sender { return contact.Sender{Address: u.ID, Name: u.shown()} }

// shown is how people know somebody on X.
func (u User) shown() string {
	switch {
	case u.Handle == "":
		return u.Name
	case u.Name == "" || u.Name == u.Handle:
		return "@" + u.Handle
	default:
		return u.Name + " (@" + u.Handle + ")"
	}
}

// say puts down what was written, and where pictures and films are. Names and
// addresses alone must not pass for words that were judged: addresses stand
// beside the message then.
func say(msg *contact.Message, text string, media []Media) {
	if empty(text) {
		for _, each := range strings.Fields(text) {
			if isLink(each) {
				msg.Fields = append(msg.Fields, contact.Field{Name: "link", Label: "Link", Value: each})
			}
		}
		return
	}
	for _, each := range media {
		if link, err := url.Parse(each.URL); err == nil && link.Scheme == "https" {
			text += fmt.Sprintf("\n[%s: %s]", word(each.Type), each.URL)
		}
	}
	msg.Text, msg.Authored = text, text
}

// word keeps X's word for a medium if it is one.
func word(text string) string {
	if text == "" || len(text) > 20 || strings.Trim(text, "abcdefghijklmnopqrstuvwxyz_") != "" {
		return "file"
	}
	return strings.ReplaceAll(text, "_", " ")
}

// language keeps a BCP 47 tag; X writes "und" and words of its own such as
// "qme" where it does not know.
func language(tag string) string {
	if tag == "und" || strings.HasPrefix(tag, "q") || len(tag) > 8 || strings.Trim(tag, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-") != "" {
		return ""
	}
	return tag
}

// places are a point, and the name of an area.
func places(p *[2]float64, name string) []contact.Location {
	var all []contact.Location
	if p != nil && p[0] >= -180 && p[0] <= 180 && p[1] >= -90 && p[1] <= 90 {
		all = append(all, contact.Location{Role: "caller", Form: "latlon", Lat: &p[1], Lon: &p[0], Confidence: "unverified", Source: "platform"})
	}
	if name != "" {
		all = append(all, contact.Location{Role: "caller", Form: "text", Value: name, Confidence: "unverified", Source: "platform"})
	}
	return all
}

func (i Item) link() string {
	if !Digits(i.ID) {
		return ""
	}
	name := i.Writer.Handle
	if name == "" || len(name) > 30 || strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") != "" {
		name = "i"
	}
	return "https://x.com/" + name + "/status/" + i.ID
}

func readDM(e Element, w Where) (contact.Message, error) {
	d, odd, err := e.ReadDM()
	if err != nil {
		return contact.Message{}, err
	}
	msg := e.message(kindDM, "private")
	msg.SentAt, msg.ReceivedAt = d.At, d.At
	msg.Sender = d.Sender.sender()
	say(&msg, words(d.Text, d.Links), d.Media)
	msg.Locations = places(d.Point, d.Place)
	if odd {
		msg.Flags = append(msg.Flags, contact.ParseDegraded)
	}
	to := address.Address{Kind: address.DM, To: d.Sender.ID, Group: d.Group}
	thread := d.thread(e.Owner)
	msg.Conversation = w.conversation("dm:" + thread)
	msg.Channel.ThreadURL = "https://x.com/messages/" + url.PathEscape(thread)
	msg.Answer = contact.Answer{Address: to.Encode(), Rules: to.Rules(w.Rights, d.Sender.shown())}
	return msg, nil
}

// readEncrypted makes an item of what only the X app can show.
func readEncrypted(e Element, w Where) (contact.Message, error) {
	c, _, err := readChat(e.Raw)
	if err != nil {
		return contact.Message{}, err
	}
	msg := e.message(kindDM, "private")
	msg.SentAt, msg.ReceivedAt = c.Created.Time, c.Created.Time
	msg.Sender = contact.Sender{Address: string(c.Sender)}
	if u, known := e.user(string(c.Sender)); known {
		msg.Sender = u.sender()
	}
	if msg.Sender.Address == "" {
		msg.Sender.Address = "unknown"
	}
	msg.Text, msg.Authored = EncryptedNotice, EncryptedNotice
	msg.Flags = []contact.Flag{contact.Encrypted}
	thread := c.Conversation
	if a, b, pair := cut(thread); pair {
		thread = Pair(a, b)
	}
	if thread == "" {
		thread = Pair(string(c.Sender), e.Owner)
	}
	msg.Conversation = w.conversation("chat:" + thread)
	msg.Channel.ThreadURL = "https://x.com/messages"
	msg.Answer.Rules = contact.ReplyRules{Reason: "answers_elsewhere"}
	return msg, nil
}

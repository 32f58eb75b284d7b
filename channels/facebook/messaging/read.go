package messaging

import (
	"encoding/json"
	"errors"
	"strings"
	"time"

	"contactd/channels/facebook/address"
	"contactd/channels/facebook/delivery"
	"contactd/channels/loose"
	"contactd/contact"
)

// Where says what reading needs beside the element.
type Where struct {
	// Channel and Account are those of the original.
	Channel, Account string
	// Human is set when the account may answer for a week.
	Human bool
}

// Item is the contact that a platform id stands for.
func (w Where) Item(id string) string { return contact.MessageID(w.Channel, w.Account, id) }

// Conversation is the key of one with a person.
func (w Where) Conversation(thread string) string {
	return contact.ConversationID(w.Channel, w.Account, "msg:"+thread)
}

// Read turns an element of a conversation into a message.
func (p Platform) Read(e delivery.Element, w Where) (contact.Message, error) {
	if e.Kind == delivery.Object {
		return p.readObject(e, w)
	}
	var m element
	odd, err := loose.Decode(e.Raw, &m)
	if err != nil {
		return contact.Message{}, err
	}
	msg := e.Message(p.Kind, "private")
	msg.SentAt, msg.ReceivedAt = m.Timestamp.Time, m.Timestamp.Time
	msg.Sender.Address = m.thread(e)
	if msg.Sender.Address == "" {
		msg.Sender.Address = "unknown"
	} else {
		msg.Conversation = w.Conversation(msg.Sender.Address)
	}
	if odd {
		msg.Flags = append(msg.Flags, contact.ParseDegraded)
	}
	switch {
	case m.Message != nil:
		p.readMessage(&msg, e, m, w)
	case m.Edit != nil && m.Edit.MID != "":
		msg.Text = m.Edit.Text
		msg.Revision = &contact.Revision{Of: w.Item(p.MessageKey(e, m.Edit.MID)), Action: contact.Edited, By: "sender"}
	case m.Postback != nil:
		msg.Text = m.Postback.Title
		if m.Postback.Payload != "" {
			msg.Fields = []contact.Field{{Name: "postback", Label: "Button", Value: m.Postback.Payload}}
		}
		p.answer(&msg, e, m, w)
	case m.Reaction != nil && m.Reaction.MID != "":
		msg.Revision = m.Reaction.revision(w.Item(p.MessageKey(e, m.Reaction.MID)))
	default:
		readAct(&msg, m)
	}
	if msg.Unreadable == "" && msg.Text == "" && odd && msg.Revision == nil {
		msg.Unreadable = "an element of a form that is not known here"
	}
	msg.Authored = msg.Text
	return msg, nil
}

func (r reaction) revision(of string) *contact.Revision {
	revision := &contact.Revision{Of: of, Action: contact.Reacted, By: "sender", Value: r.Emoji}
	if revision.Value == "" {
		revision.Value = r.Reaction
	}
	if r.Action == "unreact" {
		revision.Action = contact.Unreacted
	}
	return revision
}

func (p Platform) readMessage(msg *contact.Message, e delivery.Element, m element, w Where) {
	if bool(m.Message.Deleted) && m.Message.MID != "" {
		msg.Revision = &contact.Revision{Of: w.Item(p.MessageKey(e, m.Message.MID)), Action: contact.Withdrawn, By: "sender"}
		return
	}
	lines := []string{m.Message.Text}
	read := m.Message.attachments()
	if len(read) < len(m.Message.Attachments) {
		msg.Flags = append(msg.Flags, contact.ParseDegraded)
	}
	for _, each := range read {
		lines = append(lines, each.words(msg))
	}
	if story := m.Message.ReplyTo.Story; story.URL != "" {
		msg.Fields = append(msg.Fields, contact.Field{Name: "story", Label: "Answers the story", Value: story.URL})
	}
	if m.Message.QuickReply.Payload != "" {
		msg.Fields = append(msg.Fields, contact.Field{Name: "quick_reply", Label: "Button", Value: m.Message.QuickReply.Payload})
	}
	msg.Text = joined(lines)
	if bool(m.Message.Unsupported) && msg.Text == "" {
		msg.Flags = append(msg.Flags, contact.ParseDegraded)
	}
	p.answer(msg, e, m, w)
}

// words are what an attachment says in words, for attachments that are no file;
// a place goes into the message's locations too.
func (a attachment) words(msg *contact.Message) string {
	if place := a.Payload.Coordinates; place != nil && place.Lat >= -90 && place.Lat <= 90 && place.Long >= -180 && place.Long <= 180 {
		lat, long := place.Lat, place.Long
		msg.Locations = append(msg.Locations, contact.Location{
			Role: "caller", Form: "latlon", Value: a.Title, Lat: &lat, Lon: &long, Confidence: "unverified", Source: "device",
		})
		return "" // the title is Meta's, and a place without words is not calm
	}
	if a.file() {
		return ""
	}
	return Shared(msg, a.label(), a.Title+a.Payload.Title, a.link())
}

// Shared are the words of something that was shared. An address alone must not
// pass for words that were judged: it stands beside the message, under a label.
func Shared(msg *contact.Message, label, title, link string) string {
	if title = strings.TrimSpace(title); title == "" && strings.Contains(link, "://") {
		msg.Fields = append(msg.Fields, contact.Field{Name: "link", Label: label, Value: link})
		return ""
	}
	return strings.TrimSpace(title + " " + link)
}

// answer says how the person is answered.
func (p Platform) answer(msg *contact.Message, e delivery.Element, m element, w Where) {
	p.answerTo(msg, m.Sender.address(), m.Timestamp.Time, w)
	if e.Kind == delivery.Standby && msg.Answer.Address != "" {
		msg.Answer.Rules.Reason = "answers_elsewhere" // another app answers now
	}
}

func (p Platform) answerTo(msg *contact.Message, person string, at time.Time, w Where) {
	if person == "" {
		msg.Answer.Rules.Reason = "no_address"
		return
	}
	a := address.Address{Kind: p.Address, To: person}
	if !at.IsZero() {
		a.At = at.Unix()
	}
	msg.Answer.Address = a.Encode()
	msg.Answer.Rules, msg.Channel.ReplyWindowEndsAt = a.Rules(w.Human, person)
}

// acts are what people and platforms do without a word. They stand on the
// conversation as automatic, so that nobody takes them for a question.
var acts = map[string]string{
	"referral":               "Came to this conversation by a link.",
	"optin":                  "Agreed to be written to.",
	"pass_thread_control":    "The conversation was handed over to another app.",
	"take_thread_control":    "The conversation was taken over by another app.",
	"request_thread_control": "Another app asks for the conversation.",
	"app_roles":              "The page changed which app answers first.",
	"policy-enforcement":     "Meta has acted against the page: see the Page Quality tab.",
}

func readAct(msg *contact.Message, m element) {
	kind := kindOf(m)
	words, known := acts[kind]
	if !known {
		msg.Unreadable = "a kind of element that is not known here"
		return
	}
	msg.Text = words
	if kind == "policy-enforcement" {
		return // a person must look
	}
	msg.Automatic = contact.AutoReply
	var referral struct {
		Ref    string `json:"ref"`
		Source string `json:"source"`
	}
	if kind == "referral" && json.Unmarshal(m.Referral, &referral) == nil && referral.Ref != "" {
		msg.Fields = []contact.Field{{Name: "ref", Label: "Link", Value: referral.Ref}}
	}
}

// readObject turns a message that was read from Graph into one of ours.
func (p Platform) readObject(e delivery.Element, w Where) (contact.Message, error) {
	var o object
	odd, err := loose.Decode(e.Raw, &o)
	if err != nil {
		return contact.Message{}, err
	}
	if o.From.ID == "" {
		return contact.Message{}, errors.New("read message: it has no sender")
	}
	msg := e.Message(p.Kind, "private")
	msg.SentAt, msg.ReceivedAt = o.Created.Time, o.Created.Time
	msg.Sender = contact.Sender{Address: string(o.From.ID), Name: o.From.Name}
	if msg.Sender.Name == "" {
		msg.Sender.Name = o.From.Username
	}
	msg.Conversation = w.Conversation(msg.Sender.Address)
	lines := []string{o.Text}
	for _, share := range o.Shares.Data {
		lines = append(lines, Shared(&msg, SharedLabel, share.Name+" "+share.Description, share.Link))
	}
	msg.Text = joined(lines)
	msg.Authored = msg.Text
	// In Europe Graph may give a name that says so instead of a file.
	for _, each := range o.Attachments.Data {
		if each.FileURL == "" && each.Image.URL == "" && each.Video.URL == "" {
			odd = true
		}
	}
	if odd {
		msg.Flags = append(msg.Flags, contact.ParseDegraded)
	}
	p.answerTo(&msg, msg.Sender.Address, msg.SentAt, w)
	return msg, nil
}

func joined(lines []string) string {
	var all []string
	for _, line := range lines {
		if line = strings.TrimSpace(line); line != "" {
			all = append(all, line)
		}
	}
	return strings.Join(all, "\n")
}

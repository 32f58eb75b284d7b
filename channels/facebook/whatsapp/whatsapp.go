// Package whatsapp reads what comes to WhatsApp numbers by the same deliveries
// as Facebook's. One change holds several messages and states; Split takes it
// apart, so that each message is an original of its own.
//
// The shapes are those of the Cloud API. A person is known by a number or,
// since 2026, by a business-scoped user id alone, so an address here is never
// taken for a number.
package whatsapp

import (
	"encoding/json"
	"fmt"
	"strings"

	"contactd/channels/facebook/address"
	"contactd/channels/facebook/delivery"
	"contactd/channels/facebook/messaging"
	"contactd/channels/loose"
	"contactd/contact"
)

const (
	prefix = "wa"
	kind   = "whatsapp"
)

// The fields that Split gives its elements.
const (
	messageField = "message"
	statusField  = "status"
)

type value struct {
	Metadata struct {
		Number delivery.ID `json:"phone_number_id"`
	} `json:"metadata"`
	Contacts json.RawMessage   `json:"contacts"`
	Messages []json.RawMessage `json:"messages"`
	Statuses []json.RawMessage `json:"statuses"`
}

// Split takes a change of the field messages apart. Entry of what it gives is
// the number's id, by which the account is known; other changes stay as they
// are.
func Split(e delivery.Element) []delivery.Element {
	if e.Kind != delivery.Change || e.Field != "messages" {
		return []delivery.Element{e}
	}
	var v value
	odd, err := loose.Decode(e.Raw, &v)
	if v.Metadata.Number != "" {
		e.Entry = string(v.Metadata.Number)
	}
	if err != nil || odd || len(v.Messages)+len(v.Statuses) == 0 {
		return []delivery.Element{e}
	}
	var all []delivery.Element
	for _, raw := range v.Messages {
		each := e
		each.Field, each.Raw, each.With = messageField, raw, v.Contacts
		all = append(all, each)
	}
	for _, raw := range v.Statuses {
		each := e
		each.Field, each.Raw = statusField, raw
		all = append(all, each)
	}
	return all
}

type message struct {
	ID        delivery.ID   `json:"id"`
	From      delivery.ID   `json:"from"`
	FromUser  delivery.ID   `json:"from_user_id"`
	UserID    delivery.ID   `json:"user_id"`
	Timestamp delivery.Time `json:"timestamp"`
	Type      string        `json:"type"`
	Text      struct {
		Body string `json:"body"`
	} `json:"text"`
	Image    media `json:"image"`
	Video    media `json:"video"`
	Audio    media `json:"audio"`
	Document media `json:"document"`
	Sticker  media `json:"sticker"`
	Location *struct {
		Latitude  float64 `json:"latitude"`
		Longitude float64 `json:"longitude"`
		Name      string  `json:"name"`
		Address   string  `json:"address"`
	} `json:"location"`
	Interactive struct {
		Button choice `json:"button_reply"`
		List   choice `json:"list_reply"`
	} `json:"interactive"`
	Button struct {
		Text    string `json:"text"`
		Payload string `json:"payload"`
	} `json:"button"`
	Reaction *struct {
		MessageID delivery.ID `json:"message_id"`
		Emoji     string      `json:"emoji"`
	} `json:"reaction"`
	// Edit and Revoke are [recall]: newer accounts deliver them.
	Edit *struct {
		MessageID delivery.ID `json:"original_message_id"`
		Message   struct {
			Text struct {
				Body string `json:"body"`
			} `json:"text"`
		} `json:"message"`
	} `json:"edit"`
	Revoke *struct {
		MessageID delivery.ID `json:"original_message_id"`
	} `json:"revoke"`
	System struct {
		Body string `json:"body"`
	} `json:"system"`
	Contacts []struct {
		Name struct {
			Formatted string `json:"formatted_name"`
		} `json:"name"`
		Phones []struct {
			Phone string `json:"phone"`
		} `json:"phones"`
	} `json:"contacts"`
}

type media struct {
	ID       delivery.ID `json:"id"`
	MimeType string      `json:"mime_type"`
	Caption  string      `json:"caption"`
	Filename string      `json:"filename"`
}

type choice struct {
	ID    string `json:"id"`
	Title string `json:"title"`
}

type status struct {
	ID        delivery.ID   `json:"id"`
	Status    string        `json:"status"`
	Recipient delivery.ID   `json:"recipient_id"`
	Timestamp delivery.Time `json:"timestamp"`
	// Data is what we sent along [recall].
	Data   string `json:"biz_opaque_callback_data"`
	Errors []struct {
		Code int `json:"code"`
	} `json:"errors"`
}

func key(e delivery.Element, parts ...string) string {
	return prefix + ":" + e.Entry + ":" + strings.Join(parts, ":")
}

// Sort says what is to be done with an element that Split gave.
func Sort(e delivery.Element) delivery.Sorted {
	switch e.Field {
	case statusField:
		return sortStatus(e)
	case messageField:
	default:
		return delivery.Sorted{ID: key(e, "other", delivery.Hash(e.Field, string(e.Raw)))}
	}
	var m message
	if _, err := loose.Decode(e.Raw, &m); err != nil || m.ID == "" {
		return delivery.Sorted{ID: key(e, "parked", delivery.Hash(string(e.Raw)))}
	}
	s := delivery.Sorted{ID: key(e, "msg", string(m.ID)), At: m.Timestamp.Time}
	for _, each := range []media{m.Image, m.Video, m.Audio, m.Document, m.Sticker} {
		if each.ID != "" {
			s.Files = append(s.Files, delivery.File{Media: string(each.ID), Name: each.Filename, Type: each.MimeType})
		}
	}
	return s
}

func sortStatus(e delivery.Element) delivery.Sorted {
	var s status
	if _, err := loose.Decode(e.Raw, &s); err != nil || s.ID == "" {
		return delivery.Sorted{ID: key(e, "parked", delivery.Hash(string(e.Raw)))}
	}
	sent := delivery.Sent{Metadata: s.Data, IDs: []string{string(s.ID)}, Thread: string(s.Recipient)}
	switch s.Status {
	case "delivered", "read":
		sent.Reached = true
	case "failed":
		sent.Failed = "WhatsApp could not deliver it"
		if len(s.Errors) > 0 {
			sent.Failed = fmt.Sprintf("WhatsApp could not deliver it (code %d)", s.Errors[0].Code)
		}
	}
	return delivery.Sorted{Ignored: "receipt", Sent: &sent}
}

// person is who wrote, and by what name.
func person(e delivery.Element, m message) (id, name string) {
	for _, each := range []delivery.ID{m.From, m.FromUser, m.UserID} {
		if id == "" {
			id = string(each)
		}
	}
	var contacts []struct {
		ID      delivery.ID `json:"wa_id"`
		UserID  delivery.ID `json:"user_id"`
		Profile struct {
			Name string `json:"name"`
		} `json:"profile"`
	}
	_ = json.Unmarshal(e.With, &contacts) // without it nobody has a name
	for _, each := range contacts {
		if string(each.ID) == id || string(each.UserID) == id || id == "" && len(contacts) == 1 {
			if id == "" {
				id = string(each.ID + each.UserID)
			}
			return id, each.Profile.Name
		}
	}
	return id, ""
}

// Read turns an element that Split gave into a message.
func Read(e delivery.Element, w messaging.Where) (contact.Message, error) {
	msg := e.Message(kind, "private")
	var m message
	odd, err := loose.Decode(e.Raw, &m)
	if err != nil {
		return msg, err
	}
	if odd {
		msg.Flags = append(msg.Flags, contact.ParseDegraded)
	}
	msg.SentAt, msg.ReceivedAt = m.Timestamp.Time, m.Timestamp.Time
	msg.Sender.Address, msg.Sender.Name = person(e, m)
	if e.Field != messageField || m.ID == "" {
		msg.Unreadable = "a change on WhatsApp that is not known here: field " + word(e.Field)
		return msg, nil
	}
	if msg.Sender.Address == "" {
		msg.Sender.Address = "unknown"
		msg.Answer.Rules.Reason = "no_address"
	} else {
		msg.Conversation = w.Conversation(msg.Sender.Address)
	}
	if msg.Revision = m.revision(e, w, &msg); msg.Revision == nil {
		m.read(&msg)
	}
	msg.Authored = msg.Text
	if msg.Revision != nil || msg.Sender.Address == "unknown" {
		return msg, nil
	}
	a := address.Address{Kind: address.WhatsApp, To: msg.Sender.Address, Item: string(m.ID)}
	if !msg.SentAt.IsZero() {
		a.At = msg.SentAt.Unix()
	}
	msg.Answer.Address = a.Encode()
	msg.Answer.Rules, msg.Channel.ReplyWindowEndsAt = a.Rules(false, msg.Sender.Address)
	return msg, nil
}

func (m message) revision(e delivery.Element, w messaging.Where, msg *contact.Message) *contact.Revision {
	of := func(id delivery.ID) string { return w.Item(key(e, "msg", string(id))) }
	switch {
	case m.Reaction != nil && m.Reaction.MessageID != "":
		action := contact.Reacted
		if m.Reaction.Emoji == "" {
			action = contact.Unreacted
		}
		return &contact.Revision{Of: of(m.Reaction.MessageID), Action: action, By: "sender", Value: m.Reaction.Emoji}
	case m.Edit != nil && m.Edit.MessageID != "":
		msg.Text = m.Edit.Message.Text.Body
		return &contact.Revision{Of: of(m.Edit.MessageID), Action: contact.Edited, By: "sender"}
	case m.Revoke != nil && m.Revoke.MessageID != "":
		return &contact.Revision{Of: of(m.Revoke.MessageID), Action: contact.Withdrawn, By: "sender"}
	default:
		return nil
	}
}

// read reads the words of a message, whatever carries them.
func (m message) read(msg *contact.Message) {
	var lines []string
	add := func(texts ...string) {
		for _, text := range texts {
			if text = strings.TrimSpace(text); text != "" {
				lines = append(lines, text)
			}
		}
	}
	add(m.Text.Body, m.Image.Caption, m.Video.Caption, m.Document.Caption, m.Interactive.Button.Title, m.Interactive.List.Title, m.Button.Text)
	if m.Type == "system" {
		add(m.System.Body)
		msg.Automatic = contact.AutoReply
	}
	if place := m.Location; place != nil {
		add(place.Name, place.Address)
		if place.Latitude >= -90 && place.Latitude <= 90 && place.Longitude >= -180 && place.Longitude <= 180 {
			lat, lon := place.Latitude, place.Longitude
			msg.Locations = append(msg.Locations, contact.Location{Role: "caller", Form: "latlon", Lat: &lat, Lon: &lon, Confidence: "unverified", Source: "device"})
		}
	}
	for _, card := range m.Contacts {
		add(card.Name.Formatted)
		for _, phone := range card.Phones {
			add(phone.Phone)
		}
	}
	msg.Text = strings.Join(lines, "\n")
	if m.Type == "unsupported" {
		msg.Flags = append(msg.Flags, contact.ParseDegraded)
	}
}

func word(text string) string {
	if len(text) > 40 || strings.Trim(text, "abcdefghijklmnopqrstuvwxyz_") != "" {
		return "other"
	}
	return text
}

package messaging

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"contactd/channels/facebook/delivery"
	"contactd/channels/loose"
)

// key is the identity of something in the account's conversations.
func (p Platform) key(e delivery.Element, parts ...string) string {
	return p.Prefix + ":" + e.Entry + ":" + strings.Join(parts, ":")
}

// MessageKey is the identity of a message.
func (p Platform) MessageKey(e delivery.Element, mid delivery.ID) string {
	return p.key(e, "msg", messageID(mid))
}

// Sort says what is to be done with an element of a conversation.
func (p Platform) Sort(e delivery.Element) delivery.Sorted {
	if e.Kind == delivery.Object {
		return p.sortObject(e)
	}
	var m element
	if _, err := loose.Decode(e.Raw, &m); err != nil {
		return delivery.Sorted{ID: p.key(e, "parked", delivery.Hash(string(e.Raw)))}
	}
	s := delivery.Sorted{At: m.Timestamp.Time}
	own := m.own(e)
	switch {
	case m.Message != nil:
		return p.sortMessage(e, m, s)
	case m.Edit != nil && m.Edit.MID != "":
		s.ID = p.key(e, "msg", messageID(m.Edit.MID), "edit", m.Edit.number(e))
	case m.Postback != nil:
		s.ID = p.postbackKey(e, m)
	case m.Reaction != nil && m.Reaction.MID != "":
		s.ID = p.key(e, "reaction", messageID(m.Reaction.MID), m.Sender.address(), m.Reaction.Action, millis(m.Timestamp))
	case m.Read != nil:
		return delivery.Sorted{Ignored: "receipt", Sent: &delivery.Sent{
			Thread: m.Sender.address(), Reached: true, Until: m.Read.Watermark.Time, IDs: ids(m.Read),
		}}
	case m.Delivery != nil:
		return delivery.Sorted{Ignored: "receipt", Sent: &delivery.Sent{
			Thread: m.Sender.address(), Reached: true, Until: m.Delivery.Watermark.Time, IDs: ids(m.Delivery),
		}}
	default:
		s.ID = p.key(e, kindOf(m), m.Sender.address(), millis(m.Timestamp), delivery.Hash(string(e.Raw)))
		return s
	}
	if own {
		return delivery.Sorted{Ignored: "own"}
	}
	return s
}

// number tells edits of a message apart.
func (m edit) number(e delivery.Element) string {
	if m.Num == 0 {
		return delivery.Hash(string(e.Raw))
	}
	return fmt.Sprint(int64(m.Num))
}

// millis writes a time in identities, 0 when it is unknown.
func millis(t delivery.Time) string {
	if t.IsZero() {
		return "0"
	}
	return strconv.FormatInt(t.UnixMilli(), 10)
}

func ids(r *receipt) []string {
	var all []string
	for _, each := range append(r.MIDs, r.MID) {
		if each != "" {
			all = append(all, messageID(each))
		}
	}
	return all
}

// own reports whether the account itself is the sender.
func (m element) own(e delivery.Element) bool {
	return m.Message != nil && bool(m.Message.Echo) || e.Entry != "" && string(m.Sender.ID) == e.Entry
}

// thread is the person: of sender and recipient, the one that is not the page.
// Some echoes have them the other way round.
func (m element) thread(e delivery.Element) string {
	if m.Sender.address() == e.Entry || m.Sender.address() == "" {
		return m.Recipient.address()
	}
	return m.Sender.address()
}

func (p Platform) sortMessage(e delivery.Element, m element, s delivery.Sorted) delivery.Sorted {
	switch {
	case m.own(e) && bool(m.Message.Deleted):
		return delivery.Sorted{Ignored: "own"}
	case m.own(e):
		return delivery.Sorted{Ignored: "echo", Sent: &delivery.Sent{
			Metadata: m.Message.Metadata, IDs: []string{messageID(m.Message.MID)}, Thread: m.thread(e),
		}}
	case m.Message.MID == "":
		s.ID = p.key(e, "msg", "sha256-"+delivery.Hash(string(e.Raw)))
	case bool(m.Message.Deleted):
		s.ID = p.MessageKey(e, m.Message.MID) + ":deleted"
		return s
	default:
		s.ID = p.MessageKey(e, m.Message.MID)
	}
	for _, each := range m.Message.attachments() {
		if each.file() {
			s.Files = append(s.Files, delivery.File{URL: each.link(), Name: each.Title, Type: each.Type})
		}
	}
	return s
}

// attachments leaves out those that cannot be read; the message is flagged.
func (m message) attachments() []attachment {
	var all []attachment
	for _, raw := range m.Attachments {
		var a attachment
		if _, err := loose.Decode(raw, &a); err == nil {
			all = append(all, a)
		}
	}
	return all
}

// postbackKey is the id of the click, or made of what it consists of: before
// v11, and on standby copies, there is none.
func (p Platform) postbackKey(e delivery.Element, m element) string {
	if m.Postback.MID != "" {
		return p.MessageKey(e, m.Postback.MID)
	}
	return p.key(e, "postback", delivery.Hash(m.Sender.address(), millis(m.Timestamp), m.Postback.Title, m.Postback.Payload))
}

// kindOf names what is neither a message nor about one.
func kindOf(m element) string {
	for _, each := range []struct {
		name string
		raw  json.RawMessage
	}{
		{"referral", m.Referral},
		{"optin", m.Optin},
		{"pass_thread_control", m.Pass},
		{"take_thread_control", m.Take},
		{"request_thread_control", m.Request},
		{"app_roles", m.Roles},
		{"policy-enforcement", m.Policy},
	} {
		if present(each.raw) {
			return each.name
		}
	}
	return "other"
}

// sortObject sorts a message that was read from Graph.
func (p Platform) sortObject(e delivery.Element) delivery.Sorted {
	var o object
	if _, err := loose.Decode(e.Raw, &o); err != nil || o.ID == "" {
		return delivery.Sorted{ID: p.key(e, "parked", delivery.Hash(string(e.Raw)))}
	}
	if string(o.From.ID) == e.Entry {
		return delivery.Sorted{Ignored: "own"}
	}
	s := delivery.Sorted{ID: p.MessageKey(e, o.ID), At: o.Created.Time}
	for _, each := range o.Attachments.Data {
		for _, link := range []string{each.FileURL, each.Image.URL, each.Video.URL} {
			if link != "" {
				s.Files = append(s.Files, delivery.File{URL: link, Name: each.Name, Type: each.MimeType})
				break
			}
		}
	}
	return s
}

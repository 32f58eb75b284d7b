// Package address is how a conversation on one of Meta's platforms is
// answered, as it is kept with the conversation.
package address

import (
	"encoding/json"
	"errors"
	"time"

	"contactd/contact"
)

// The kinds of address.
const (
	Messenger = "messenger" // To is the page-scoped id of the person
	Instagram = "instagram" // the same for an Instagram account
	WhatsApp  = "whatsapp"  // To is a number or a business-scoped user id
	Comment   = "comment"   // To is the comment to answer under, Item what was written
	Post      = "post"      // To is a visitor's post or a review
	Remark    = "remark"    // the same as Comment on Instagram
)

// Address says where an answer goes.
type Address struct {
	Kind string `json:"k"`
	To   string `json:"to"`
	Item string `json:"item,omitempty"`
	// Who wrote it, where To does not say so.
	Who string `json:"who,omitempty"`
	// At is when the person last wrote, Unix seconds: windows begin there.
	At int64 `json:"at,omitempty"`
}

// The windows in which Meta takes answers: to anything for a day, and what a
// person wrote for a week (Send API, tag HUMAN_AGENT). A private answer to a
// comment can be sent for a week.
const (
	Window      = 24 * time.Hour
	HumanWindow = 7 * 24 * time.Hour
)

// Encode writes an address as contact.Answer keeps it.
func (a Address) Encode() string {
	raw, _ := json.Marshal(a) // texts and numbers alone
	return string(raw)
}

// Decode reads what Encode wrote.
func Decode(text string) (Address, error) {
	var a Address
	if json.Unmarshal([]byte(text), &a) != nil || a.Kind == "" || a.To == "" {
		return a, errors.New("read address: it is none of this channel's")
	}
	return a, nil
}

// WroteAt is when the person last wrote.
func (a Address) WroteAt() time.Time { return time.Unix(a.At, 0).UTC() }

// Limits of what the platforms take.
const (
	// MessengerText is the longest part of a longer text, in characters, and
	// Parts how many parts there may be. The limit is [recall] in the research
	// page: 2,000 characters.
	MessengerText = 1950
	Parts         = 8
	// InstagramText is 1,000 bytes [recall].
	InstagramText = 950
	// WhatsAppText is 4,096 characters [recall].
	WhatsAppText = 4000
	// CommentText is 8,000 characters [recall].
	CommentText = 8000
	// FileBytes is 25 MB [recall].
	FileBytes = 25 << 20
)

// Rules are the rules of an address; ends is when the platform stops taking
// answers, nil for never.
func (a Address) Rules(human bool, writer string) (rules contact.ReplyRules, ends *time.Time) {
	rules = contact.ReplyRules{Allowed: true}
	if writer != "" {
		rules.To = []string{writer}
	}
	switch a.Kind {
	case Messenger:
		rules.TextLimit, rules.AttachmentLimit, rules.AttachmentBytes = MessengerText*Parts, 4, FileBytes
		ends = a.end(human)
	case Instagram:
		rules.TextLimit = InstagramText * Parts / 4 // characters of up to four bytes
		ends = a.end(human)
	case WhatsApp:
		rules.TextLimit, rules.AttachmentLimit, rules.AttachmentBytes = WhatsAppText, 1, 16<<20
		ends = a.end(false)
	case Comment:
		rules.TextLimit = CommentText
		rules.Ways = []contact.Way{contact.Privately, contact.Hide, contact.Show}
	case Remark:
		rules.TextLimit = 2200
		rules.Ways = []contact.Way{contact.Privately, contact.Hide, contact.Show}
	default:
		rules.TextLimit = CommentText
	}
	return rules, ends
}

func (a Address) end(human bool) *time.Time {
	if a.At == 0 {
		return nil
	}
	window := Window
	if human {
		window = HumanWindow
	}
	end := a.WroteAt().Add(window)
	return &end
}

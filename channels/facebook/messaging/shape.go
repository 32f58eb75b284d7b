// Package messaging reads conversations on Messenger and Instagram, which have
// one shape: elements of a delivery, and messages that were read from Graph.
package messaging

import (
	"encoding/json"
	"strings"

	"contactd/channels/facebook/delivery"
)

// Platform is what differs between Messenger and Instagram.
type Platform struct {
	// Prefix begins identities, Kind is the contract's kind of channel, and
	// Address the kind of address.
	Prefix, Kind, Address string
}

// person is a sender or recipient. A user_ref stands for somebody who has
// ticked a box and not written yet.
type person struct {
	ID       delivery.ID `json:"id"`
	UserRef  delivery.ID `json:"user_ref"`
	Name     string      `json:"name"`
	Username string      `json:"username"`
}

func (p person) address() string {
	if p.ID != "" {
		return string(p.ID)
	}
	return string(p.UserRef)
}

// element is one of a delivery's messaging or standby elements. Which kind it
// is shows by the key that exists.
type element struct {
	Sender    person        `json:"sender"`
	Recipient person        `json:"recipient"`
	Timestamp delivery.Time `json:"timestamp"`

	Message  *message        `json:"message"`
	Edit     *edit           `json:"message_edit"`
	Postback *postback       `json:"postback"`
	Reaction *reaction       `json:"reaction"`
	Read     *receipt        `json:"read"`
	Delivery *receipt        `json:"delivery"`
	Referral json.RawMessage `json:"referral"`
	Optin    json.RawMessage `json:"optin"`
	Pass     json.RawMessage `json:"pass_thread_control"`
	Take     json.RawMessage `json:"take_thread_control"`
	Request  json.RawMessage `json:"request_thread_control"`
	Roles    json.RawMessage `json:"app_roles"`
	Policy   json.RawMessage `json:"policy-enforcement"`
}

type message struct {
	MID         delivery.ID       `json:"mid"`
	Text        string            `json:"text"`
	Echo        delivery.Truth    `json:"is_echo"`
	Metadata    string            `json:"metadata"`
	Deleted     delivery.Truth    `json:"is_deleted"`
	Unsupported delivery.Truth    `json:"is_unsupported"`
	Sticker     delivery.ID       `json:"sticker_id"`
	Attachments []json.RawMessage `json:"attachments"`
	ReplyTo     struct {
		MID   delivery.ID `json:"mid"`
		Story struct {
			ID  delivery.ID `json:"id"`
			URL string      `json:"url"`
		} `json:"story"`
	} `json:"reply_to"`
	QuickReply struct {
		Payload string `json:"payload"`
	} `json:"quick_reply"`
}

type edit struct {
	MID  delivery.ID     `json:"mid"`
	Text string          `json:"text"`
	Num  delivery.Number `json:"num_edit"`
}

type postback struct {
	MID     delivery.ID `json:"mid"`
	Title   string      `json:"title"`
	Payload string      `json:"payload"`
}

type reaction struct {
	MID      delivery.ID `json:"mid"`
	Action   string      `json:"action"`
	Reaction string      `json:"reaction"`
	Emoji    string      `json:"emoji"`
}

type receipt struct {
	Watermark delivery.Time `json:"watermark"`
	MID       delivery.ID   `json:"mid"`
	MIDs      []delivery.ID `json:"mids"`
}

// attachment is what came with a message. Where the address stands has changed
// over the years.
type attachment struct {
	Type    string `json:"type"`
	Title   string `json:"title"`
	URL     string `json:"url"`
	Payload struct {
		URL         string `json:"url"`
		Title       string `json:"title"`
		Coordinates *struct {
			Lat  float64 `json:"lat"`
			Long float64 `json:"long"`
		} `json:"coordinates"`
	} `json:"payload"`
}

// file reports whether an attachment's address leads to a file, and not to a
// page that was shared.
func (a attachment) file() bool {
	switch a.Type {
	case "image", "video", "audio", "file", "sticker":
		return a.link() != ""
	default:
		return false
	}
}

// label says what an address without a title leads to. What a story holds may be
// shown while it stands, and not be kept (Instagram, story mentions).
func (a attachment) label() string {
	if a.Type == "story_mention" {
		return "Names us in a story"
	}
	return SharedLabel
}

// SharedLabel is that of something shared that has no better one.
const SharedLabel = "Shared"

func (a attachment) link() string {
	if a.Payload.URL != "" {
		return a.Payload.URL
	}
	return a.URL
}

// object is a message as Graph shows it.
type object struct {
	ID          delivery.ID   `json:"id"`
	Created     delivery.Time `json:"created_time"`
	From        person        `json:"from"`
	Text        string        `json:"message"`
	Attachments struct {
		Data []struct {
			MimeType string `json:"mime_type"`
			Name     string `json:"name"`
			FileURL  string `json:"file_url"`
			Image    struct {
				URL string `json:"url"`
			} `json:"image_data"`
			Video struct {
				URL string `json:"url"`
			} `json:"video_data"`
		} `json:"data"`
	} `json:"attachments"`
	Shares struct {
		Data []struct {
			Link        string `json:"link"`
			Name        string `json:"name"`
			Description string `json:"description"`
		} `json:"data"`
	} `json:"shares"`
}

// messageID writes the id of an old webhook as Graph does.
func messageID(mid delivery.ID) string {
	if strings.HasPrefix(string(mid), "mid.") {
		return "m_" + string(mid)
	}
	return string(mid)
}

func present(raw json.RawMessage) bool { return len(raw) > 0 && string(raw) != "null" }

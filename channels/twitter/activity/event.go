package activity

import (
	"encoding/json"
	"strings"

	"contactd/channels/loose"
	"contactd/channels/twitter/element"
)

// event is one of the activity API.
type event struct {
	UUID   element.ID `json:"event_uuid"`
	Filter struct {
		User element.ID `json:"user_id"`
	} `json:"filter"`
	Type     string          `json:"event_type"`
	Payload  json.RawMessage `json:"payload"`
	Includes struct {
		Users  []json.RawMessage `json:"users"`
		Tweets []json.RawMessage `json:"tweets"`
		Posts  []json.RawMessage `json:"posts"`
		Media  []json.RawMessage `json:"media"`
	} `json:"includes"`
}

// kindOfEvent says what an event of the activity API is.
func kindOfEvent(word string) string {
	switch word {
	case "post.mention.create", "post.reply.create", "post.quote.create", "post.create":
		return element.Post
	case "post.delete":
		return element.Removed
	case "dm.received", "dm.sent":
		return element.DM
	case "chat.received", "chat.sent":
		return element.Chat
	case "dm.read":
		return element.Receipt
	case "oauth.revoke":
		return element.Revoked
	case "dm.indicate_typing":
		return element.Passing
	}
	// Families of events that tell of nothing a handler reads.
	switch family, _, _ := strings.Cut(word, "."); family {
	case "profile", "follow", "like", "mute", "block", "spaces", "news":
		return element.Passing
	default:
		return element.Unread
	}
}

// splitActivity splits an event of the activity API. Direct messages come in
// the form of account activity.
func splitActivity(raw json.RawMessage) ([]element.Element, error) {
	var e event
	odd, err := loose.Decode(raw, &e)
	if err != nil {
		return nil, ErrUnreadable
	}
	of := element.Element{Owner: string(e.Filter.User), Dialect: element.V2, Via: element.Webhook, Kind: kindOfEvent(e.Type), Field: e.Type, Raw: e.Payload}
	if odd && (e.Type == "" || len(e.Payload) == 0) || e.Type == "" {
		of.Kind, of.Field, of.Raw = element.Unread, "data", raw
		return []element.Element{of}, nil
	}
	switch of.Kind {
	case element.Passing:
		return []element.Element{of}, nil
	case element.Revoked:
		of.Owner = revokedBy(e.Payload, of.Owner)
		return []element.Element{of}, nil
	case element.DM, element.Receipt:
		if elements := splitMessages(of, e.Payload); len(elements) > 0 {
			return elements, nil
		}
	}
	in := element.NewIncludes(e.Includes.Users, append(e.Includes.Tweets, e.Includes.Posts...), e.Includes.Media)
	of.With = in.For(e.Payload)
	return []element.Element{of}, nil
}

func revokedBy(payload json.RawMessage, otherwise string) string {
	var p struct {
		User element.ID `json:"user_id"`
	}
	if _, err := loose.Decode(payload, &p); err == nil && p.User != "" {
		return string(p.User)
	}
	return otherwise
}

// splitMessages splits what has the form of account activity; nothing when it
// has another.
func splitMessages(of element.Element, payload json.RawMessage) []element.Element {
	var all map[string]json.RawMessage
	if json.Unmarshal(payload, &all) != nil {
		return nil
	}
	users := usersOf(all["users"])
	of.Dialect = element.V1
	for _, field := range []string{"direct_message_events", "direct_message_mark_read_events"} {
		if raw, there := all[field]; there {
			return list(of, field, raw, users)
		}
	}
	return nil
}

// Package activity takes X's deliveries apart without changing a byte: those
// of account activity, with lists of events of one account, and those of the
// activity API, with one event each. What an element means is left to package
// element.
package activity

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"contactd/channels/loose"
	"contactd/channels/twitter/element"
)

// ErrUnreadable says that a body is no delivery of X's, so that only the whole
// of it can be kept.
var ErrUnreadable = errors.New("split delivery: no JSON of account activity or the activity API")

// Split takes a body apart. Raw of every element is a piece of the body.
func Split(body []byte) ([]element.Element, error) {
	var all map[string]json.RawMessage
	if json.Unmarshal(body, &all) != nil || len(all) == 0 {
		return nil, ErrUnreadable
	}
	if raw, there := all["data"]; there {
		return splitActivity(raw)
	}
	if elements := splitAccount(all); len(elements) > 0 {
		return elements, nil
	}
	return nil, ErrUnreadable
}

// kindOfList says what a list of account activity holds.
func kindOfList(field string) string {
	switch field {
	case "tweet_create_events":
		return element.Post
	case "direct_message_events":
		return element.DM
	case "tweet_delete_events":
		return element.Removed
	case "direct_message_mark_read_events":
		return element.Receipt
	case "favorite_events", "follow_events", "block_events", "mute_events", "direct_message_indicate_typing_events":
		return element.Passing
	default:
		return element.Unread
	}
}

// splitAccount splits a delivery of account activity. The map of users stands
// beside the lists; every element keeps those that it names.
func splitAccount(all map[string]json.RawMessage) []element.Element {
	var owner element.ID
	_ = owner.UnmarshalJSON(all["for_user_id"])
	of := element.Element{Owner: string(owner), Dialect: element.V1, Via: element.Webhook}
	users := usersOf(all["users"])
	fields := make([]string, 0, len(all))
	for field := range all {
		fields = append(fields, field)
	}
	slices.Sort(fields)
	var elements []element.Element
	for _, field := range fields {
		raw := all[field]
		switch {
		case field == "user_event":
			elements = append(elements, userEvent(of, raw))
		case field == "replay_job_status":
			elements = append(elements, with(of, element.Replayed, field, raw, nil))
		case strings.HasSuffix(field, "_events"):
			elements = append(elements, list(of, field, raw, users)...)
		}
	}
	return elements
}

// list splits one list; what is no list is kept whole.
func list(of element.Element, field string, raw json.RawMessage, users map[string]json.RawMessage) []element.Element {
	var events []json.RawMessage
	if json.Unmarshal(raw, &events) != nil {
		return []element.Element{with(of, element.Unread, field, raw, nil)}
	}
	var elements []element.Element
	for _, event := range events {
		elements = append(elements, with(of, kindOfList(field), field, event, named(event, users)))
	}
	return elements
}

func with(of element.Element, kind, field string, raw json.RawMessage, users []json.RawMessage) element.Element {
	of.Kind, of.Field, of.Raw = kind, field, raw
	if len(users) > 0 {
		of.With = &element.With{Users: users}
	}
	return of
}

// userEvent tells a withdrawn consent from what is new. It names the account
// by itself.
func userEvent(of element.Element, raw json.RawMessage) element.Element {
	var event struct {
		Revoke *struct {
			Source struct {
				User element.ID `json:"user_id"`
			} `json:"source"`
		} `json:"revoke"`
	}
	if _, err := loose.Decode(raw, &event); err != nil || event.Revoke == nil {
		return with(of, element.Unread, "user_event", raw, nil)
	}
	if of.Owner == "" {
		of.Owner = string(event.Revoke.Source.User)
	}
	return with(of, element.Revoked, "user_event", raw, nil)
}

// usersOf reads the map of users, by id; their own form may lack the id, so
// the key counts.
func usersOf(raw json.RawMessage) map[string]json.RawMessage {
	var users map[string]json.RawMessage
	_ = json.Unmarshal(raw, &users)
	return users
}

// named picks the sender of a direct message.
func named(event json.RawMessage, users map[string]json.RawMessage) []json.RawMessage {
	if len(users) == 0 {
		return nil
	}
	var dm struct {
		Message struct {
			Sender element.ID `json:"sender_id"`
		} `json:"message_create"`
		Sender element.ID `json:"sender_id"`
	}
	if _, err := loose.Decode(event, &dm); err != nil {
		return nil
	}
	for _, id := range []element.ID{dm.Message.Sender, dm.Sender} {
		if raw, there := users[string(id)]; there && id != "" && element.ReadUser(raw).ID != "" {
			return []json.RawMessage{raw}
		}
	}
	return nil
}

package tell

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"contactd/contact"
)

// Event tells an event in one line.
func Event(e contact.Event) string { return Plain(line(e)) }

func line(e contact.Event) string {
	grade := "-"
	if e.Grade != nil {
		grade = e.Grade.String()
	}
	head := fmt.Sprintf("%s  %-10s %s", e.Time.Local().Format(time.DateTime), grade, e.Type)
	switch e.Type {
	case contact.ReceivedV1, contact.RevisedV1, contact.EscalatedV1:
		var data contact.Received
		if json.Unmarshal(e.Data, &data) != nil {
			return head
		}
		from := ""
		if len(data.Parties) > 0 {
			from = strings.Join(append(data.Parties[0].Emails, data.Parties[0].Handles...), " ")
		}
		if data.Content.Subject != "" {
			from += "  " + data.Content.Subject
		}
		return fmt.Sprintf("%s  %s  %s/%s  %s — %s%s", head, data.ConversationID, data.Channel.Kind, data.Channel.Account, from,
			changed(data.Revision)+Short(data.Content.Summary), noticed(data.Classification.Notes))
	default:
		return head + "  " + e.Subject + aboutAnswer(e)
	}
}

// changed says what became of a message, before its words if there are new ones.
func changed(r *contact.Revision) string {
	switch {
	case r == nil:
		return ""
	case r.Value != "":
		return string(r.Action) + " " + Short(r.Value) + " "
	default:
		return string(r.Action) + " "
	}
}

// aboutAnswer says what an event that is no message holds beside its subject.
func aboutAnswer(e contact.Event) string {
	switch e.Type {
	case contact.RepliedV1:
		var data contact.Replied
		if json.Unmarshal(e.Data, &data) == nil {
			return fmt.Sprintf("  %s/%s  %s — %s%s", data.Channel, data.Account, data.ConversationID, State(data), quoted(data.Text))
		}
	case contact.ReplyRequestedV1:
		var data contact.Requested
		if json.Unmarshal(e.Data, &data) == nil {
			by := "  automatic"
			if !data.Automatic {
				by = byPerson(data.Author)
			}
			return fmt.Sprintf("  %s%s%s", data.Conversation, by, quoted(data.Text))
		}
	case contact.AbandonedV1:
		var data contact.Abandoned
		if json.Unmarshal(e.Data, &data) == nil {
			return fmt.Sprintf("  %s/%s  last seen %s, %s unanswered",
				data.Channel, data.Account, data.LastSeenAt.Local().Format(time.TimeOnly), Count(data.Unanswered, "message"))
		}
	case contact.AssessedV1:
		var data contact.Assessed
		if json.Unmarshal(e.Data, &data) == nil {
			by := ""
			if data.ByPerson() {
				by = byPerson(data.Author)
			}
			return fmt.Sprintf("  %s  was %s%s — %s%s", data.ConversationID, data.Previous, by,
				strings.Join(data.Classification.Categories, ", "), noticed(data.Classification.Notes))
		}
	case contact.RejectedV1:
		var data contact.Rejected
		if json.Unmarshal(e.Data, &data) == nil {
			return fmt.Sprintf("  %s/%s  %s — %s", data.Channel, data.Account, data.RawRef, data.Error)
		}
	case contact.DegradedV1, contact.RestoredV1:
		var data contact.ChannelState
		if json.Unmarshal(e.Data, &data) == nil && data.Until != nil {
			return fmt.Sprintf(" — not reached for %v", data.Until.Sub(data.Since).Round(time.Second))
		}
		return " — " + data.Error
	case contact.SuggestedV1:
		var data contact.Suggested
		if json.Unmarshal(e.Data, &data) == nil {
			return fmt.Sprintf("  %s  stays %s, %s thinks %s", data.ConversationID, data.Standing, data.Opinion.By, data.Opinion.Grade)
		}
	case contact.GradedV1:
		var data contact.Graded
		if json.Unmarshal(e.Data, &data) == nil {
			return fmt.Sprintf("  %s  %s, was %s%s", data.ConversationID, data.Grade, data.Previous, byPerson(data.Author))
		}
	case contact.SeenV1:
		var data contact.Seen
		if json.Unmarshal(e.Data, &data) == nil {
			return "  " + data.ConversationID
		}
	case contact.PresenceV1:
		var data contact.Presence
		if json.Unmarshal(e.Data, &data) == nil {
			return "  " + Count(data.Handlers, "handler")
		}
	case contact.TypingV1:
		var data contact.Typing
		if json.Unmarshal(e.Data, &data) == nil {
			return "  the " + data.By + " is writing"
		}
	}
	return ""
}

// byPerson names a handler, who may have given no name.
func byPerson(author string) string {
	if author == "" {
		author = "a person"
	}
	return "  by " + author
}

func quoted(text string) string {
	if text == "" {
		return ""
	}
	return " — " + Short(text)
}

// State says how far a reply has come, and why no further.
func State(r contact.Replied) string {
	if r.Reason != "" {
		return fmt.Sprintf("%s: %s", r.State, r.Reason)
	}
	return string(r.State)
}

// noticed tells in a few words what must not be overlooked, empty for nothing.
func noticed(notes contact.Notes) string {
	var all []string
	if notes.Covert != nil {
		all = append(all, "covert")
	}
	if notes.SafeToReply != nil && notes.SafeToReply.Safe == "no" {
		all = append(all, "not safe to reply")
	}
	for _, each := range notes.Markers {
		if !slices.Contains(all, named(each)) {
			all = append(all, named(each))
		}
	}
	if len(all) == 0 {
		return ""
	}
	return "  [" + strings.Join(all, ", ") + "]"
}

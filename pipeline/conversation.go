package pipeline

import (
	"slices"

	"contactd/contact"
)

// placement is what a message says about its conversation.
func (p *Pipeline) placement(e Entry, j judged) Placement {
	m := j.message
	placement := Placement{Key: m.Conversation, Known: m.Conversation != "", Thread: m.Thread}
	if !placement.Known {
		placement.Key = contact.ConversationID(e.Original.Channel, e.Original.Account, m.ID)
	}
	if placement.Answer = m.Answer; len(m.Answer.Address) > contact.AnswerLimit {
		p.log.Error("message cannot be answered: what its channel needs for it is over the limit", "channel", e.Original.Channel, "seq", e.Seq)
		placement.Answer = contact.Answer{}
	}
	placement.Answer.Rules.PeopleOnly = placement.Answer.Rules.PeopleOnly || careful(m, j.assessment)
	if m.Channel.ReplyWindowEndsAt != nil {
		placement.AnswerUntil = *m.Channel.ReplyWindowEndsAt
	}
	return placement
}

// joined writes a place into the message. One that referred to other people's
// conversation begins its own, with a flag for the handler.
func joined(m contact.Message, placed Placed) contact.Message {
	m.Conversation = placed.Conversation
	if placed.Foreign {
		m.Flags = append(slices.Clip(m.Flags), contact.ForeignThread)
	}
	return m
}

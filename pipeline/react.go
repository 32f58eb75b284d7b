package pipeline

import (
	"context"
	"fmt"

	"contactd/contact"
)

// reacts reports whether react has something to do.
func (p *Pipeline) reacts(channel string, m contact.Message) bool {
	if p.replies.Journal == nil {
		return false
	}
	_, acknowledges := p.acknowledgement(channel, m)
	return acknowledges || m.Outcome != nil
}

// react does what a message asks of contactd itself:
// a bounce tells what became of a reply, and a person may be told that the
// message was taken.
func (p *Pipeline) react(ctx context.Context, channel string, m contact.Message) error {
	if p.replies.Journal == nil {
		return nil
	}
	if m.Outcome != nil {
		if err := p.replies.Journal.Outcome(ctx, *m.Outcome); err != nil {
			return err
		}
	}
	return p.acknowledge(ctx, channel, m)
}

// acknowledge queues an automatic reply when the channel has one for the
// message. Its id is made of the message's, so that a message that is read
// again is acknowledged once; the journal's brakes stop what gets out of hand.
func (p *Pipeline) acknowledge(ctx context.Context, channel string, m contact.Message) error {
	text, ok := p.acknowledgement(channel, m)
	if !ok {
		return nil
	}
	err := p.replies.Journal.QueueReply(ctx, contact.Reply{
		ID:           contact.ReplyID(m.Conversation, "acknowledgement of "+m.ID),
		Conversation: m.Conversation, InReplyTo: m.ID, Text: text, Automatic: true, RequestedAt: p.now().UTC(),
	})
	if err != nil {
		return fmt.Errorf("acknowledge message: %w", err)
	}
	return nil
}

// acknowledgement is what a person is told at once, false when nothing is.
func (p *Pipeline) acknowledgement(channel string, m contact.Message) (text string, ok bool) {
	acknowledger, ok := p.replies.Acknowledgers[channel]
	if !ok || m.Automatic != contact.Person || m.Abandoned != nil || m.Outcome != nil || m.Revision != nil ||
		m.Covert || m.SafeToContact == "no" || !m.Answer.Rules.Allowed {
		return "", false
	}
	return acknowledger.Acknowledgement(m)
}

package pipeline

import (
	"context"
	"fmt"

	"contactd/contact"
)

// reacts reports whether react has something to do.
func (p *Pipeline) reacts(channel string, j judged) bool {
	if p.replies.Journal == nil {
		return false
	}
	_, acknowledges := p.acknowledgement(channel, j)
	return acknowledges || j.message.Outcome != nil
}

// react does what a message asks of contactd itself:
// a bounce tells what became of a reply, and a person may be told that the
// message was taken.
func (p *Pipeline) react(ctx context.Context, channel string, j judged) error {
	if p.replies.Journal == nil {
		return nil
	}
	if j.message.Outcome != nil {
		if err := p.replies.Journal.Outcome(ctx, *j.message.Outcome); err != nil {
			return err
		}
	}
	return p.acknowledge(ctx, channel, j)
}

// acknowledge queues an automatic reply when the channel has one for the
// message. Its id is made of the message's, so that a message that is read
// again is acknowledged once; the journal's brakes stop what gets out of hand.
func (p *Pipeline) acknowledge(ctx context.Context, channel string, j judged) error {
	text, ok := p.acknowledgement(channel, j)
	if !ok {
		return nil
	}
	m := j.message
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
func (p *Pipeline) acknowledgement(channel string, j judged) (text string, ok bool) {
	m := j.message
	acknowledger, ok := p.replies.Acknowledgers[channel]
	if !ok || m.Automatic != contact.Person || m.Abandoned != nil || m.Outcome != nil || m.Revision != nil ||
		careful(m, j.assessment) || !m.Answer.Rules.Allowed {
		return "", false
	}
	return acknowledger.Acknowledgement(m)
}

// careful reports whether an answer that nobody has thought about could
// endanger the person: so the channel knows, or the words seem to say.
func careful(m contact.Message, a contact.Assessment) bool {
	return m.Covert || m.SafeToContact == "no" || a.Unsafe()
}

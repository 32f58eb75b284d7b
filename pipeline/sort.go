package pipeline

import (
	"context"

	"github.com/ThreeDotsLabs/watermill/message"

	"contactd/contact"
)

// sort is the first handler: read → grade → conversation, and the entry
// waits in its lane.
func (p *Pipeline) sort(env *message.Message) error {
	entry, err := p.open(env)
	if err != nil {
		return err
	}
	ctx := env.Context()
	if entry.Original.Channel == RepliesChannel {
		return p.sortReplied(ctx, entry)
	}
	if entry.Original.Channel == AssessmentsChannel {
		return p.sortLater(ctx, entry)
	}
	m, err := p.read(ctx, entry)
	if err != nil {
		return err
	}
	j := judged{message: m, assessment: p.assess(ctx, m)}
	lane := lane(m, j.assessment)
	p.memo.put(entry.Seq, lane, j)
	if !p.reacts(entry.Original.Channel, j) {
		return p.journal.Settle(ctx, entry.Seq, p.placement(entry, j), lane)
	}
	// What contactd does itself needs the conversation, and must be done
	// before the entry leaves the unread.
	placed, err := p.journal.Place(ctx, entry.Seq, p.placement(entry, j))
	if err != nil {
		return err
	}
	if err := p.react(ctx, entry.Original.Channel, judged{joined(m, placed), j.assessment}); err != nil {
		return err
	}
	return p.journal.Sort(ctx, entry.Seq, lane)
}

// assess judges a message. Silence cannot be judged, nor a change without words.
func (p *Pipeline) assess(ctx context.Context, m contact.Message) contact.Assessment {
	if m.Abandoned != nil || wordless(m) {
		return contact.Assessment{Grade: contact.Unknown, At: p.now()}
	}
	return p.panel.Assess(ctx, m)
}

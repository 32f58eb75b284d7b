package pipeline

import (
	"context"
	"errors"
	"fmt"

	"github.com/ThreeDotsLabs/watermill/message"

	"contactd/contact"
)

// send is the second handler: seal and publish. The envelope is acknowledged
// to the journal only after Kafka acknowledged the record.
func (p *Pipeline) send(env *message.Message) error {
	entry, err := p.open(env)
	if err != nil {
		return err
	}
	alert, event, err := p.eventsOf(env.Context(), entry)
	if err != nil {
		return err
	}
	record, err := Envelope(event, entry.Lane)
	if err != nil {
		return err
	}
	if entry.Row.Journal != "" {
		record.Metadata.Set(MetaRow, entry.Row.String())
	}
	// At the same time: each waits in a lane of its own, and after an outage
	// neither is to begin waiting only when the other is through.
	alerted := make(chan error, 1)
	if alert == nil {
		alerted <- nil
	} else {
		go func() { alerted <- p.publish(TopicAlerts, *alert, LaneEmergency) }()
	}
	err = p.out.Publish(TopicEvents, record)
	if err = errors.Join(<-alerted, err); err != nil {
		return fmt.Errorf("publish event: %w", err)
	}
	// Where the record lies, for the journal, which watches for a broker that
	// lost what it had acknowledged.
	env.Metadata.Set(MetaPartition, record.Metadata.Get(MetaPartition))
	env.Metadata.Set(MetaOffset, record.Metadata.Get(MetaOffset))
	p.memo.forget(entry.Seq)
	if event.Grade != nil && !Own(entry.Original.Channel) {
		p.metrics.graded.WithLabelValues(entry.Original.Channel, event.Grade.String()).Inc()
	}
	p.metrics.latency.WithLabelValues(entry.Lane.String()).Observe(p.now().Sub(entry.AcceptedAt).Seconds())
	return nil
}

// eventsOf seals an entry for TopicEvents, and an emergency for TopicAlerts too.
func (p *Pipeline) eventsOf(ctx context.Context, entry Entry) (alert *contact.Event, event contact.Event, err error) {
	if entry.Original.Channel == RepliesChannel && entry.Quarantined == "" {
		replied, err := readReplied(entry)
		if err != nil {
			return nil, event, err
		}
		event, err = p.seal.replied(entry, replied)
		return nil, event, err
	}
	if entry.Original.Channel == AssessmentsChannel && entry.Quarantined == "" {
		return p.seal.later(entry)
	}
	j, err := p.judge(ctx, entry)
	if err != nil {
		return nil, event, err
	}
	if j.message.Abandoned != nil {
		event, err = p.seal.abandoned(entry, j.message)
		return nil, event, err
	}
	if j.assessment.Grade == contact.Emergency {
		escalated, err := p.seal.escalated(entry, j)
		if err != nil {
			return nil, event, err
		}
		alert = &escalated
	}
	event, err = p.seal.received(entry, j)
	return alert, event, err
}

// judge gives the message and assessment of an entry in the outbox: what was
// remembered from sorting, or read and judged anew. A quarantined entry is
// never read again: reading it may be what kills the process.
func (p *Pipeline) judge(ctx context.Context, e Entry) (judged, error) {
	if e.Quarantined != "" {
		m := unread(e)
		return judged{message: m, assessment: p.panel.Assess(ctx, m)}, nil
	}
	j, ok := p.memo.get(e.Seq)
	if !ok {
		m, err := p.read(ctx, e)
		if err != nil {
			return judged{}, err
		}
		j = judged{message: m, assessment: p.assess(ctx, m)}
	}
	j.message = joined(j.message, e.Placed)
	return j, nil
}

func (p *Pipeline) publish(topic string, event contact.Event, l Lane) error {
	record, err := Envelope(event, l)
	if err != nil {
		return err
	}
	if err := p.out.Publish(topic, record); err != nil {
		return fmt.Errorf("publish to %s: %w", topic, err)
	}
	return nil
}

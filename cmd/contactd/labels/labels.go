// Package labels gathers what handlers have graded from the events on Kafka: the
// last grade of each conversation, with the words that it is about, as a row of
// labelled messages. What such rows are good for is the matter of the packages
// labelled and measure.
package labels

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"contactd/cmd/contactd/events"
	"contactd/contact"
	"contactd/pipeline/kafka"
)

// Label is a conversation with its last grade by a person.
type Label struct {
	grade    contact.Event
	decision contact.Assessed
	// earlier are messages about which a person had decided before: they are
	// not part of what this grade is about.
	earlier  map[string]bool
	messages []contact.Message // up to the graded one, in order
	people   []contact.Party
	was      *contact.Grade // by machines; nil when the message is no longer there
	language string
	rawRef   string
	cut      bool
}

// Read reads the topic twice, so that only what was graded is held: first
// the grades, then the messages they are about. Labels come in the order in
// which they were given.
func Read(ctx context.Context, from events.Topics, force string, since, until time.Time) (labels []*Label, lost events.Lost, err error) {
	of := map[string]*Label{} // by conversation
	lost, err = events.Read(ctx, from, []string{contact.AssessedV1}, nil, func(e contact.Event) {
		var data contact.Assessed
		if e.Force != force || !until.IsZero() && !e.Time.Before(until) || json.Unmarshal(e.Data, &data) != nil ||
			!data.ByPerson() || data.Classification.Grade == contact.Unknown {
			return
		}
		last := of[data.ConversationID]
		next := &Label{grade: e, decision: data, earlier: map[string]bool{}}
		if last != nil {
			next.earlier = last.earlier
			next.earlier[last.decision.ContactID] = true
		}
		of[data.ConversationID] = next
	})
	if err != nil {
		return nil, lost, err
	}
	for conversation, each := range of {
		if each.grade.Time.Before(since) {
			delete(of, conversation)
		}
	}
	graded := func(r kafka.Record) bool { return of[r.Key] != nil }
	_, err = events.Read(ctx, from, []string{contact.ReceivedV1, contact.RevisedV1}, graded, func(e contact.Event) {
		if each := of[e.PartitionKey]; each != nil {
			each.hears(e)
		}
	})
	for _, each := range of {
		labels = append(labels, each)
	}
	slices.SortFunc(labels, func(a, b *Label) int {
		return cmp.Or(a.grade.Time.Compare(b.grade.Time), strings.Compare(a.grade.ID, b.grade.ID))
	})
	return labels, lost, err
}

// hears takes a message of the conversation.
func (l *Label) hears(e contact.Event) {
	var data contact.Received
	if e.Force != l.grade.Force || json.Unmarshal(e.Data, &data) != nil || data.TestMarker {
		return
	}
	graded := data.ContactID == l.decision.ContactID
	if l.was != nil && !graded {
		return // it came later
	}
	m := contact.Message{
		ID: data.ContactID, Subject: data.Content.Subject, Text: data.Content.Text, Authored: cmp.Or(data.Content.NewText, data.Content.Text),
		Channel: data.Channel.Channel, Automatic: data.Automatic, Revision: data.Revision, ReceivedAt: data.Times.IngestedAt,
	}
	if at := data.Times.PlatformReceivedAt; at != nil {
		m.ReceivedAt = *at
	}
	at := slices.IndexFunc(l.messages, func(before contact.Message) bool { return before.ID == m.ID })
	switch {
	case at >= 0:
		l.messages[at] = m // published again, as unreadable before
	case !l.earlier[m.ID]:
		l.messages = append(l.messages, m)
	case graded: // and before too
		l.messages = []contact.Message{m}
	default:
		l.messages = nil
	}
	if !graded {
		return
	}
	grade := data.Classification.Grade
	l.was, l.people, l.language, l.rawRef = &grade, data.Parties, data.Channel.Language, data.Provenance.RawRef
	l.cut = slices.Contains(data.Flags, contact.Truncated)
}

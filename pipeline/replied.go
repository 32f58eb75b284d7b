package pipeline

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"contactd/contact"
)

// readReplied reads an original of RepliesChannel. What is wrong with one is
// the disk's fault, never a person's, and permanent.
func readReplied(e Entry) (contact.Replied, error) {
	var r contact.Replied
	if err := json.Unmarshal(e.Original.Bytes, &r); err != nil {
		return r, Permanent(fmt.Errorf("read change of a reply: %w", err))
	}
	id, which, _ := strings.Cut(e.Original.ID, "/")
	state, _, numbered := strings.Cut(which, "/")
	if id == "" || r.ReplyID != id || string(r.State) != state || !numbered || r.ConversationID == "" {
		return r, Permanent(errors.New("read change of a reply: it is another than its identity says"))
	}
	return r, nil
}

// sortReplied gives a change of a reply its place in the conversation. Nobody
// judges it: it is contactd's own word. One that a person must look at goes
// before what is calm.
func (p *Pipeline) sortReplied(ctx context.Context, e Entry) error {
	r, err := readReplied(e)
	if err != nil {
		return err
	}
	if _, err := p.journal.Place(ctx, e.Seq, Placement{Key: r.ConversationID, Known: true}); err != nil {
		return err
	}
	lane := LaneNormal
	if r.State == contact.Failed || r.State == contact.Uncertain {
		lane = LaneUnjudged
	}
	return p.journal.Sort(ctx, e.Seq, lane)
}

// replied is the event of a change. Its time is that of the change, and its id
// is made of the change's identity, so that it is the same when told again.
func (s sealer) replied(e Entry, r contact.Replied) (contact.Event, error) {
	raw, err := json.Marshal(r)
	if err != nil {
		return contact.Event{}, fmt.Errorf("write event: %w", err)
	}
	_, which, _ := strings.Cut(e.Original.ID, "/")
	event := s.begin(contact.RepliedV1, contact.EventID(contact.RepliedV1, r.ReplyID, which), r.ReplyID, r.At)
	event.Source = s.source(r.Channel, r.Account)
	event.PartitionKey, event.CorrelationID = e.Conversation, e.Conversation
	event.Sequence, event.Data = strconv.FormatInt(e.Sequence, 10), raw
	return event, nil
}

// abandoned is the event of a person who vanished: nobody can judge silence,
// so its grade is unknown.
func (s sealer) abandoned(e Entry, m contact.Message) (contact.Event, error) {
	data := *m.Abandoned
	data.SchemaVersion, data.ConversationID = schemaVersion, e.Conversation
	data.Channel, data.Account = m.Channel.Kind, m.Channel.Account
	raw, err := json.Marshal(data)
	if err != nil {
		return contact.Event{}, fmt.Errorf("write event: %w", err)
	}
	event := s.event(contact.AbandonedV1, e, judged{message: m, assessment: contact.Assessment{Grade: contact.Unknown}})
	event.Subject = e.Conversation
	event.Sequence = strconv.FormatInt(e.Sequence, 10)
	event.Data = raw
	return event, nil
}

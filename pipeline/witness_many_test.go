package pipeline_test

import (
	"context"
	"log/slog"
	"slices"
	"strconv"
	"testing"

	"github.com/ThreeDotsLabs/watermill/message"

	"contactd/contact"
	"contactd/pipeline"
)

// forgetful is a journal that has every second row, and notes what it is told.
type forgetful struct {
	largest   int // most places, or replies, at once
	places    map[string]int64
	replies   []string
	forgotten int
}

func (f *forgetful) Remembered(context.Context) (pipeline.Remembered, error) {
	return pipeline.Remembered{Journal: "j"}, nil
}

func (f *forgetful) Has(_ context.Context, mark pipeline.RowMark) (bool, error) {
	return mark.Seq%2 == 0, nil
}

func (f *forgetful) Remind(_ context.Context, conversations []pipeline.ForgottenConversation, replies []pipeline.ForgottenReply) error {
	places := 0
	for _, c := range conversations {
		for message, sequence := range c.Messages {
			f.places[message] = sequence
		}
		for seq, sequence := range c.Rows {
			f.places[strconv.FormatInt(seq, 10)] = sequence
		}
		places += len(c.Messages) + len(c.Rows)
	}
	for _, r := range replies {
		f.replies = append(f.replies, r.Asked.ID)
	}
	f.largest = max(f.largest, places, len(replies))
	return nil
}

func (f *forgetful) Doubt(_ context.Context, forgotten int) error {
	f.forgotten = forgotten
	return nil
}

func (f *forgetful) Agree(context.Context, map[int]int64) error { return nil }

// TestHoweverMuchWasForgottenTheJournalIsToldAFewAtATime: of one conversation,
// in which each message was published twice.
func TestHoweverMuchWasForgottenTheJournalIsToldAFewAtATime(t *testing.T) {
	const rows, replies = 1800, 1300
	kafka := &published{t: t}
	for i := range 2 * rows {
		seq := strconv.Itoa(i/2 + 1)
		kafka.keep(pipeline.TopicEvents, &message.Message{Metadata: message.Metadata{
			pipeline.MetaKey: "c-1", pipeline.MetaRow: "j/" + seq + "/ab", "ce_sequence": seq,
			"ce_type": contact.ReceivedV1, "ce_subject": "m-" + seq, "ce_source": "/force/webchat/main",
		}})
	}
	// What another program may have written names no row.
	kafka.keep(pipeline.TopicEvents, &message.Message{Metadata: message.Metadata{pipeline.MetaRow: "j/-7/ab"}})
	asked := make([]string, replies)
	for i := range asked {
		reply := answer(contact.ConversationID("webchat", "main", "lane"), strconv.Itoa(i))
		(&lives{flow: &flow{t: t, out: kafka}}).keepCommand(reply)
		asked[i] = reply.ID
	}
	told := &forgetful{places: map[string]int64{}}
	pipeline.NewWitness(told, kafka, "borsetshire", slog.New(slog.DiscardHandler)).Run(t.Context())
	if told.largest > 500 {
		t.Errorf("%d at once", told.largest)
	}
	if len(told.places) != rows || told.places["m-1"] != 1 || told.places["1800"] != rows || told.forgotten != rows/2 {
		t.Errorf("told %d places, and that %d rows are forgotten", len(told.places), told.forgotten)
	}
	if !slices.Equal(told.replies, asked) {
		t.Errorf("told of %d replies, and not in order", len(told.replies))
	}
}

func TestTheJournalIsToldWhereItWasSaidThatAPersonVanished(t *testing.T) {
	kafka := &published{t: t}
	kafka.keep(pipeline.TopicEvents, &message.Message{Metadata: message.Metadata{
		pipeline.MetaKey: "c-1", pipeline.MetaRow: "j/1/ab", "ce_sequence": "4",
		"ce_type": contact.AbandonedV1, "ce_subject": "c-1", "ce_id": "of the event", "ce_source": "/force/webchat/main",
	}})
	told := &forgetful{places: map[string]int64{}}
	pipeline.NewWitness(told, kafka, "borsetshire", slog.New(slog.DiscardHandler)).Run(t.Context())
	if told.places["of the event"] != 4 {
		t.Errorf("told %v", told.places)
	}
}

package pipeline_test

import (
	"testing"

	"contactd/channels"
	"contactd/contact"
	"contactd/pipeline"
	"contactd/pipeline/journal"
)

func TestAMessageThatWaitedForKafkaWhileItsChannelWasRemovedIsShownToAPerson(t *testing.T) {
	config := journal.Config{Dir: t.TempDir(), MinFree: -1}
	j, err := journal.Open(config, journal.Deps{})
	if err != nil {
		t.Fatal(err)
	}
	// It was read and judged, and contactd was stopped before Kafka was back.
	err = j.Accept(t.Context(), []channels.Original{{
		Channel: "email", Account: "main", ID: "1", MediaType: "text/plain", Bytes: []byte("hello"),
	}}, channels.Cursor{})
	if err != nil {
		t.Fatal(err)
	}
	if err := j.Settle(t.Context(), 1, pipeline.Placement{Key: contact.ConversationID("email", "main", "1")}, pipeline.LaneNormal); err != nil {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}

	f := startFlow(t, newChat(), func(c *journal.Config, _ *pipeline.ReplyDeps) { c.Dir = config.Dir })
	f.await("the message", func() bool {
		for _, e := range f.out.on(pipeline.TopicEvents) {
			if e.Type == contact.ReceivedV1 {
				return true
			}
		}
		return false
	})
}

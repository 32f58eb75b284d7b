// Package eventstest plays contact.events for tests of what reads all of it.
package eventstest

import (
	"context"
	"encoding/json"
	"errors"
	"testing"

	"contactd/contact"
	"contactd/pipeline"
	"contactd/pipeline/kafka"
)

// Topic holds the records of contact.events, and no other topic. It implements
// events.Topics.
type Topic struct{ Records []kafka.Record }

// Read gives the records in their order, numbered from 0.
func (t *Topic) Read(_ context.Context, name string, each func(kafka.Record) error) error {
	if name != pipeline.TopicEvents {
		return errors.New("read topic: there is no such topic")
	}
	for n, r := range t.Records {
		r.Topic, r.Offset = name, int64(n)
		if err := each(r); err != nil {
			return err
		}
	}
	return nil
}

// Write adds an event with its data.
func (t *Topic) Write(tb testing.TB, e contact.Event, data any) {
	tb.Helper()
	var err error
	if e.Data, err = json.Marshal(data); err != nil {
		tb.Fatal(err)
	}
	raw, err := json.Marshal(e)
	if err != nil {
		tb.Fatal(err)
	}
	t.Records = append(t.Records, kafka.Record{Key: e.PartitionKey, Value: raw, Headers: map[string]string{"ce_type": e.Type}})
}

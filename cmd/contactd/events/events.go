// Package events reads the events on Kafka for a command that gathers from all
// of them: each once, and what cannot be believed is counted and named. To
// follow events as they come is left to kafka.Cluster, and what they mean to the
// command.
package events

import (
	"context"
	"encoding/json"
	"slices"

	"contactd/contact"
	"contactd/pipeline"
	"contactd/pipeline/kafka"
)

// Topics is where events are read from, as from a kafka.Cluster: all records of
// a topic that are there now.
type Topics interface {
	Read(ctx context.Context, topic string, each func(kafka.Record) error) error
}

// Read gives every event of these types on contact.events to each, once, and
// notes the records that cannot be believed. wanted looks at a record before it
// is opened, which costs most; nil wants all.
func Read(ctx context.Context, from Topics, types []string, wanted func(kafka.Record) bool, each func(contact.Event)) (lost Lost, err error) {
	type identity struct{ source, id string }
	seen := map[identity]bool{}
	err = from.Read(ctx, pipeline.TopicEvents, func(r kafka.Record) error {
		if r.Err != nil {
			lost.add(r)
			return nil //nolint:nilerr // it is noted, and the rest is read
		}
		if told := r.Headers["ce_type"]; told != "" && !slices.Contains(types, told) || wanted != nil && !wanted(r) {
			return nil
		}
		var e contact.Event
		if json.Unmarshal(r.Value, &e) == nil && slices.Contains(types, e.Type) && !seen[identity{e.Source, e.ID}] {
			seen[identity{e.Source, e.ID}] = true
			each(e)
		}
		return nil
	})
	return lost, err
}
